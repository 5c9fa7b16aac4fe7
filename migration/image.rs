// SPDX-License-Identifier: GPL-2.0

//! The image of a process: what travels when it moves. Pure: `core` and zerocopy only.
//!
//! An image is a row of [`chunk`]s, each a head and a body of one kind. [`chunk::Writer`] puts them
//! into messages, any number of whole ones in each; [`check::Check`] takes messages apart, chunk by chunk
//! in the order of arrival, and lets nothing through that a process could not have been: no address
//! outside user space, no flag or segment that user code cannot set, no count or length beyond what
//! is said here. Whoever restores relies on that and on nothing else. Numbers are little-endian,
//! flags and constants have the values of x86-64 Linux unless a flag is defined here.
//!
//! | kind | body | how often |
//! |---|---|---|
//! | [`HEADER`](chunk::tag::HEADER) | [`header::Header`] | once |
//! | [`IDS`](chunk::tag::IDS) | [`identity::Ids`] | once |
//! | [`CREDENTIALS`](chunk::tag::CREDENTIALS) | [`identity::Credentials`], then its groups | once |
//! | [`NAMES`](chunk::tag::NAMES) | [`identity::Names`] | once |
//! | [`LIMITS`](chunk::tag::LIMITS) | [`limits::Limits`] | once |
//! | [`ATTRIBUTES`](chunk::tag::ATTRIBUTES) | [`attributes::Attributes`] | once |
//! | [`AFFINITY`](chunk::tag::AFFINITY) | a mask of CPUs | once |
//! | [`CLOCKS`](chunk::tag::CLOCKS) | [`clocks::Clocks`] | once |
//! | [`MM`](chunk::tag::MM) | [`mm::Mm`] | once |
//! | [`AUXV`](chunk::tag::AUXV) | [`mm::Aux`]s | once |
//! | [`FILE`](chunk::tag::FILE) | [`vma::MappedFile`], then its path | any number |
//! | [`VMAS`](chunk::tag::VMAS) | [`vma::Vma`]s | once or more |
//! | [`VMA_NAME`](chunk::tag::VMA_NAME) | [`vma::VmaName`] | any number |
//! | [`PAGES`](chunk::tag::PAGES) | [`pages::Run`]s; the contents are the frame's data | any number |
//! | [`TIMERS`](chunk::tag::TIMERS) | [`clocks::Timers`] | once |
//! | [`GENERAL`](chunk::tag::GENERAL) | [`registers::General`] | once |
//! | [`XSTATE`](chunk::tag::XSTATE) | an XSAVE area ([`xstate`]) | once |
//! | [`THREAD`](chunk::tag::THREAD) | [`thread::Thread`] | once |
//! | [`RESTART`](chunk::tag::RESTART) | [`thread::Restart`] | at most once |
//! | [`ACTIONS`](chunk::tag::ACTIONS) | 64 [`signals::Action`]s | once |
//! | [`SIGNALS`](chunk::tag::SIGNALS) | [`signals::Signals`] | once |
//! | [`PENDING`](chunk::tag::PENDING) | [`signals::Pending`]s | any number |
//! | [`END`](chunk::tag::END) | nothing | once |
//!
//! They come in this order: who the process is before anything of it is built, its memory before the state
//! that still changes while memory travels.

pub(crate) mod attributes;
pub(crate) mod check;
pub(crate) mod chunk;
pub(crate) mod clocks;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod invalid;
pub(crate) mod limits;
pub(crate) mod mm;
pub(crate) mod pages;
pub(crate) mod registers;
pub(crate) mod signals;
pub(crate) mod thread;
pub(crate) mod vma;
pub(crate) mod xstate;
