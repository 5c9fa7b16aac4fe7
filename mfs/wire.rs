// SPDX-License-Identifier: GPL-2.0

//! What nodes say to each other about files. Pure: `core` and zerocopy only.
//!
//! A request's message is the [`caller`], the [`trail`] of the path that led to it, then the
//! operation's own struct, then names, whose lengths
//! are in that struct. Nothing may follow. File contents, directory entries, link targets and values
//! of attributes travel as the frame's bulk data. A reply has a message only when its status is 0.
//! Numbers are little-endian, flags have the values of x86-64 Linux.

pub(crate) mod attr;
pub(crate) mod caller;
mod decode;
pub(crate) mod dirent;
pub(crate) mod file;
pub(crate) mod handle;
pub(crate) mod lock;
pub(crate) mod mode;
pub(crate) mod name;
pub(crate) mod names;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod trail;
pub(crate) mod xattr;

pub(crate) use crate::rpc::message;

/// Kinds of requests. Those below `GRANTED` go from the node that uses a file to the one that has it.
pub(crate) mod op {
    use crate::rpc::wire::Kind;

    /// The root of what the server exports: no struct; reply [`super::attr::Entry`].
    pub(crate) const ROOT: Kind = Kind(0x20);
    /// A name in a directory: [`super::names::At`], name; reply [`super::attr::Entry`].
    pub(crate) const LOOKUP: Kind = Kind(0x21);
    /// Attributes: [`super::file::Object`]; reply [`super::attr::Attr`].
    pub(crate) const GETATTR: Kind = Kind(0x22);
    /// Changes attributes: [`super::attr::SetAttr`]; reply [`super::attr::Attr`].
    pub(crate) const SETATTR: Kind = Kind(0x23);
    /// Whether the caller may: [`super::file::Access`]; empty reply.
    pub(crate) const ACCESS: Kind = Kind(0x24);
    /// Target of a symbolic link: [`super::file::Object`]; reply data.
    pub(crate) const READLINK: Kind = Kind(0x25);
    /// Opens, and creates where asked: [`super::file::Open`], name; reply [`super::file::Opened`].
    pub(crate) const OPEN: Kind = Kind(0x26);
    /// Closes: [`super::file::Release`]; empty reply.
    pub(crate) const RELEASE: Kind = Kind(0x27);
    /// Reads: [`super::file::Read`]; reply data, less than asked for only at the end of the file.
    pub(crate) const READ: Kind = Kind(0x28);
    /// Writes the request's data: [`super::file::Write`]; reply [`super::file::Written`].
    pub(crate) const WRITE: Kind = Kind(0x29);
    /// Makes data durable: [`super::file::Fsync`]; empty reply.
    pub(crate) const FSYNC: Kind = Kind(0x2a);
    /// [`super::file::Fallocate`]; empty reply.
    pub(crate) const FALLOCATE: Kind = Kind(0x2b);
    /// Finds data or a hole: [`super::file::Seek`]; reply [`super::file::Offset`].
    pub(crate) const SEEK: Kind = Kind(0x2c);
    /// Copies between two open files of the server: [`super::file::CopyRange`]; reply
    /// [`super::file::Offset`], the number of bytes copied.
    pub(crate) const COPY_RANGE: Kind = Kind(0x2d);
    /// Directory entries: [`super::dirent::ReadDir`]; reply [`super::dirent::ReadDirReply`] and data.
    pub(crate) const READDIR: Kind = Kind(0x2e);
    /// Makes a directory, fifo, socket or regular file: [`super::names::Make`], name; reply
    /// [`super::attr::Entry`].
    pub(crate) const MAKE: Kind = Kind(0x2f);
    /// Makes a symbolic link: [`super::names::Symlink`], name, request data is the target; reply
    /// [`super::attr::Entry`].
    pub(crate) const SYMLINK: Kind = Kind(0x30);
    /// Makes a hard link: [`super::names::Link`], name; reply [`super::attr::Entry`].
    pub(crate) const LINK: Kind = Kind(0x31);
    /// Removes a name: [`super::names::Unlink`], name; empty reply.
    pub(crate) const UNLINK: Kind = Kind(0x32);
    /// [`super::names::Rename`], old name, new name; empty reply.
    pub(crate) const RENAME: Kind = Kind(0x33);
    /// About the file system: [`super::file::Object`]; reply [`super::attr::StatFs`].
    pub(crate) const STATFS: Kind = Kind(0x34);
    /// [`super::xattr::GetXattr`], name; reply [`super::xattr::XattrSize`] and data.
    pub(crate) const GETXATTR: Kind = Kind(0x35);
    /// [`super::xattr::SetXattr`], name, request data is the value; empty reply.
    pub(crate) const SETXATTR: Kind = Kind(0x36);
    /// [`super::xattr::ListXattr`]; reply [`super::xattr::XattrSize`] and data, names with NUL behind.
    pub(crate) const LISTXATTR: Kind = Kind(0x37);
    /// [`super::xattr::RemoveXattr`], name; empty reply.
    pub(crate) const REMOVEXATTR: Kind = Kind(0x38);
    /// Takes, tests or gives back a lock: [`super::lock::Lock`]; reply [`super::lock::LockReply`].
    pub(crate) const LOCK: Kind = Kind(0x39);
    /// Nobody waits for a lock any more: [`super::lock::LockCancel`]; empty reply.
    pub(crate) const LOCK_CANCEL: Kind = Kind(0x3a);
    /// Pinned objects are not used any more: [`super::file::Forget`], handles as data; empty reply.
    pub(crate) const FORGET: Kind = Kind(0x3b);
    /// From the server to the client: a lock that was waited for is there:
    /// [`super::lock::LockGranted`]; empty reply, or an error if nobody waits for it.
    pub(crate) const GRANTED: Kind = Kind(0x50);
}
