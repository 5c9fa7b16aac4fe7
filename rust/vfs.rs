// SPDX-License-Identifier: GPL-2.0

//! Using file systems: what system calls on files do, for callers inside the kernel.
//!
//! Everything is done with the credentials and the umask of the current task; see [`cred`] for doing it
//! on behalf of somebody else. All of it may sleep.

pub(crate) mod attr;
pub(crate) mod cred;
mod delegation;
pub(crate) mod extent;
pub(crate) mod file;
pub(crate) mod handle;
pub(crate) mod kept;
pub(crate) mod lock;
mod mount_watch;
pub(crate) mod name;
pub(crate) mod namespace;
pub(crate) mod path;
pub(crate) mod readdir;
pub(crate) mod walk;
pub(crate) mod xattr;
