// SPDX-License-Identifier: GPL-2.0
//! The ways to one disk that are compared: node 2's data disk, an ext4.

use clap::ValueEnum;
use serde::{Serialize, Serializer};

/// Number of the node that uses files from afar.
pub(crate) const CLIENT: u8 = 1;

/// Number of the node that has the disk.
pub(crate) const SERVER: u8 = 2;

/// A way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    /// ext4 itself, on the node that has the disk: the base
    Local,
    /// overlayfs over the same ext4, on the same node; only in the table of calls
    Overlayfs,
    /// MFS on the node that has the disk
    MfsHere,
    /// MFS on the other node
    MfsAfar,
    /// NFSv4.2 as it is by default
    Nfs,
    /// NFSv4.2 without delegations
    NfsNoDeleg,
    /// NFSv4.2 without a cache of attributes
    NfsCoherent,
    /// NFSv4.2 without delegations and without a cache of attributes
    NfsCoherentNoDeleg,
}

impl Path {
    /// Those that all workloads compare, the base first.
    pub(crate) const COMPARED: [Self; 7] = [
        Self::Local,
        Self::MfsHere,
        Self::MfsAfar,
        Self::Nfs,
        Self::NfsCoherent,
        Self::NfsNoDeleg,
        Self::NfsCoherentNoDeleg,
    ];

    /// Those whose calls are timed one by one: all on the node that has the disk.
    pub(crate) const CALLS: [Self; 3] = [Self::Local, Self::MfsHere, Self::Overlayfs];

    /// Those that use NFS.
    pub(crate) const NFS: [Self; 4] = [
        Self::Nfs,
        Self::NfsCoherent,
        Self::NfsNoDeleg,
        Self::NfsCoherentNoDeleg,
    ];

    /// Its name in tables and files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Overlayfs => "overlayfs",
            Self::MfsHere => "mfs-here",
            Self::MfsAfar => "mfs-afar",
            Self::Nfs => "nfs",
            Self::NfsNoDeleg => "nfs-no-deleg",
            Self::NfsCoherent => "nfs-coherent",
            Self::NfsCoherentNoDeleg => "nfs-coherent-no-deleg",
        }
    }

    /// Where the disk's top is on the node that uses this way.
    pub(crate) fn root(self) -> String {
        match self {
            Self::Local => "/data".into(),
            Self::Overlayfs => "/mnt/overlay".into(),
            Self::MfsHere | Self::MfsAfar => format!("/mfs/{SERVER}/data"),
            _ => format!("/mnt/{}", self.name()),
        }
    }

    /// The node that uses it.
    pub(crate) fn node(self) -> u8 {
        match self {
            Self::Local | Self::Overlayfs | Self::MfsHere => SERVER,
            _ => CLIENT,
        }
    }

    /// Whether calls cross the network.
    pub(crate) fn is_remote(self) -> bool {
        self.node() == CLIENT
    }

    /// Whether the NFS server may give delegations meanwhile.
    pub(crate) fn delegations(self) -> bool {
        !matches!(self, Self::NfsNoDeleg | Self::NfsCoherentNoDeleg)
    }

    pub(crate) fn is_mfs(self) -> bool {
        matches!(self, Self::MfsHere | Self::MfsAfar)
    }

    pub(crate) fn is_nfs(self) -> bool {
        Self::NFS.contains(&self)
    }

    /// NFS mount options beside the server's address. No two mounts share a cache.
    pub(crate) fn nfs_options(self) -> &'static str {
        match self {
            Self::NfsCoherent | Self::NfsCoherentNoDeleg => "vers=4.2,nosharecache,actimeo=0",
            _ => "vers=4.2,nosharecache",
        }
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}
