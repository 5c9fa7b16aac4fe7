// SPDX-License-Identifier: GPL-2.0
//! Processes that move: what is asked of them, and what is told about them.

use zerocopy::little_endian::{
    U32,
    U64, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::text::Text;

/// Where a process is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Target {
    /// Away from its deputy, but on the same node.
    Here = 1,
    /// Back to its deputy.
    Home = 2,
}

impl Target {
    /// The target of a raw [`Request::to`].
    pub fn from_raw(raw: u32) -> Option<Self> {
        [Self::Here, Self::Home]
            .into_iter()
            .find(|target| *target as u32 == raw)
    }
}

/// Input of [`super::Op::Migrate`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Request {
    /// The process, by its number in the caller's namespace.
    pub pid: U32,
    /// A [`Target`].
    pub to: U32,
    /// Zero.
    pub reserved: [U32; 2],
}

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Place {
    /// Where it belongs.
    Home = 0,
    /// On its way out.
    Leaving = 1,
    /// It has a body.
    Away = 2,
    /// On its way back.
    Coming = 3,
}

impl Place {
    /// The place of a raw [`Report::place`].
    pub fn from_raw(raw: u32) -> Option<Self> {
        [Self::Home, Self::Leaving, Self::Away, Self::Coming]
            .into_iter()
            .find(|place| *place as u32 == raw)
    }
}

/// Why a process came home last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Cause {
    /// It has never come home.
    None = 0,
    /// Somebody asked for it.
    Asked = 1,
    /// A signal, or something like one.
    Signal = 2,
    /// A system call; [`Report::number`] is its number.
    Call = 3,
    /// A fault; [`Report::number`] is the number of its signal.
    Fault = 4,
}

impl Cause {
    /// The cause of a raw [`Report::cause`].
    pub fn from_raw(raw: u32) -> Option<Self> {
        [
            Self::None,
            Self::Asked,
            Self::Signal,
            Self::Call,
            Self::Fault,
        ]
        .into_iter()
        .find(|cause| *cause as u32 == raw)
    }
}

/// What [`super::Op::Processes`] tells of each process.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Report {
    /// Its number on its node.
    pub pid: U32,
    /// A [`Place`].
    pub place: U32,
    /// How often it has gone out.
    pub moves: U64,
    /// A [`Cause`].
    pub cause: U32,
    /// What the cause says it is.
    pub number: U32,
    /// The name of its program.
    pub name: Text<16>,
}

const _: () = assert!(size_of::<Request>() == 16);
const _: () = assert!(size_of::<Report>() == 40);
