// SPDX-License-Identifier: GPL-2.0

//! Takes requests apart. Everything is checked here that can be without knowing an object or an open file.

use zerocopy::FromBytes as _;

use super::{
    attr::{
        set,
        SetAttr, //
    },
    caller::Caller,
    dirent::{
        ReadDir,
        ROOM_MIN, //
    },
    file::{
        copy,
        fallocate,
        open,
        write,
        Access,
        CopyRange,
        Fallocate,
        Forget,
        Fsync,
        Object,
        Open,
        Read,
        Release,
        Seek,
        Write, //
    },
    handle::{
        Handle,
        OpenId, //
    },
    lock::{
        class,
        command,
        kind as lock_kind,
        Lock,
        LockCancel,
        LockGranted, //
    },
    message::{
        ensure,
        Malformed,
        Reader, //
    },
    mode,
    name,
    names::{
        At,
        Link,
        Make,
        Rename,
        Symlink,
        Unlink, //
    },
    op,
    request::{
        Request,
        Target,
        OFFSET_MAX, //
    },
    trail::Trail,
    xattr::{
        self,
        GetXattr,
        ListXattr,
        RemoveXattr,
        SetXattr, //
    }, //
};
use crate::rpc::wire::{
    Kind,
    DATA_MAX, //
};

impl<'a> Request<'a> {
    /// Takes a request apart.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the kind is not known, or anything in it cannot come from a sound client.
    pub(crate) fn decode(
        kind: Kind,
        msg: &'a [u8],
        data: &'a [u8],
    ) -> Result<(Caller<'a>, Trail<'a>, Self), Malformed> {
        let (caller, trail, rest) = Caller::decode(msg)?;
        // A path leads to a name.
        ensure(trail.is_empty() || matches!(kind, op::LOOKUP | op::OPEN))?;
        let mut reader = Reader::new(rest);
        let request = match kind {
            op::ROOT | op::LOOKUP | op::GETATTR | op::SETATTR | op::ACCESS | op::READLINK => {
                Self::object(kind, &mut reader)?
            }
            op::OPEN | op::RELEASE | op::READ | op::WRITE | op::FSYNC | op::FALLOCATE => {
                Self::file(kind, &mut reader, data)?
            }
            op::SEEK | op::COPY_RANGE | op::READDIR => Self::positioned(kind, &mut reader)?,
            op::MAKE | op::SYMLINK | op::LINK | op::UNLINK | op::RENAME => {
                Self::names(kind, &mut reader, data)?
            }
            op::STATFS => Self::StatFs(object(&mut reader)?),
            op::GETXATTR | op::SETXATTR | op::LISTXATTR | op::REMOVEXATTR => {
                Self::xattr(kind, &mut reader, data)?
            }
            _ => Self::other(kind, &mut reader, data)?,
        };
        reader.end()?;
        ensure(data.is_empty() || request.has_data())?;
        Ok((caller, trail, request))
    }

    /// Whether data may come with it.
    const fn has_data(&self) -> bool {
        matches!(
            self,
            Self::Write(..) | Self::Symlink { .. } | Self::SetXattr(..) | Self::Forget(_)
        )
    }

    /// Objects and their attributes.
    fn object(kind: Kind, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(match kind {
            op::ROOT => Self::Root,
            op::LOOKUP => {
                let at: &At = reader.take()?;
                let name = entry(reader, at.name_len.get())?;
                Self::Lookup {
                    dir: at.dir.some()?,
                    name,
                }
            }
            op::GETATTR => Self::GetAttr(object(reader)?),
            op::SETATTR => {
                let change: &SetAttr = reader.take()?;
                change.handle.some()?;
                ensure(set::is_known(change.valid.get()))?;
                ensure(change.mode.get() & !mode::PERMISSIONS == 0)?;
                ensure(change.size.get() <= OFFSET_MAX)?;
                ensure(change.atime.is_sound() && change.mtime.is_sound())?;
                Self::SetAttr(change)
            }
            op::ACCESS => {
                let access: &Access = reader.take()?;
                access.handle.some()?;
                ensure(access.mask.get() <= 7)?;
                Self::Access(access)
            }
            _ => Self::ReadLink(object(reader)?),
        })
    }

    /// Open files and their data.
    fn file(kind: Kind, reader: &mut Reader<'a>, data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            op::OPEN => {
                let open: &Open = reader.take()?;
                Self::Open(open, target(open, reader)?)
            }
            op::RELEASE => {
                let release: &Release = reader.take()?;
                Self::Release(opened(release.open)?)
            }
            op::READ => {
                let read: &Read = reader.take()?;
                opened(read.open)?;
                ensure(read.reserved.get() == 0 && read.len.get() <= DATA_MAX)?;
                range(read.offset.get(), u64::from(read.len.get()))?;
                Self::Read(read)
            }
            op::WRITE => {
                let write: &Write = reader.take()?;
                opened(write.open)?;
                ensure(write::is_known(write.flags.get()))?;
                ensure(write.kiocb.get() & !write::KIOCB == 0)?;
                range(write.offset.get(), data.len() as u64)?;
                Self::Write(write, data)
            }
            op::FSYNC => {
                let fsync: &Fsync = reader.take()?;
                opened(fsync.open)?;
                ensure(fsync.datasync <= 1 && fsync.reserved == [0; 7])?;
                ordered(fsync.start.get(), fsync.end.get())?;
                Self::Fsync(fsync)
            }
            _ => {
                let change: &Fallocate = reader.take()?;
                opened(change.open)?;
                ensure(change.mode.get() & !fallocate::ALL == 0 && change.len.get() > 0)?;
                range(change.offset.get(), change.len.get())?;
                Self::Fallocate(change)
            }
        })
    }

    /// Places in open files and directories.
    fn positioned(kind: Kind, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(match kind {
            op::SEEK => {
                let seek: &Seek = reader.take()?;
                opened(seek.open)?;
                ensure(matches!(seek.whence.get(), 3 | 4) && seek.offset.get() <= OFFSET_MAX)?;
                Self::Seek(seek)
            }
            op::COPY_RANGE => {
                let range_of: &CopyRange = reader.take()?;
                opened(range_of.from)?;
                opened(range_of.to)?;
                ensure(range_of.flags.get() & !copy::ALL == 0)?;
                range(range_of.from_offset.get(), range_of.len.get())?;
                range(range_of.to_offset.get(), range_of.len.get())?;
                Self::CopyRange(range_of)
            }
            _ => {
                let readdir: &ReadDir = reader.take()?;
                opened(readdir.open)?;
                ensure(readdir.cookie.get() <= OFFSET_MAX)?;
                ensure((ROOM_MIN..=DATA_MAX).contains(&readdir.room.get()))?;
                Self::ReadDir(readdir)
            }
        })
    }

    /// Changes of names.
    fn names(kind: Kind, reader: &mut Reader<'a>, data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            op::MAKE => {
                let make: &Make = reader.take()?;
                make.dir.some()?;
                ensure(mode::can_be_made(make.mode.get()))?;
                Self::Make(make, entry(reader, make.name_len.get())?)
            }
            op::SYMLINK => {
                let symlink: &Symlink = reader.take()?;
                Self::Symlink {
                    dir: symlink.dir.some()?,
                    name: entry(reader, symlink.name_len.get())?,
                    target: name::check_target(data)?,
                }
            }
            op::LINK => {
                let link: &Link = reader.take()?;
                link.object.some()?;
                link.dir.some()?;
                Self::Link(link, entry(reader, link.name_len.get())?)
            }
            op::UNLINK => {
                let unlink: &Unlink = reader.take()?;
                ensure(unlink.directory <= 1)?;
                Self::Unlink {
                    dir: unlink.dir.some()?,
                    name: entry(reader, unlink.name_len.get())?,
                    directory: unlink.directory == 1,
                }
            }
            _ => {
                let rename: &Rename = reader.take()?;
                rename.from_dir.some()?;
                rename.to_dir.some()?;
                // NOREPLACE and EXCHANGE exclude each other.
                ensure(rename.flags.get() <= 2)?;
                let from = entry(reader, rename.from_len.get())?;
                Self::Rename(rename, from, entry(reader, rename.to_len.get())?)
            }
        })
    }

    /// Extended attributes.
    fn xattr(kind: Kind, reader: &mut Reader<'a>, data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            op::GETXATTR => {
                let get: &GetXattr = reader.take()?;
                get.object.some()?;
                ensure(get.room.get() <= xattr::SIZE_MAX)?;
                Self::GetXattr(get, attribute(reader, get.name_len.get())?)
            }
            op::SETXATTR => {
                let set: &SetXattr = reader.take()?;
                set.object.some()?;
                ensure(set.flags.get() <= 3 && data.len() <= xattr::SIZE_MAX as usize)?;
                Self::SetXattr(set, attribute(reader, set.name_len.get())?, data)
            }
            op::LISTXATTR => {
                let list: &ListXattr = reader.take()?;
                list.object.some()?;
                ensure(list.room.get() <= xattr::SIZE_MAX)?;
                Self::ListXattr(list)
            }
            _ => {
                let remove: &RemoveXattr = reader.take()?;
                remove.object.some()?;
                Self::RemoveXattr(remove, attribute(reader, remove.name_len.get())?)
            }
        })
    }

    /// Locks and pins.
    fn other(kind: Kind, reader: &mut Reader<'a>, data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            op::LOCK => {
                let lock: &Lock = reader.take()?;
                opened(lock.open)?;
                ensure(lock.reserved == 0 && lock.class <= class::FLOCK)?;
                ensure(lock.kind <= lock_kind::UNLOCK && lock.command <= command::WAIT)?;
                ordered(lock.start.get(), lock.end.get())?;
                let tests = lock.command == command::TEST;
                let testable = lock.class != class::FLOCK && lock.kind != lock_kind::UNLOCK;
                ensure(!tests || testable)?;
                ensure(lock.command != command::WAIT || lock.ticket.get() != 0)?;
                Self::Lock(lock)
            }
            op::LOCK_CANCEL => {
                let cancel: &LockCancel = reader.take()?;
                ensure(cancel.ticket.get() != 0)?;
                Self::LockCancel(cancel.ticket.get())
            }
            op::FORGET => {
                let forget: &Forget = reader.take()?;
                let count = usize::try_from(forget.count.get()).map_err(|_| Malformed)?;
                ensure(count != 0)?;
                let handles =
                    <[Handle]>::ref_from_bytes_with_elems(data, count).map_err(|_| Malformed)?;
                for handle in handles {
                    handle.some()?;
                }
                Self::Forget(handles)
            }
            op::GRANTED => {
                let granted: &LockGranted = reader.take()?;
                ensure(granted.ticket.get() != 0 && granted.status.get() <= 4095)?;
                Self::Granted(granted)
            }
            _ => return Err(Malformed),
        })
    }
}

/// An object that is named, perhaps by an open file, too.
fn object<'a>(reader: &mut Reader<'a>) -> Result<&'a Object, Malformed> {
    let object: &Object = reader.take()?;
    object.handle.some()?;
    Ok(object)
}

/// What an [`op::OPEN`] is about.
fn target<'a>(open: &'a Open, reader: &mut Reader<'a>) -> Result<Target<'a>, Malformed> {
    let flags = open.flags.get();
    ensure(flags & !open::ALL == 0 && u32::from(open.mode.get()) & !mode::PERMISSIONS == 0)?;
    ensure(open.exec <= 1 && open.reserved == [0; 7])?;
    let unnamed = flags & open::TMPFILE != 0;
    Ok(match (open.name_len.get(), unnamed) {
        (0, true) => {
            ensure(open.expect.is_none())?;
            Target::Unnamed(open.dir.some()?)
        }
        (0, false) => {
            ensure(open.dir.is_none())?;
            Target::Object(open.expect.some()?)
        }
        (_, true) => return Err(Malformed),
        (len, false) => Target::Named {
            dir: open.dir.some()?,
            name: entry(reader, len)?,
            expect: match open.expect.is_none() {
                true => None,
                false => Some(open.expect.some()?),
            },
        },
    })
}

/// The name of a directory entry.
fn entry<'a>(reader: &mut Reader<'a>, len: u16) -> Result<&'a [u8], Malformed> {
    name::check(reader.bytes(usize::from(len))?)
}

/// The name of an extended attribute.
fn attribute<'a>(reader: &mut Reader<'a>, len: u16) -> Result<&'a [u8], Malformed> {
    xattr::check_name(reader.bytes(usize::from(len))?)
}

/// The number of an open file.
fn opened(open: OpenId) -> Result<OpenId, Malformed> {
    ensure(open.get() != 0)?;
    Ok(open)
}

/// A range may end where offsets do.
fn range(offset: u64, len: u64) -> Result<(), Malformed> {
    let end = offset.checked_add(len).ok_or(Malformed)?;
    ensure(end <= OFFSET_MAX)
}

/// The first and the last byte of a range.
fn ordered(first: u64, last: u64) -> Result<(), Malformed> {
    ensure(first <= last && last <= OFFSET_MAX)
}
