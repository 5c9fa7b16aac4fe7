// SPDX-License-Identifier: GPL-2.0
//! What other nodes may do with this node's files: the last part of a configuration blob.
//!
//! One [`PathRecord`] per path with the path's bytes right behind it, in ascending order of the paths,
//! none of them twice. There is one way only to write a policy.

use zerocopy::{
    little_endian::U16,
    FromBytes as _,
    IntoBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::error::ConfigError;

/// Most paths of a policy, exported and hidden ones together.
pub const MAX_PATHS: usize = 64;

/// Bytes of the longest path.
pub const MAX_PATH_LEN: usize = 1023;

/// Bytes of the longest list of paths.
pub const MAX_PATHS_LEN: usize = MAX_PATHS * (size_of::<PathRecord>() + MAX_PATH_LEN);

/// Head of a path in the blob; 4 bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct PathRecord {
    /// A [`Rule`].
    pub rule: u8,
    /// Zero.
    pub reserved: u8,
    /// Bytes of the path, which follows.
    pub len: U16,
}

/// What holds for a path and all below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Rule {
    /// Exported.
    Write = 0,
    /// Exported, but nothing can be changed.
    Read = 1,
    /// Not there.
    Hide = 2,
}

impl Rule {
    /// The rule of a raw byte.
    pub fn from_raw(raw: u8) -> Option<Self> {
        [Self::Write, Self::Read, Self::Hide]
            .into_iter()
            .find(|rule| *rule as u8 == raw)
    }
}

/// A path and what holds for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRule<'a> {
    /// The path: see [`is_path`].
    pub path: &'a [u8],
    /// What holds.
    pub rule: Rule,
}

/// Whether `path` can stand in a policy: absolute, without NUL, empty parts, `.` and `..`, without a slash
/// at its end unless it is `/`, each part at most 255 bytes, and not longer than [`MAX_PATH_LEN`].
pub fn is_path(path: &[u8]) -> bool {
    let Some((b'/', rest)) = path.split_first() else {
        return false;
    };
    let good = |part: &[u8]| {
        !matches!(part, b"" | b"." | b"..") && part.len() <= 255 && !part.contains(&0)
    };
    path.len() <= MAX_PATH_LEN && (rest.is_empty() || rest.split(|byte| *byte == b'/').all(good))
}

/// Whether `path` is `above` or below it.
pub fn is_within(path: &[u8], above: &[u8]) -> bool {
    match path.strip_prefix(above) {
        Some(rest) => above == b"/" || matches!(rest.first(), None | Some(b'/')),
        None => false,
    }
}

/// A policy that was checked; borrows the blob.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Whether user and group 0 of other nodes are nobody here.
    pub root_squash: bool,
    paths: &'a [u8],
}

impl<'a> Policy<'a> {
    /// Checks the last part of a blob, which is to have `count` paths.
    ///
    /// Takes time in the square of the number of paths, which is bounded by [`MAX_PATHS`].
    pub(super) fn decode(
        root_squash: bool,
        count: usize,
        paths: &'a [u8],
    ) -> Result<Self, ConfigError> {
        if count > MAX_PATHS {
            return Err(ConfigError::PathCount);
        }
        let policy = Self { root_squash, paths };
        let mut rest = paths;
        let mut previous: &[u8] = b"";
        for _ in 0..count {
            let (rule, behind) = take(rest)?;
            rest = behind;
            if !is_path(rule.path) || (rule.rule == Rule::Hide && rule.path == b"/") {
                return Err(ConfigError::Path);
            }
            if rule.path <= previous {
                return Err(ConfigError::PathOrder);
            }
            previous = rule.path;
        }
        if !rest.is_empty() {
            return Err(ConfigError::Length);
        }
        let mut hidden = policy.rules().filter(|rule| rule.rule == Rule::Hide);
        let buried = |below: PathRule<'_>, above: &PathRule<'_>| {
            below.rule != Rule::Hide && is_within(below.path, above.path)
        };
        if hidden.any(|above| policy.rules().any(|below| buried(below, &above))) {
            return Err(ConfigError::PathBuried);
        }
        Ok(policy)
    }

    /// The paths and what holds for each, in ascending order of the paths: what is above another
    /// path comes before it.
    pub fn rules(&self) -> impl Iterator<Item = PathRule<'a>> + Clone + 'a {
        let mut rest = self.paths;
        // `decode` has seen every record succeed.
        core::iter::from_fn(move || {
            let (rule, behind) = take(rest).ok()?;
            rest = behind;
            Some(rule)
        })
    }
}

/// The first record of `bytes`, and what is behind it.
fn take(bytes: &[u8]) -> Result<(PathRule<'_>, &[u8]), ConfigError> {
    let (head, rest) = PathRecord::ref_from_prefix(bytes).map_err(|_| ConfigError::Truncated)?;
    let (path, rest) = rest
        .split_at_checked(head.len.get().into())
        .ok_or(ConfigError::Truncated)?;
    if head.reserved != 0 {
        return Err(ConfigError::Reserved);
    }
    let rule = Rule::from_raw(head.rule).ok_or(ConfigError::Reserved)?;
    Ok((PathRule { path, rule }, rest))
}

/// Bytes that `rules` have in a blob.
pub fn encoded_len(rules: &[PathRule<'_>]) -> usize {
    let len = |rule: &PathRule<'_>| size_of::<PathRecord>().saturating_add(rule.path.len());
    rules.iter().map(len).fold(0, usize::saturating_add)
}

/// Writes `rules` into `out`, which must have [`encoded_len`] bytes.
pub(super) fn encode(mut out: &mut [u8], rules: &[PathRule<'_>]) -> Result<(), ConfigError> {
    for rule in rules {
        let head = PathRecord {
            rule: rule.rule as u8,
            reserved: 0,
            len: u16::try_from(rule.path.len())
                .map_err(|_| ConfigError::Path)?
                .into(),
        };
        for part in [head.as_bytes(), rule.path] {
            let (to, rest) = out
                .split_at_mut_checked(part.len())
                .ok_or(ConfigError::Length)?;
            to.copy_from_slice(part);
            out = rest;
        }
    }
    Ok(())
}

// The layout is the interface: this must never change without a new ABI_VERSION.
const _: () = assert!(size_of::<PathRecord>() == 4);
