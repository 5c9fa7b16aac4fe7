// SPDX-License-Identifier: GPL-2.0

//! Open files and what they do.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::marker::PhantomData;

use kernel::{
    error::to_result,
    prelude::*,
    types::{
        ForeignOwnable,
        Opaque, //
    }, //
};

use super::{
    DEntry,
    FileSystem, //
};
use crate::linux::bindings;

/// A file of a file system of type `T` that is open, or being opened.
#[repr(transparent)]
pub(crate) struct File<T: FileSystem>(Opaque<bindings::file>, PhantomData<T>);

impl<T: FileSystem> File<T> {
    /// # Safety
    ///
    /// `file` must be of type `T` and live for `'a`.
    pub(super) unsafe fn from_raw<'a>(file: *mut bindings::file) -> &'a Self {
        // SAFETY: By this function's contract; the type is transparent.
        unsafe { &*file.cast::<Self>() }
    }

    /// Completes an `atomic_open`; `private` belongs to the file from now on.
    pub(crate) fn finish_open(&self, dentry: &DEntry<T>, private: T::File) -> Result {
        let file = self.0.get();
        // SAFETY: The file is being opened.
        to_result(unsafe {
            (*file).private_data = private.into_foreign();
            bindings::finish_open(file, dentry.as_ptr(), None)
        })
    }
}

/// What open files of one type do.
pub(crate) struct Ops<T: FileSystem>(*const bindings::file_operations, PhantomData<T>);

impl<T: FileSystem> Ops<T> {
    /// A directory whose entries are those that the VFS knows.
    pub(crate) const fn simple_dir() -> Self {
        Self(&raw const bindings::simple_dir_operations, PhantomData)
    }

    /// The C table.
    pub(super) fn as_ptr(&self) -> *const bindings::file_operations {
        self.0
    }
}
