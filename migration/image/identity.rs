// SPDX-License-Identifier: GPL-2.0

//! Who the process is: numbers, users, names. What the body's cached calls answer.

use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::invalid::{
    ensure,
    Invalid, //
};

/// Highest number of a process (`PID_MAX_LIMIT`).
pub(crate) const PID_MAX: u32 = 4 << 20;

/// Supplementary groups that a process may have on the way.
pub(crate) const GROUPS_MAX: usize = 4096;

/// Numbers of the process at home.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Ids {
    /// `getpid()`, and `gettid()`: there is one thread.
    pub(crate) pid: U32,
    /// Always 0.
    pub(crate) reserved: U32,
}

impl Ids {
    /// # Errors
    ///
    /// [`Invalid`] if no process has that number.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        ensure(
            (2..=PID_MAX).contains(&self.pid.get()) && self.reserved.get() == 0,
            "the number of the process",
        )
    }
}

/// Users, groups and capabilities, in the initial user namespace; the supplementary groups (`U32` each)
/// follow. The body takes the users and groups and no capability.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Credentials {
    /// Real user.
    pub(crate) uid: U32,
    /// Effective user.
    pub(crate) euid: U32,
    /// Saved user.
    pub(crate) suid: U32,
    /// User for files.
    pub(crate) fsuid: U32,
    /// Real group.
    pub(crate) gid: U32,
    /// Effective group.
    pub(crate) egid: U32,
    /// Saved group.
    pub(crate) sgid: U32,
    /// Group for files.
    pub(crate) fsgid: U32,
    /// Effective capabilities at home: the body may see them and cannot use them.
    pub(crate) effective: U64,
    /// `SECBIT_*`.
    pub(crate) securebits: U32,
    /// How many groups follow.
    pub(crate) groups: U32,
}

impl Credentials {
    /// Takes a chunk apart: the credentials and the groups.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if a user or group is none, or there are too many.
    pub(crate) fn decode(body: &[u8]) -> Result<(&Self, &[U32]), Invalid> {
        let (own, rest) =
            Self::ref_from_prefix(body).map_err(|_| Invalid("credentials are cut short"))?;
        let groups = <[U32]>::ref_from_bytes(rest).map_err(|_| Invalid("groups are cut short"))?;
        ensure(
            groups.len() <= GROUPS_MAX
                && u32::try_from(groups.len()).is_ok_and(|count| count == own.groups.get()),
            "the number of groups",
        )?;
        let ids = [
            own.uid, own.euid, own.suid, own.fsuid, own.gid, own.egid, own.sgid, own.fsgid,
        ];
        // The highest number stands for no user and no group.
        ensure(
            ids.iter().chain(groups).all(|id| id.get() != u32::MAX),
            "a user or a group",
        )?;
        Ok((own, groups))
    }
}

/// Names.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Names {
    /// The process's own (`PR_SET_NAME`), with NULs behind it.
    pub(crate) comm: [u8; 16],
    /// What `uname` says at home: system, node, release, version, machine, domain.
    pub(crate) uts: [[u8; 65]; 6],
}

impl Names {
    /// # Errors
    ///
    /// [`Invalid`] if a name does not end.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        text(&self.comm, "the name of the process")?;
        for name in &self.uts {
            text(name, "a name of the home node")?;
        }
        Ok(())
    }
}

/// The text in a field that ends with a NUL.
///
/// # Errors
///
/// [`Invalid`] with `what` if there is none.
pub(crate) fn text<'a>(field: &'a [u8], what: &'static str) -> Result<&'a [u8], Invalid> {
    let end = field.iter().position(|byte| *byte == 0);
    end.and_then(|end| field.get(..end)).ok_or(Invalid(what))
}
