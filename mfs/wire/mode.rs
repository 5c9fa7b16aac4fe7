// SPDX-License-Identifier: GPL-2.0

//! Types and permissions of objects.

/// Permissions with set-user-ID, set-group-ID and sticky.
pub(crate) const PERMISSIONS: u32 = 0o7777;
/// The type.
pub(crate) const TYPE: u32 = 0o170000;
/// A fifo.
pub(crate) const FIFO: u32 = 0o010000;
/// A character device.
pub(crate) const CHAR: u32 = 0o020000;
/// A directory.
pub(crate) const DIR: u32 = 0o040000;
/// A block device.
pub(crate) const BLOCK: u32 = 0o060000;
/// A regular file.
pub(crate) const REGULAR: u32 = 0o100000;
/// A symbolic link.
pub(crate) const SYMLINK: u32 = 0o120000;
/// A socket.
pub(crate) const SOCKET: u32 = 0o140000;

/// Whether it is a type that there is, and permissions, and nothing else.
pub(crate) const fn is_sound(mode: u32) -> bool {
    let known = matches!(
        mode & TYPE,
        FIFO | CHAR | DIR | BLOCK | REGULAR | SYMLINK | SOCKET
    );
    known && mode & !(TYPE | PERMISSIONS) == 0
}

/// Whether the server opens such objects: others (links, fifos, sockets, devices) only get their attributes
/// told.
pub(crate) const fn can_be_opened(mode: u32) -> bool {
    matches!(mode & TYPE, DIR | REGULAR)
}

/// Whether [`super::op::MAKE`] makes such objects.
pub(crate) const fn can_be_made(mode: u32) -> bool {
    is_sound(mode) && matches!(mode & TYPE, FIFO | DIR | REGULAR | SOCKET)
}
