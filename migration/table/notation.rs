// SPDX-License-Identifier: GPL-2.0

//! Short names for arguments and properties, so that a row fits on a line.

use super::call::{
    Arg,
    Back,
    Dir,
    Large,
    Len,
    Memory,
    Property,
    Then, //
};

/// A number of 64 bits.
pub(crate) const LONG: Arg = Arg::Long;
/// A number of 32 bits.
pub(crate) const INT: Arg = Arg::Int;
/// A file descriptor.
pub(crate) const FD: Arg = Arg::Fd;
/// A path.
pub(crate) const PATH: Arg = Arg::Text(4096);
/// `struct timespec` to be read.
pub(crate) const TIMESPEC: Arg = input(16);
/// `struct timespec` in which a rest of time may be written.
pub(crate) const TIMESPEC_REST: Arg = both(16);
/// A timeout, of which the rest is written if it can be.
pub(crate) const TIMEOUT: Arg = memory(Dir::InOut, Len::Fixed(16), Back::Try);
/// A signal mask to be read; its size, an argument of its own, is for the kernel to judge.
pub(crate) const SIGSET: Arg = input(8);
/// `siginfo_t` to be read.
pub(crate) const SIGINFO: Arg = input(128);

/// It may wait.
pub(crate) const BLOCKS: Property = Property::Blocks;
/// The body does the same.
pub(crate) const NATIVE: Property = Property::Then(Then::Native);
/// Credentials come with the reply.
pub(crate) const CREDENTIALS: Property = Property::Then(Then::Credentials);

const fn memory(dir: Dir, len: Len, back: Back) -> Arg {
    Arg::Memory(Memory {
        dir,
        len,
        max: u64::MAX,
        back,
    })
}

/// So many bytes to be read.
pub(crate) const fn input(size: u32) -> Arg {
    memory(Dir::In, Len::Fixed(size), Back::Always)
}

/// So many bytes to be written, all of them if the call succeeds.
pub(crate) const fn output(size: u32) -> Arg {
    memory(Dir::Out, Len::Fixed(size), Back::Success)
}

/// So many bytes to be read and written, or written in part or only sometimes.
pub(crate) const fn both(size: u32) -> Arg {
    memory(Dir::InOut, Len::Fixed(size), Back::Always)
}

/// As many bytes to be read as an argument says.
pub(crate) const fn data_in(arg: u8) -> Arg {
    memory(Dir::In, Len::Bytes { arg, more: 0 }, Back::Always)
}

/// As many bytes to be written as an argument says; the result says how many were.
pub(crate) const fn data_out(arg: u8) -> Arg {
    memory(
        Dir::Out,
        Len::Bytes { arg, more: 0 },
        Back::Result { more: 0 },
    )
}

/// As many bytes as an argument says, of which some are written.
pub(crate) const fn data_both(arg: u8) -> Arg {
    memory(Dir::InOut, Len::Bytes { arg, more: 0 }, Back::Always)
}

/// A type and as many bytes to be read as an argument says (`struct msgbuf`).
pub(crate) const fn message_in(arg: u8) -> Arg {
    memory(Dir::In, Len::Bytes { arg, more: 8 }, Back::Always)
}

/// A type and as many bytes to be written as an argument says.
pub(crate) const fn message_out(arg: u8) -> Arg {
    memory(
        Dir::Out,
        Len::Bytes { arg, more: 8 },
        Back::Result { more: 8 },
    )
}

/// As many items to be read as an argument says.
pub(crate) const fn items_in(arg: u8, size: u32) -> Arg {
    memory(Dir::In, Len::Items { arg, size }, Back::Always)
}

/// As many items to be written as an argument says; the result says how many were.
pub(crate) const fn items_out(arg: u8, size: u32) -> Arg {
    memory(Dir::Out, Len::Items { arg, size }, Back::Items { size })
}

/// As many items to be read and written as an argument says.
pub(crate) const fn items_both(arg: u8, size: u32) -> Arg {
    memory(Dir::InOut, Len::Items { arg, size }, Back::Always)
}

/// As many bytes to be written as the `u32` at an argument says, before the call and after it.
pub(crate) const fn sized_out(arg: u8) -> Arg {
    memory(Dir::Out, Len::At(arg), Back::At(arg))
}

/// The same, but the kernel reads them too.
pub(crate) const fn sized_both(arg: u8) -> Arg {
    memory(Dir::InOut, Len::At(arg), Back::Always)
}

/// An `fd_set` of as many descriptors as an argument says.
pub(crate) const fn fd_set(arg: u8) -> Arg {
    at_most(
        memory(Dir::InOut, Len::Bits(arg), Back::Always),
        (1 << 20) / 8,
    )
}

/// An array of `struct iovec` whose memory is read.
pub(crate) const fn iovec_in(count: u8) -> Arg {
    Arg::Iovec {
        dir: Dir::In,
        count,
    }
}

/// An array of `struct iovec` whose memory is written.
pub(crate) const fn iovec_out(count: u8) -> Arg {
    Arg::Iovec {
        dir: Dir::Out,
        count,
    }
}

/// The same memory, of which the kernel looks at no more than so much.
pub(crate) const fn at_most(arg: Arg, max: u64) -> Arg {
    match arg {
        Arg::Memory(memory) => Arg::Memory(Memory { max, ..memory }),
        other => other,
    }
}

/// An address of a socket to be read, as long as an argument says.
pub(crate) const fn sockaddr_in(arg: u8) -> Arg {
    at_most(data_in(arg), 128)
}

/// A call that may ask for less.
pub(crate) const fn fewer(arg: u8) -> Property {
    Property::Large(Large::Fewer { arg })
}

/// A call that is made piece by piece.
pub(crate) const fn pieces(len: u8) -> Property {
    Property::Large(Large::Pieces { len, offset: None })
}

/// The same, at an offset.
pub(crate) const fn pieces_at(len: u8, offset: u8) -> Property {
    Property::Large(Large::Pieces {
        len,
        offset: Some(offset),
    })
}
