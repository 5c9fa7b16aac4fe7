// SPDX-License-Identifier: GPL-2.0

//! From an open file of MFS to the file beneath it.

use kernel::fs::File as AnyFile;

use super::{
    open::Open,
    Client, //
};
use crate::linux::{
    fs::file::File,
    vfs, //
};

/// The real file that is open beneath `file`, if that is one of MFS and this node has it. It is used as
/// the server would use it: who gets it has been let in when `file` was opened.
#[expect(dead_code, reason = "DFSA's, which comes later")]
pub(crate) fn lower_file(file: &AnyFile) -> Option<vfs::file::File> {
    let open = Open::of(File::<Client>::downcast(file, &crate::THIS_MODULE)?).ok()?;
    Some(open.backing()?.get_ref().real().clone())
}
