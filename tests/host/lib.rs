// SPDX-License-Identifier: GPL-2.0

//! The pure parts of `mosix.ko` as a host crate.
//!
//! The module tree is that of the module (`crate::rpc::wire` and so on), each file included where
//! it lies, so that the very same source is compiled by Kbuild into the module and by cargo here.
//! The tests lie beside this file, one per module; the fuzz targets use [`fuzz_api`].

#![cfg_attr(
    not(test),
    allow(
        dead_code,
        reason = "the module and the tests use these items; this library only exports few"
    )
)]
#![warn(missing_docs, rust_2018_idioms, unreachable_pub)]

pub(crate) mod rpc {
    //! Links between nodes: see `src/rpc.rs`.

    #[path = "../../../src/rpc/frame_error.rs"]
    pub(crate) mod frame_error;
    #[path = "../../../src/rpc/kind.rs"]
    pub(crate) mod kind;
    #[path = "../../../src/rpc/wire.rs"]
    pub(crate) mod wire;
}
