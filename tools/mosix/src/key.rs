// SPDX-License-Identifier: GPL-2.0
//! The key file: 64 hexadecimal digits that every node of the cluster has and nobody else.

use crate::failure::{Exit, Failure, Result};
use mosix_core::control::abi::KEY_LEN;
use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};
use zeroize::Zeroizing;

/// The cluster key; wiped from memory when dropped.
pub type Key = Zeroizing<[u8; KEY_LEN]>;

/// Longest file that can be a key; white space around the digits is welcome.
const MAX_FILE: usize = 256;

/// Makes a new key.
pub fn generate() -> Result<Key> {
    let mut key = Key::default();
    getrandom::fill(key.as_mut_slice()).map_err(|error| {
        Failure::new(
            Exit::Failure,
            format!("cannot get random bytes for a key: {error}"),
        )
    })?;
    Ok(key)
}

/// What a key file has in it.
pub fn to_text(key: &Key) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(key.as_slice()) + "\n")
}

/// Reads a key file that belongs to `owner` (0 but in tests) and that nobody else can read.
pub fn read(path: &Path, owner: u32) -> Result<Key> {
    let shown = path.display();
    // Not waiting for the writer of a FIFO that somebody put there.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| {
            let failure = Failure::io(
                Exit::Config,
                format_args!("cannot read the key {shown}"),
                &error,
            );
            if error.kind() == std::io::ErrorKind::NotFound {
                failure
                    .cure("copy the key from another node, or make a cluster with \"mosix init\"")
            } else {
                failure
            }
        })?;
    check(&file, path, owner)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| {
            Failure::io(
                Exit::Config,
                format_args!("cannot read the key {shown}"),
                &error,
            )
        })?;
    parse(&text).ok_or_else(|| {
        Failure::new(
            Exit::Config,
            format!(
                "{shown} is no key: a key is {} hexadecimal digits",
                2 * KEY_LEN
            ),
        )
        .cure("copy the key from another node again")
    })
}

/// Checks who can read or replace the open file.
fn check(file: &File, path: &Path, owner: u32) -> Result {
    let shown = path.display();
    let meta = file
        .metadata()
        .map_err(|error| Failure::io(Exit::Config, format_args!("cannot stat {shown}"), &error))?;
    if !meta.is_file() {
        return Err(Failure::new(
            Exit::Config,
            format!("the key {shown} is not a regular file"),
        ));
    }
    if meta.uid() != owner {
        return Err(Failure::new(
            Exit::Config,
            format!(
                "the key {shown} belongs to user {}, not to root",
                meta.uid()
            ),
        )
        .cure(format!("chown root {shown}")));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(Failure::new(
            Exit::Config,
            format!(
                "the key {shown} is open to others (mode {:04o})",
                meta.mode() & 0o7777
            ),
        )
        .cure(format!(
            "chmod 600 {shown}; if others may have read it, make a new key"
        )));
    }
    Ok(())
}

/// The key in the text of a key file.
fn parse(text: &str) -> Option<Key> {
    // Not the beginning of something longer.
    if text.len() > MAX_FILE {
        return None;
    }
    let mut key = Key::default();
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).ok()?;
    // The module refuses it, too: nobody draws it by chance.
    key.iter().any(|byte| *byte != 0).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
        path::PathBuf,
    };

    fn me() -> u32 {
        nix::unistd::geteuid().as_raw()
    }

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (dir, path)
    }

    #[test]
    fn what_is_written_is_read() {
        let key = generate().unwrap();
        let (_dir, path) = file(&to_text(&key), 0o400);
        assert_eq!(read(&path, me()).unwrap(), key);
    }

    #[test]
    fn keys_differ() {
        assert_ne!(generate().unwrap(), generate().unwrap());
    }

    #[test]
    fn open_to_others_is_refused() {
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
            let (_dir, path) = file(&to_text(&generate().unwrap()), mode);
            let failure = read(&path, me()).unwrap_err();
            assert_eq!(failure.exit, Exit::Config);
            assert!(failure.cure.unwrap().starts_with("chmod 600 "));
        }
    }

    #[test]
    fn of_another_owner_is_refused() {
        let (_dir, path) = file(&to_text(&generate().unwrap()), 0o600);
        let failure = read(&path, me() + 1).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.cure.unwrap().starts_with("chown root "));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = to_text(&generate().unwrap()).trim().to_owned();
        let zeros = "0".repeat(64);
        let long = good.clone() + "00";
        let spaced = format!("{} {}", &good[..32], &good[32..]);
        let padded = good.clone() + &" ".repeat(300) + "x";
        for text in ["", "secret", &good[..62], &long, &spaced, &zeros, &padded] {
            let (_dir, path) = file(text, 0o600);
            let failure = read(&path, me()).unwrap_err();
            assert!(failure.cause.contains("is no key"), "{text:?}: {failure}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let (dir, path) = file("", 0o600);
        assert!(read(dir.path(), me())
            .unwrap_err()
            .cause
            .contains("regular"));
        fs::remove_file(&path).unwrap();
        let failure = read(&path, me()).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert!(failure.cure.unwrap().contains("mosix init"));
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        assert!(read(&path, me()).unwrap_err().cause.contains("regular"));
    }
}
