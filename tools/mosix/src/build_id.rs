// SPDX-License-Identifier: GPL-2.0
//! The build id of the running kernel, from the ELF notes in `/sys/kernel/notes`.

use crate::failure::{Exit, Failure, Result};
use mosix_core::control::abi::{BuildId, BUILD_ID_LEN};
use std::fs;

/// Where the kernel shows its notes.
const NOTES: &str = "/sys/kernel/notes";

/// Note type of a build id (`NT_GNU_BUILD_ID`) and the owner it has.
const GNU_BUILD_ID: (u32, &[u8]) = (3, b"GNU\0");

/// Reads the build id of the running kernel.
pub fn running_kernel() -> Result<BuildId> {
    let notes = fs::read(NOTES).map_err(|error| {
        Failure::io(
            Exit::Failure,
            format_args!("cannot read the kernel's build id from {NOTES}"),
            &error,
        )
        .cure("mount sysfs: mount -t sysfs sysfs /sys")
    })?;
    find(&notes).ok_or_else(|| {
        Failure::new(
            Exit::Failure,
            format!("there is no build id of at most {BUILD_ID_LEN} bytes in {NOTES}"),
        )
        .cure("use a kernel that was linked with --build-id=sha1, as distribution kernels are")
    })
}

/// Finds the build id in a notes section, filled up with zeros.
pub fn find(mut notes: &[u8]) -> Option<BuildId> {
    loop {
        let (name_len, rest) = word(notes)?;
        let (desc_len, rest) = word(rest)?;
        let (kind, rest) = word(rest)?;
        let (name, rest) = padded(rest, name_len)?;
        let (desc, rest) = padded(rest, desc_len)?;
        if (kind, name) == GNU_BUILD_ID {
            let mut id = BuildId::default();
            id.get_mut(..desc.len())?.copy_from_slice(desc);
            return id.iter().any(|byte| *byte != 0).then_some(id);
        }
        notes = rest;
    }
}

/// Takes a 32-bit word in the byte order of this machine.
fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_ne_bytes(*word), rest))
}

/// Takes `len` bytes and the padding to the next multiple of four, which the last one may lack.
fn padded(bytes: &[u8], len: u32) -> Option<(&[u8], &[u8])> {
    let len = usize::try_from(len).ok()?;
    let (field, _) = bytes.split_at_checked(len)?;
    let end = len.checked_next_multiple_of(4)?.min(bytes.len());
    Some((field, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(kind: u32, name: &[u8], desc: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [name.len() as u32, desc.len() as u32, kind] {
            out.extend_from_slice(&word.to_ne_bytes());
        }
        for field in [name, desc] {
            out.extend_from_slice(field);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    #[test]
    fn finds_it_behind_other_notes() {
        let id: Vec<u8> = (1..=20).collect();
        let notes = [
            note(0x101, b"Linux\0", b"odd"),
            note(3, b"Xen\0", &[9; 20]),
            note(3, b"GNU\0", &id),
        ]
        .concat();
        assert_eq!(find(&notes).unwrap().as_slice(), id);
    }

    #[test]
    fn fills_up_a_short_one_and_refuses_a_long_or_empty_one() {
        let short = find(&note(3, b"GNU\0", &[7; 16])).unwrap();
        assert_eq!(
            (&short[..16], &short[16..]),
            ([7; 16].as_slice(), [0; 4].as_slice())
        );
        assert_eq!(find(&note(3, b"GNU\0", &[7; 21])), None);
        assert_eq!(find(&note(3, b"GNU\0", &[])), None);
    }

    #[test]
    fn survives_truncation_and_absurd_lengths() {
        let notes = note(3, b"GNU\0", &[7; 20]);
        for len in 0..notes.len() {
            assert_eq!(find(&notes[..len]), None, "{len} bytes");
        }
        let mut huge = notes;
        huge[..4].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(find(&huge), None);
    }

    #[test]
    fn running_kernel_has_one() {
        assert_ne!(running_kernel().unwrap(), BuildId::default());
    }
}
