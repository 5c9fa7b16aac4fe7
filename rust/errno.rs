// SPDX-License-Identifier: GPL-2.0

//! Error codes that the kernel crate's prelude lacks.
//!
//! C header: [`include/uapi/asm-generic/errno.h`](srctree/include/uapi/asm-generic/errno.h)

use kernel::error::Error;

pub(crate) use crate::linux::bindings::{
    EADDRINUSE,
    EALREADY,
    EBADMSG,
    ECONNABORTED,
    ECONNRESET,
    EHOSTDOWN,
    EINPROGRESS,
    ELOOP,
    ENAMETOOLONG,
    ENODATA,
    ENOLCK,
    ENOTCONN,
    EOPNOTSUPP,
    EPROTO,
    EPROTONOSUPPORT,
    ESHUTDOWN,
    ESTALE, //
};

/// The error for a code of `errno.h`, as in `errno(EHOSTDOWN)`.
pub(crate) fn errno(code: u32) -> Error {
    Error::from_errno(-(code as i32))
}
