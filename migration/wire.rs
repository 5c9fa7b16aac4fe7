// SPDX-License-Identifier: GPL-2.0

//! What a body and its deputy say to each other. Pure: `core` and zerocopy only.
//!
//! A message is one struct of its kind, and what follows it as the struct says; nothing may come behind.
//! Memory of calls and pages of images travel as the frame's bulk data. Each side sends what belongs to it
//! ([`op`]) in one order, and the other takes it in that order: a call sees every action and mask that was
//! set before it.
//!
//! The body makes one call at a time, under a number that goes up by one. It asks again under the same number
//! if it is not sure that it was heard; [`once`] keeps the deputy from making a call twice.

pub(crate) mod call;
pub(crate) mod life;
pub(crate) mod message;
pub(crate) mod once;
pub(crate) mod reply;
pub(crate) mod signal;

/// Kinds of messages. Those below `REPLY` come from the body, the others from the deputy; both send images.
pub(crate) mod op {
    use crate::rpc::wire::Kind;

    /// Make this call: [`super::call::Head`], data.
    pub(crate) const CALL: Kind = Kind(0x60);
    /// A signal is here, so the call may end early: [`super::call::Interrupt`].
    pub(crate) const INTERRUPT: Kind = Kind(0x61);
    /// What is done with a signal from now on: [`super::signal::Disposition`].
    pub(crate) const ACTION: Kind = Kind(0x62);
    /// What is blocked from now on: [`super::signal::Mask`].
    pub(crate) const MASK: Kind = Kind(0x63);
    /// Make a child: [`super::life::Fork`]; answered as a call.
    pub(crate) const FORK: Kind = Kind(0x64);
    /// The program has ended: [`super::life::Exit`].
    pub(crate) const EXIT: Kind = Kind(0x65);
    /// The program comes home, its image follows: [`super::life::Return`].
    pub(crate) const RETURN: Kind = Kind(0x66);
    /// What a call has come to: [`super::reply::Head`], signals, credentials, data.
    pub(crate) const REPLY: Kind = Kind(0x70);
    /// A signal: [`super::signal::Signal`].
    pub(crate) const SIGNAL: Kind = Kind(0x71);
    /// The process is stopped at home: do not run. No struct.
    pub(crate) const STOP: Kind = Kind(0x72);
    /// Run again. No struct.
    pub(crate) const CONTINUE: Kind = Kind(0x73);
    /// Come home: [`super::life::Recall`].
    pub(crate) const RECALL: Kind = Kind(0x74);
    /// A part of an image: chunks ([`crate::migration::image`]), data.
    pub(crate) const IMAGE: Kind = Kind(0x80);
}
