// SPDX-License-Identifier: GPL-2.0

//! Names in directories, as the network brings them.

use super::message::Malformed;

/// Longest name, as Linux has it.
pub(crate) const NAME_MAX: usize = 255;

/// Checks that `bytes` is the name of one entry: not empty, not too long, without NUL or slash, and
/// neither `.` nor `..`.
///
/// # Errors
///
/// [`Malformed`]; the client's kernel lets no such name through, so it is not a user who sent it.
pub(crate) fn check(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let fits = (1..=NAME_MAX).contains(&bytes.len());
    let plain = !bytes.iter().any(|byte| matches!(byte, 0 | b'/'));
    let real = !matches!(bytes, b"." | b"..");
    if fits && plain && real {
        Ok(bytes)
    } else {
        Err(Malformed)
    }
}
