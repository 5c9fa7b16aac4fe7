// SPDX-License-Identifier: GPL-2.0

//! The structs are as large as docs/protocol.md says, and the kinds have their names.

use crate::fuzz_api::mfs::samples;
use crate::mfs::wire::{
    attr::*,
    caller::Head,
    dirent::*,
    file::*,
    handle::Handle,
    lock::*,
    names::*,
    op,
    xattr::*, //
};

#[test]
fn sizes_are_the_documented_ones() {
    assert_eq!(size_of::<Head>(), 22);
    assert_eq!(size_of::<Handle>(), 64);
    assert_eq!(size_of::<Time>(), 12);
    assert_eq!(size_of::<Attr>(), 128);
    assert_eq!(size_of::<Entry>(), 192);
    let requests = [
        (op::LOOKUP, size_of::<At>(), 66),
        (op::GETATTR, size_of::<Object>(), 72),
        (op::SETATTR, size_of::<SetAttr>(), 120),
        (op::ACCESS, size_of::<Access>(), 68),
        (op::OPEN, size_of::<Open>(), 144),
        (op::RELEASE, size_of::<Release>(), 8),
        (op::READ, size_of::<Read>(), 24),
        (op::WRITE, size_of::<Write>(), 32),
        (op::FSYNC, size_of::<Fsync>(), 32),
        (op::FALLOCATE, size_of::<Fallocate>(), 36),
        (op::SEEK, size_of::<Seek>(), 20),
        (op::COPY_RANGE, size_of::<CopyRange>(), 52),
        (op::READDIR, size_of::<ReadDir>(), 20),
        (op::MAKE, size_of::<Make>(), 70),
        (op::SYMLINK, size_of::<Symlink>(), 66),
        (op::LINK, size_of::<Link>(), 138),
        (op::UNLINK, size_of::<Unlink>(), 67),
        (op::RENAME, size_of::<Rename>(), 136),
        (op::GETXATTR, size_of::<GetXattr>(), 70),
        (op::SETXATTR, size_of::<SetXattr>(), 70),
        (op::LISTXATTR, size_of::<ListXattr>(), 68),
        (op::REMOVEXATTR, size_of::<RemoveXattr>(), 66),
        (op::LOCK, size_of::<Lock>(), 48),
        (op::LOCK_CANCEL, size_of::<LockCancel>(), 8),
        (op::FORGET, size_of::<Forget>(), 4),
        (op::GRANTED, size_of::<LockGranted>(), 12),
    ];
    for (kind, actual, documented) in requests {
        assert_eq!(actual, documented, "{kind}");
    }
    let replies = [
        (op::OPEN, size_of::<Opened>(), 208),
        (op::WRITE, size_of::<Written>(), 16),
        (op::SEEK, size_of::<Offset>(), 8),
        (op::READDIR, size_of::<ReadDirReply>(), 8),
        (op::STATFS, size_of::<StatFs>(), 72),
        (op::GETXATTR, size_of::<XattrSize>(), 4),
        (op::LOCK, size_of::<LockReply>(), 24),
    ];
    for (kind, actual, documented) in replies {
        assert_eq!(actual, documented, "reply to {kind}");
    }
    assert_eq!(size_of::<Dirent>(), 18);
}

#[test]
fn every_kind_has_its_name() {
    let names = [
        "root",
        "lookup",
        "getattr",
        "setattr",
        "access",
        "readlink",
        "open",
        "release",
        "read",
        "write",
        "fsync",
        "fallocate",
        "seek",
        "copy range",
        "readdir",
        "make",
        "symlink",
        "link",
        "unlink",
        "rename",
        "statfs",
        "getxattr",
        "setxattr",
        "listxattr",
        "removexattr",
        "lock",
        "lock cancel",
        "forget",
        "granted",
    ];
    let mut kinds: Vec<_> = samples::all().into_iter().map(|one| one.kind).collect();
    kinds.dedup();
    assert_eq!(
        kinds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        names
    );
}

#[test]
fn device_numbers_tell_nodes_and_file_systems_apart() {
    assert_ne!(dev(1, 0), dev(2, 0));
    assert_ne!(dev(1, 0), dev(1, 1));
    assert_eq!(dev(2, 3) >> 16, 2);
}
