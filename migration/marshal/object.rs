// SPDX-License-Identifier: GPL-2.0

//! Objects: the memory that travels with a call, and who does something with it.

use crate::migration::table::call::{
    Back,
    Dir, //
};

/// Fields that the kernel writes: offset and length.
pub(crate) type Fields = &'static [(u32, u32)];

/// An object that was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    /// Where in the call's data its contents begin.
    pub(crate) data: usize,
    /// How many bytes of it can be reached.
    pub(crate) len: u32,
    /// Where it lies in the arena.
    pub(crate) arena: u32,
}

/// Where a pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In an argument.
    Register(u8),
    /// In an object, at an offset.
    Field(Handle, u32),
}

/// A number that the kernel has written into an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The object.
    pub(crate) object: Handle,
    /// Where in it: 4 bytes, or 8 whose upper half says nothing more.
    pub(crate) offset: u32,
    /// It is written only if the result is at least so much.
    pub(crate) result: i64,
}

/// What of an object goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Give {
    /// Nothing.
    Nothing,
    /// As [`Back`] says; `At` is [`Give::Written`].
    Back(Back),
    /// As many bytes as were written there.
    Written(Written),
    /// The next of those that [`Visitor::share`] told of.
    Share,
    /// Fields of an array of structs: of as many as the result says if `many`, else of the one.
    Fields {
        /// Which.
        fields: Fields,
        /// Bytes of a struct.
        size: u32,
        /// Whether there are several.
        many: bool,
    },
}

/// How an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All of it.
    Plain,
    /// Up to a NUL.
    Text,
    /// All of it: `struct iovec`s.
    Vector,
}

/// Memory that travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Where the pointer to it is.
    pub(crate) place: Place,
    /// The pointer.
    pub(crate) pointer: u64,
    /// How many bytes the kernel may look at.
    pub(crate) claimed: u64,
    /// How.
    pub(crate) kind: Kind,
    /// Which way it travels.
    pub(crate) dir: Dir,
    /// What goes back.
    pub(crate) give: Give,
    /// Whether it is the call's bulk, which may be shortened.
    pub(crate) bulk: bool,
}

/// How many bytes the segments of a vector share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    /// The result.
    Result,
    /// What was written.
    Written(Written),
}

/// Does something with each object.
pub(crate) trait Visitor {
    /// Why it stopped.
    type Stop;

    /// The next object.
    fn object(&mut self, object: &Object) -> Result<Handle, Self::Stop>;

    /// A pointer that is not null and leads to nothing that counts.
    fn nothing(&mut self, place: Place) -> Result<(), Self::Stop>;

    /// The segments of a vector come next.
    fn share(&mut self, total: Total) -> Result<(), Self::Stop>;

    /// What the kernel reads of an object.
    fn contents(&self, object: Handle) -> &[u8];
}

/// A little-endian number of `len` bytes, 8 at most, at an offset.
pub(crate) fn number(bytes: &[u8], offset: u32, len: usize) -> Option<u64> {
    let start = usize::try_from(offset).ok()?;
    let bytes = bytes.get(start..start.checked_add(len)?)?;
    let mut word = [0; 8];
    word.get_mut(..len)?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(word))
}
