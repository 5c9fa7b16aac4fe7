// SPDX-License-Identifier: GPL-2.0

//! What a call's arguments are: enough to carry it out somewhere else.
//!
//! A register is a number, or it points to memory that travels with the call, back with the reply, or both.
//! Small memory that the kernel may write in part, or only sometimes, travels both ways, so that what
//! was not written comes back as it was.

/// Which way memory travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dir {
    /// To the deputy: the kernel reads it.
    In,
    /// Back: the kernel writes it.
    Out,
    /// Both.
    InOut,
}

impl Dir {
    /// Whether it goes to the deputy.
    pub(crate) const fn is_in(self) -> bool {
        matches!(self, Self::In | Self::InOut)
    }

    /// Whether it comes back.
    pub(crate) const fn is_out(self) -> bool {
        matches!(self, Self::Out | Self::InOut)
    }
}

/// How much memory there is at a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Len {
    /// So many bytes.
    Fixed(u32),
    /// As many bytes as an argument says, and so many more.
    Bytes {
        /// The argument.
        arg: u8,
        /// In front of them.
        more: u32,
    },
    /// As many items as an argument says.
    Items {
        /// The argument.
        arg: u8,
        /// Bytes of each.
        size: u32,
    },
    /// As many bytes as the `u32` says that another argument points to.
    At(u8),
    /// As many bits as an argument says, in whole words.
    Bits(u8),
}

/// How much of what went out comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// All, whatever the result: it came from the body in the first place.
    Always,
    /// The same, but if memory does not take it the call has succeeded all the same.
    Try,
    /// All, if the call succeeded.
    Success,
    /// As many bytes as the result says, and so many more.
    Result {
        /// In front of them.
        more: u32,
    },
    /// As many items as the result says.
    Items {
        /// Bytes of each.
        size: u32,
    },
    /// As many bytes as the `u32` says, after the call, that another argument points to.
    At(u8),
}

/// Memory at a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Which way it travels.
    pub(crate) dir: Dir,
    /// How much.
    pub(crate) len: Len,
    /// The kernel looks at no more than this, whatever the length says.
    pub(crate) max: u64,
    /// What comes back.
    pub(crate) back: Back,
}

/// An argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// A number of 64 bits, or a pointer that is never followed.
    Long,
    /// A number of 32 bits: the upper half of the register says nothing.
    Int,
    /// A file descriptor.
    Fd,
    /// Text that ends with a NUL within so many bytes.
    Text(u32),
    /// Memory.
    Memory(Memory),
    /// An array of `struct iovec`.
    Iovec {
        /// Which way the memory that they describe travels.
        dir: Dir,
        /// The argument that says how many.
        count: u8,
    },
    /// A `struct msghdr`.
    Msghdr(Dir),
    /// An array of `struct mmsghdr`.
    Mmsghdr {
        /// Which way the messages travel.
        dir: Dir,
        /// The argument that says how many.
        count: u8,
    },
    /// `pselect6`: a pointer to a signal mask and its size.
    SigsetPointer,
}

impl Arg {
    /// Whether the register is a pointer.
    pub(crate) const fn is_pointer(self) -> bool {
        !matches!(self, Self::Long | Self::Int | Self::Fd)
    }
}

/// What happens when memory is too large for one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Large {
    /// The process goes home and does the call there.
    Home,
    /// The call asks for less, as if the program had: it may return less anyhow.
    Fewer {
        /// The argument that is lowered.
        arg: u8,
    },
    /// The call is made piece by piece. Reading goes on only in a regular file, since anything else may
    /// return what there is; writing goes on until it is all written or a piece was not. A socket
    /// that keeps messages apart, or a file like it, sends the process home instead.
    Pieces {
        /// The argument that says how many bytes or iovecs there are.
        len: u8,
        /// The argument that holds the offset in the file, if one does.
        offset: Option<u8>,
    },
}

/// What the body does once the call has succeeded at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// The same call, natively, if it is about the process itself. Should that fail, the process goes home.
    Native,
    /// It takes the credentials that come with the reply.
    Credentials,
}

/// A call that a deputy makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its arguments, six at most.
    pub(crate) args: &'static [Arg],
    /// Whether it may wait for something else than a disk: signals interrupt it.
    pub(crate) blocks: bool,
    /// What if it is too large.
    pub(crate) large: Large,
    /// What comes after it.
    pub(crate) then: Then,
}

/// A property of a call, in a row of the table.
#[derive(Clone, Copy)]
pub(crate) enum Property {
    /// [`Call::blocks`].
    Blocks,
    /// [`Call::large`].
    Large(Large),
    /// [`Call::then`].
    Then(Then),
}

impl Call {
    /// A call with these arguments that does not block.
    pub(crate) const fn new(args: &'static [Arg]) -> Self {
        Self {
            args,
            blocks: false,
            large: Large::Home,
            then: Then::Nothing,
        }
    }

    /// The same call, with a property more.
    pub(crate) const fn with(mut self, property: Property) -> Self {
        match property {
            Property::Blocks => self.blocks = true,
            Property::Large(large) => self.large = large,
            Property::Then(then) => self.then = then,
        }
        self
    }

    /// The argument whose memory is the bulk of the call, as [`Self::large`] says it: it travels last.
    pub(crate) fn bulk(&self) -> Option<u8> {
        let wanted = match self.large {
            Large::Home => None,
            Large::Fewer { arg } => Some(arg),
            Large::Pieces { len, .. } => Some(len),
        };
        let is_bulk = |arg: &Arg| match *arg {
            Arg::Memory(Memory {
                len: Len::Bytes { arg, .. } | Len::Items { arg, .. },
                ..
            }) => wanted == Some(arg),
            Arg::Iovec { .. } | Arg::Msghdr(_) | Arg::Mmsghdr { .. } => true,
            _ => false,
        };
        let at = self.args.iter().position(is_bulk)?;
        u8::try_from(at).ok()
    }
}
