// SPDX-License-Identifier: GPL-2.0

//! What inodes do.

use kernel::{
    error::VTABLE_DEFAULT_ERROR,
    prelude::*,
    sync::aref::ARef, //
};

use crate::linux::{
    bindings,
    fs::{
        attr::{
            Attributes,
            Change, //
        },
        file::File,
        FileSystem,
        INode, //
    }, //
};

/// `LOOKUP_*`: what a name is looked up for.
#[derive(Clone, Copy)]
pub(crate) struct LookupFlags {
    raw: u32,
    goes_on: bool,
}

impl LookupFlags {
    /// Those of `raw`.
    pub(in super::super) const fn new(raw: u32) -> Self {
        Self {
            raw,
            goes_on: false,
        }
    }

    /// As it is, of a name behind which the path is known to go on, or not.
    pub(in super::super) const fn going_on(self, goes_on: bool) -> Self {
        Self { goes_on, ..self }
    }

    /// The path goes on in this directory with another name, neither `.` nor `..`. If this is not said
    /// it may still be so.
    pub(crate) fn goes_on(self) -> bool {
        self.goes_on
    }

    /// It is the last of a path that is being opened; the opening is going to ask for it.
    pub(crate) fn is_open(self) -> bool {
        self.raw & bindings::MOSIX_CONST_LOOKUP_OPEN != 0
    }

    /// It may be created, or is to be renamed to: whoever does that sees whether it is there.
    pub(crate) fn is_create(self) -> bool {
        self.raw & bindings::MOSIX_CONST_LOOKUP_CREATE != 0
    }

    /// It must not be there yet.
    pub(crate) fn is_exclusive(self) -> bool {
        self.raw & bindings::MOSIX_CONST_LOOKUP_EXCL != 0
    }

    /// It has to be a directory.
    pub(crate) fn is_directory(self) -> bool {
        self.raw & bindings::MOSIX_CONST_LOOKUP_DIRECTORY != 0
    }

    /// What was thought to be known has proved wrong in this path.
    pub(crate) fn is_reval(self) -> bool {
        self.raw & bindings::MOSIX_CONST_LOOKUP_REVAL != 0
    }
}

/// What [`Operations::permission`] is asked for: `MAY_*`.
pub(crate) mod access {
    use crate::linux::bindings;

    pub(crate) const EXEC: u32 = bindings::MAY_EXEC;
    pub(crate) const WRITE: u32 = bindings::MAY_WRITE;
    pub(crate) const READ: u32 = bindings::MAY_READ;
    /// It is being opened.
    pub(crate) const OPEN: u32 = bindings::MAY_OPEN;
    /// Somebody wants to know (`access`).
    pub(crate) const ACCESS: u32 = bindings::MAY_ACCESS;
    /// It is to become a working directory.
    pub(crate) const CHDIR: u32 = bindings::MAY_CHDIR;
}

/// Flags of [`Operations::rename`].
pub(crate) mod rename {
    use crate::linux::bindings;

    pub(crate) const NOREPLACE: u32 = bindings::RENAME_NOREPLACE;
    pub(crate) const EXCHANGE: u32 = bindings::RENAME_EXCHANGE;
}

/// A new file without a name, and what belongs to it as an open file.
pub(crate) type Unnamed<T> = (ARef<INode<T>>, <T as FileSystem>::File);

/// Outcome of an [`Operations::atomic_open`].
pub(crate) enum AtomicOpen<T: FileSystem> {
    /// The file is open.
    Opened {
        /// Its inode.
        inode: ARef<INode<T>>,
        /// What belongs to the open file.
        file: T::File,
        /// Whether it was created by this.
        created: bool,
    },
    /// It was only looked up: the VFS opens it, follows it, or says `ENOENT`.
    Found(Option<ARef<INode<T>>>),
}

/// What inodes of one type do. All may sleep; names are those of one entry, without slashes. The VFS
/// holds the lock of each directory that is changed, and puts the inodes that are returned in place.
#[vtable]
pub(crate) trait Operations {
    /// The type of file system.
    type FileSystem: FileSystem;

    /// Looks for `name` in `dir`; `None` if it is not there.
    fn lookup(
        _dir: &INode<Self::FileSystem>,
        _name: &[u8],
        _flags: LookupFlags,
    ) -> Result<Option<ARef<INode<Self::FileSystem>>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Opens `name`, creating it where `flags` (`O_*`) ask for it; `exec` if it is to be executed.
    fn atomic_open(
        _dir: &INode<Self::FileSystem>,
        _name: &[u8],
        _flags: u32,
        _mode: u16,
        _exec: bool,
    ) -> Result<AtomicOpen<Self::FileSystem>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes and opens a file without a name.
    fn tmpfile(
        _dir: &INode<Self::FileSystem>,
        _flags: u32,
        _mode: u16,
    ) -> Result<Unnamed<Self::FileSystem>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes a regular file, a directory, a FIFO or a socket, as the type in `mode` says; also for
    /// `mkdir` and `create`.
    fn mknod(
        _dir: &INode<Self::FileSystem>,
        _name: &[u8],
        _mode: u16,
    ) -> Result<ARef<INode<Self::FileSystem>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Makes a symbolic link to `target`.
    fn symlink(
        _dir: &INode<Self::FileSystem>,
        _name: &[u8],
        _target: &[u8],
    ) -> Result<ARef<INode<Self::FileSystem>>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Gives `inode` one more name.
    fn link(
        _inode: &INode<Self::FileSystem>,
        _dir: &INode<Self::FileSystem>,
        _name: &[u8],
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Removes a name of something that is not a directory.
    fn unlink(_dir: &INode<Self::FileSystem>, _name: &[u8]) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Removes an empty directory.
    fn rmdir(_dir: &INode<Self::FileSystem>, _name: &[u8]) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Renames; `flags` are `RENAME_*`.
    fn rename(
        _from_dir: &INode<Self::FileSystem>,
        _from: &[u8],
        _to_dir: &INode<Self::FileSystem>,
        _to: &[u8],
        _flags: u32,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Where a symbolic link leads.
    fn get_link(_inode: &INode<Self::FileSystem>) -> Result<KVec<u8>> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Whether the caller may do what `mask` ([`access`]) says.
    fn permission(_inode: &INode<Self::FileSystem>, _mask: u32) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The attributes as of now.
    fn getattr(_inode: &INode<Self::FileSystem>) -> Result<Attributes> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Changes attributes; `file` is the open file through which it is done, if any. The inode is
    /// locked.
    fn setattr(
        _inode: &INode<Self::FileSystem>,
        _file: Option<&File<Self::FileSystem>>,
        _change: &Change,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Lists the names of the extended attributes, each with a NUL behind, into `room`, and gives their
    /// length in all; with no room just that.
    fn listxattr(_inode: &INode<Self::FileSystem>, _room: &mut [u8]) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}
