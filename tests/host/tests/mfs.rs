// SPDX-License-Identifier: GPL-2.0

//! Tests of what nodes say to each other about files.

mod dirent;
mod hostile;
mod layout;
mod limits;
mod named;
mod reply;
mod trail;
