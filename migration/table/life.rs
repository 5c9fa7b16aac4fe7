// SPDX-License-Identifier: GPL-2.0

//! The beginning and the end of processes.

use super::{
    notation::{
        both, //
        BLOCKS,
        INT,
    },
    row::{
        rows, //
        Row,
    }, //
};

/// A child is a child of the process at home; a new program is loaded there. What becomes of children is
/// known there.
pub(super) const ROWS: &[Row] = rows! {
    56  clone               life;
    57  fork                life;
    58  vfork               life;
    59  execve              life;
    60  exit                life;
    61  wait4               deputy [INT, both(4), INT, both(144)] [BLOCKS];
    218 set_tid_address     life;
    231 exit_group          life;
    247 waitid              deputy [INT, INT, both(128), INT, both(144)] [BLOCKS];
    322 execveat            life;
    435 clone3              life;
};
