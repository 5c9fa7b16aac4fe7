// SPDX-License-Identifier: GPL-2.0

//! Requests about files and the replies to them, several kinds in a target: the first byte of the input
//! chooses the kind.

pub(crate) mod samples;

use self::samples::Sample;
use super::{
    altered,
    Input, //
};
use crate::mfs::wire::{
    attr::{
        Attr,
        Entry,
        StatFs, //
    },
    dirent::{
        Entries,
        Packer,
        ReadDirReply, //
    },
    file::{
        Offset,
        Opened,
        Written, //
    },
    handle::Handle,
    lock::LockReply,
    mode,
    name,
    op,
    reply,
    request::{
        Request,
        Target,
        OFFSET_MAX, //
    },
    xattr, //
};
use crate::rpc::wire::{
    Kind,
    DATA_MAX, //
};

/// Objects, their attributes and extended attributes.
pub fn mfs_object(bytes: &[u8]) -> bool {
    request(bytes, |kind| {
        (op::ROOT..=op::READLINK).contains(&kind) || is_xattr(kind)
    })
}

/// Opening and closing.
pub fn mfs_open(bytes: &[u8]) -> bool {
    request(bytes, |kind| matches!(kind, op::OPEN | op::RELEASE))
}

/// Contents of open files and directories.
pub fn mfs_contents(bytes: &[u8]) -> bool {
    request(bytes, |kind| (op::READ..=op::READDIR).contains(&kind))
}

/// Names.
pub fn mfs_names(bytes: &[u8]) -> bool {
    request(bytes, |kind| (op::MAKE..=op::STATFS).contains(&kind))
}

/// Locks and pins.
pub fn mfs_locks(bytes: &[u8]) -> bool {
    request(bytes, |kind| kind >= op::LOCK)
}

fn is_xattr(kind: Kind) -> bool {
    (op::GETXATTR..=op::REMOVEXATTR).contains(&kind)
}

/// A request of one of these kinds, as the input changes it.
fn request(bytes: &[u8], chosen: fn(Kind) -> bool) -> bool {
    let mut input = Input(bytes);
    let mut samples = samples::all();
    samples.retain(|sample| chosen(sample.kind));
    let index = usize::from(input.byte()) % samples.len();
    let mut sample = samples.remove(index);
    sample.msg = altered(&mut input, sample.msg);
    sample.data = altered(&mut input, sample.data);
    let Some((caller, request)) = sample.decode() else {
        return false;
    };
    assert!(caller.head.umask.get() <= 0o777);
    assert!(caller.groups.iter().all(|group| group.get() != u32::MAX));
    check(&sample, request);
    true
}

/// What whoever serves the request relies on.
fn check(sample: &Sample, request: Request<'_>) {
    let object = |handle: &Handle| assert!(!handle.is_none() && handle.fh_len <= 48);
    let named = |name: &[u8]| assert!(name::check(name).is_ok());
    let end = |offset: u64, len: u64| {
        let end = offset.checked_add(len);
        assert!(end.is_some_and(|end| end <= OFFSET_MAX));
    };
    match request {
        Request::Lookup { dir, name } | Request::Unlink { dir, name, .. } => {
            object(dir);
            named(name);
        }
        Request::GetAttr(one) | Request::ReadLink(one) | Request::StatFs(one) => {
            object(&one.handle);
        }
        Request::SetAttr(change) => {
            object(&change.handle);
            assert!(change.atime.nsec.get() < 1_000_000_000);
            assert!(change.mtime.nsec.get() < 1_000_000_000);
            end(change.size.get(), 0);
        }
        Request::Access(access) => object(&access.handle),
        Request::Open(_, Target::Named { dir, name, expect }) => {
            object(dir);
            named(name);
            expect.into_iter().for_each(object);
        }
        Request::Open(_, Target::Unnamed(handle) | Target::Object(handle)) => object(handle),
        Request::Read(read) => {
            assert!(read.len.get() <= DATA_MAX);
            end(read.offset.get(), read.len.get().into());
        }
        Request::Write(write, data) => end(write.offset.get(), data.len() as u64),
        Request::Fsync(fsync) => assert!(fsync.start.get() <= fsync.end.get()),
        Request::Fallocate(change) => end(change.offset.get(), change.len.get()),
        Request::Seek(seek) => end(seek.offset.get(), 0),
        Request::CopyRange(copy) => {
            end(copy.from_offset.get(), copy.len.get());
            end(copy.to_offset.get(), copy.len.get());
        }
        Request::ReadDir(readdir) => assert!(readdir.room.get() <= DATA_MAX),
        Request::Make(make, name) => {
            object(&make.dir);
            named(name);
            assert!(mode::can_be_made(make.mode.get()));
        }
        Request::Symlink { dir, name, target } => {
            object(dir);
            named(name);
            assert!((1..4096).contains(&target.len()) && !target.contains(&0));
        }
        Request::Link(link, name) => {
            object(&link.object);
            object(&link.dir);
            named(name);
        }
        Request::Rename(rename, from, to) => {
            object(&rename.from_dir);
            object(&rename.to_dir);
            named(from);
            named(to);
        }
        Request::GetXattr(_, name) | Request::RemoveXattr(_, name) => attribute(name),
        Request::SetXattr(_, name, value) => {
            attribute(name);
            assert!(value.len() <= xattr::SIZE_MAX as usize);
        }
        Request::ListXattr(list) => assert!(list.room.get() <= xattr::SIZE_MAX),
        Request::Lock(lock) => {
            assert!(lock.start.get() <= lock.end.get() && lock.end.get() <= OFFSET_MAX);
        }
        Request::Forget(handles) => {
            assert_eq!(size_of_val(handles), sample.data.len());
            handles.iter().for_each(object);
        }
        Request::Granted(granted) => assert!(granted.status.get() < 4096),
        Request::Release(open) => assert_ne!(open.get(), 0),
        Request::LockCancel(ticket) => assert_ne!(ticket, 0),
        Request::Root => (),
    }
}

fn attribute(name: &[u8]) {
    assert!((1..=255).contains(&name.len()) && !name.contains(&0));
}

/// Replies, and the entries of directories.
pub fn mfs_reply(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    match input.byte() % 9 {
        0 => one::<Attr>(&mut input, &samples::attr()),
        1 => one::<Entry>(&mut input, &samples::entry()),
        2 => one::<Opened>(&mut input, &samples::opened()),
        3 => one::<Written>(&mut input, &samples::zero()),
        4 => one::<Offset>(&mut input, &samples::zero()),
        5 => one::<StatFs>(&mut input, &samples::statfs()),
        6 => one::<LockReply>(&mut input, &samples::zero()),
        7 => {
            let room = usize::from(input.byte());
            let msg = input.array::<4>();
            match reply::xattr(&msg, input.0, room) {
                Ok((size, value)) => {
                    assert!(value.len() <= room && (room == 0 || value.len() == size));
                    true
                }
                Err(_) => false,
            }
        }
        _ => one::<ReadDirReply>(&mut input, &samples::zero()) && entries(&mut input),
    }
}

/// One struct, as the input changes it.
fn one<T>(input: &mut Input<'_>, valid: &T) -> bool
where
    T: reply::Reply + zerocopy::IntoBytes,
{
    let len = usize::from(input.byte());
    let mut msg = valid.as_bytes().to_vec();
    for byte in &mut msg {
        *byte ^= input.byte();
    }
    msg.truncate(msg.len() ^ len);
    reply::read::<T>(&msg, b"").is_ok()
}

/// The data of a reply with directory entries.
fn entries(input: &mut Input<'_>) -> bool {
    let mut room = vec![0; 256];
    let mut packer = Packer::new(&mut room);
    for cookie in 1..=u64::from(input.byte() % 8) {
        let len = usize::from(input.byte());
        packer.push(input.bytes(len), cookie, cookie, input.byte());
    }
    let used = packer.finish(99);
    assert!(Entries::new(&room[..used]).all(|item| item.is_ok()));
    room.truncate(used);
    let data = altered(input, room);
    let mut sound = true;
    for item in Entries::new(&data) {
        match item {
            Ok(item) => assert!(name::check(item.name).is_ok() && item.next <= OFFSET_MAX),
            Err(_) => sound = false,
        }
    }
    sound
}
