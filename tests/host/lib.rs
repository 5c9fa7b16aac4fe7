// SPDX-License-Identifier: GPL-2.0

//! The pure parts of `mosix.ko` as a host crate.
//!
//! The module tree is that of the module (`crate::rpc::wire` and so on), each file included where
//! it lies, so that the very same source is compiled by Kbuild into the module and by cargo here.
//! The tests lie in `tests/`, one file per module; the fuzz targets use `fuzz_api`.

#![cfg_attr(
    not(test),
    allow(
        dead_code,
        reason = "the module and the tests use these items; this library only exports few"
    )
)]

#[path = "../../src/control"]
pub mod control {
    //! The control device.

    pub mod abi;
}

#[path = "../../src/cluster"]
pub(crate) mod cluster {
    //! Membership.

    pub(crate) mod backoff;
    pub(crate) mod detector;
    pub(crate) mod epoch;
}

#[path = "../../src/rpc"]
pub(crate) mod rpc {
    //! Links between nodes.

    pub(crate) mod frame_error;
    pub(crate) mod handshake;
    pub(crate) mod initiator;
    pub(crate) mod integrity;
    pub(crate) mod keys;
    pub(crate) mod kind;
    pub(crate) mod message;
    pub(crate) mod replies;
    pub(crate) mod requests;
    pub(crate) mod responder;
    pub(crate) mod transcript;
    pub(crate) mod wire;
}

#[cfg_attr(
    test,
    allow(dead_code, reason = "the module uses constants that no test needs")
)]
#[path = "../../mfs"]
pub(crate) mod mfs {
    //! The cluster file system.

    pub(crate) mod wire;
}

#[cfg_attr(
    test,
    allow(dead_code, reason = "the module uses constants that no test needs")
)]
#[path = "../../migration"]
pub(crate) mod migration {
    //! Processes that move.

    pub(crate) mod image;
    pub(crate) mod marshal;
    pub(crate) mod table;
    pub(crate) mod wire;
}

#[cfg(any(test, feature = "fuzz", feature = "peer"))]
pub(crate) mod crypto;
pub mod exercise;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz_api;
#[cfg(feature = "peer")]
pub mod peer;
#[cfg(test)]
mod tests;
