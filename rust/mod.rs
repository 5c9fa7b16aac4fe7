// SPDX-License-Identifier: GPL-2.0

//! Safe abstractions that the kernel crate lacks, shaped as its own would be.
//!
//! This is the only room with `unsafe` code and raw bindings. Nothing here knows what mosix is.

mod bindings;
pub(crate) mod bytes;
pub(crate) mod chrdev;
pub(crate) mod clock;
pub(crate) mod completion;
pub(crate) mod cred;
pub(crate) mod crypto;
pub(crate) mod errno;
pub(crate) mod fs;
pub(crate) mod hook;
pub(crate) mod kthread;
pub(crate) mod memalloc;
pub(crate) mod module;
pub(crate) mod net;
pub(crate) mod nr;
pub(crate) mod process;
pub(crate) mod task;
pub(crate) mod vfs;
