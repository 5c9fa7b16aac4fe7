// SPDX-License-Identifier: GPL-2.0

//! What a task is made of, to be read from it and to be given to another.
//!
//! Nearly everything here concerns the current task only: a task is taken apart and put together in
//! its own context, where nothing of it changes meanwhile.

pub(crate) mod area;
pub(crate) mod calls;
pub(crate) mod find;
pub(crate) mod identity;
pub(crate) mod launch;
pub(crate) mod page;
pub(crate) mod regs;
pub(crate) mod rseq;
pub(crate) mod sigframe;
pub(crate) mod signals;
pub(crate) mod space;
pub(crate) mod status;
pub(crate) mod times;
pub(crate) mod user;
pub(crate) mod work;
