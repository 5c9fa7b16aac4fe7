// SPDX-License-Identifier: GPL-2.0

//! Names in directories, as the network brings them.

use zerocopy::little_endian::U16;

use super::message::{
    ensure,
    Malformed, //
};

/// Longest name, as Linux has it.
pub(crate) const NAME_MAX: usize = 255;

/// Longest target of a symbolic link.
pub(crate) const TARGET_MAX: usize = 4095;

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
    ensure(fits && plain && real)?;
    Ok(bytes)
}

/// Checks the target of a symbolic link: not empty, not too long for a path, without NUL.
///
/// # Errors
///
/// [`Malformed`].
pub(crate) fn check_target(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let fits = (1..=TARGET_MAX).contains(&bytes.len());
    ensure(fits && !bytes.contains(&0))?;
    Ok(bytes)
}

/// The length of a name, for the struct in front of it. One that does not fit becomes a length that the
/// other side refuses.
pub(crate) fn len(name: &[u8]) -> U16 {
    U16::new(u16::try_from(name.len()).unwrap_or(u16::MAX))
}
