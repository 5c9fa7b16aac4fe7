// SPDX-License-Identifier: GPL-2.0

//! Socket addresses: between [`core::net`] and `struct sockaddr`.
//!
//! C headers: [`include/uapi/linux/in.h`](srctree/include/uapi/linux/in.h),
//! [`include/uapi/linux/in6.h`](srctree/include/uapi/linux/in6.h)

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    SocketAddrV6, //
};

use crate::linux::bindings;

/// Length of `struct sockaddr_in`.
const LEN_V4: usize = 16;
/// Length of `struct sockaddr_in6`.
const LEN_V6: usize = 28;

/// Room for either kind of address, laid out as the kernel wants it.
///
/// `struct sockaddr_in6` holds all of `struct sockaddr_in`'s fields that matter at other offsets, so
/// both are written as bytes.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct RawAddr {
    bytes: [u8; 32],
}

impl RawAddr {
    /// An empty one, to be filled by the kernel.
    pub(super) const fn empty() -> Self {
        Self { bytes: [0; 32] }
    }

    /// The kernel's form of `addr` and its length.
    pub(super) fn new(addr: &SocketAddr) -> (Self, usize) {
        let mut raw = Self::empty();
        let mut put = |at: usize, from: &[u8]| {
            if let Some(to) = raw.bytes.get_mut(at..at + from.len()) {
                to.copy_from_slice(from);
            }
        };
        put(2, &addr.port().to_be_bytes());
        let len = match addr {
            SocketAddr::V4(v4) => {
                put(0, &(bindings::AF_INET as u16).to_ne_bytes());
                put(4, &v4.ip().octets());
                LEN_V4
            }
            SocketAddr::V6(v6) => {
                put(0, &(bindings::AF_INET6 as u16).to_ne_bytes());
                put(8, &v6.ip().octets());
                put(24, &v6.scope_id().to_ne_bytes());
                LEN_V6
            }
        };
        (raw, len)
    }

    /// The address that the kernel wrote here; `None` for a family that is not IP.
    pub(super) fn decode(&self) -> Option<SocketAddr> {
        let b = &self.bytes;
        let family = u16::from_ne_bytes([b[0], b[1]]);
        let port = u16::from_be_bytes([b[2], b[3]]);
        if u32::from(family) == bindings::AF_INET {
            let ip = Ipv4Addr::new(b[4], b[5], b[6], b[7]);
            return Some(SocketAddr::new(IpAddr::V4(ip), port));
        }
        if u32::from(family) == bindings::AF_INET6 {
            let ip: [u8; 16] = b.get(8..24)?.try_into().ok()?;
            let scope = u32::from_ne_bytes([b[24], b[25], b[26], b[27]]);
            let ip = Ipv6Addr::from(ip);
            if let Some(v4) = ip.to_ipv4_mapped() {
                return Some(SocketAddr::new(IpAddr::V4(v4), port));
            }
            return Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)));
        }
        None
    }

    /// For the kernel to read or to fill.
    pub(super) fn as_mut_ptr<T>(&mut self) -> *mut T {
        self.bytes.as_mut_ptr().cast()
    }
}
