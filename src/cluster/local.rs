// SPDX-License-Identifier: GPL-2.0

//! What this node is in its cluster: what all its links share and what does not change while it is a
//! member.

use kernel::prelude::*;

use super::counters::Doorway;
use crate::{
    control::abi::{
        config::Config,
        Endpoint,
        Integrity,
        Name, //
    },
    linux::{
        clock,
        crypto::{
            self,
            Secret, //
        }, //
    },
    rpc::{
        greet::KernelCrypto,
        handshake::{
            cluster_id,
            Identity,
            PROTOCOL, //
        },
        keys::KEY_LEN, //
    },
};

/// This node as a member of a cluster.
pub(crate) struct Local {
    /// Name of the cluster.
    pub(crate) cluster: Name,
    /// Own name.
    pub(crate) name: Name,
    /// Own address, as the others know it.
    pub(crate) endpoint: Endpoint,
    /// What is said about it in handshakes.
    pub(crate) identity: Identity,
    /// The key that all nodes of the cluster have.
    pub(crate) key: Secret<KEY_LEN>,
    /// How its links are protected at least.
    pub(crate) mode: Integrity,
    /// The TCP port that is listened on.
    pub(crate) port: u16,
    /// When it joined, in milliseconds since 1970.
    pub(crate) since_unix_ms: u64,
    /// When it joined, in nanoseconds since boot.
    pub(crate) since_ns: u64,
    /// What is counted about connections that come in.
    pub(crate) doorway: Doorway,
}

impl Local {
    /// What `config` says about this node; begins a new incarnation.
    pub(crate) fn new(config: &Config<'_>) -> Result<Self> {
        let own = config.own();
        let unix_ms = clock::unix_ms();
        Ok(Self {
            cluster: Name::cut(config.cluster()),
            name: Name::cut(own.name),
            endpoint: own.address.into(),
            identity: Identity {
                cluster: cluster_id(&KernelCrypto, config.cluster()),
                node: own.number,
                incarnation: incarnation(unix_ms),
                build_id: *config.build_id(),
                version: crate::VERSION,
                protocol: PROTOCOL,
            },
            key: Secret::copy_of(config.key())?,
            mode: own.integrity,
            port: config.listen_port(),
            since_unix_ms: unix_ms,
            since_ns: clock::boottime_ns(),
            doorway: Doorway::default(),
        })
    }
}

/// A number that no earlier life of this node had: the time, so that it grows, and chance, so that a
/// clock that was set back does not repeat one.
fn incarnation(unix_ms: u64) -> u64 {
    const CHANCE_BITS: u32 = 20;
    let chance = crypto::random_u64() & ((1 << CHANCE_BITS) - 1);
    // 44 bits of milliseconds last for 500 years.
    ((unix_ms << CHANCE_BITS) | chance).max(1)
}
