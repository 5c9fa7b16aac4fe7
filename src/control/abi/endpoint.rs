// SPDX-License-Identifier: GPL-2.0
//! The address of a node in the records of the control interface.

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    SocketAddrV6, //
};

use zerocopy::little_endian::{
    U16,
    U32, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// An IPv4 or IPv6 address with a port; 24 bytes with one way only to write each address.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(C)]
pub struct Endpoint {
    /// 4 or 6.
    pub family: u8,
    /// Zero.
    pub reserved: u8,
    /// TCP port, not zero.
    pub port: U16,
    /// Interface index of a link-local IPv6 address, else zero.
    pub scope: U32,
    /// The address in network order; an IPv4 address has the first four bytes, the rest is zero.
    pub addr: [u8; 16],
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        let (family, scope, addr) = match socket {
            SocketAddr::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                (4, 0, [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            SocketAddr::V6(v6) => (6, v6.scope_id(), v6.ip().octets()),
        };
        Self {
            family,
            reserved: 0,
            port: U16::new(socket.port()),
            scope: U32::new(scope),
            addr,
        }
    }
}

impl Endpoint {
    /// The address, when it is one that a node can be reached at: not unspecified, multicast,
    /// broadcast or an IPv4 address in IPv6 clothes; with a scope exactly when it is link-local.
    pub fn socket(&self) -> Option<SocketAddr> {
        let port = self.port.get();
        let scope = self.scope.get();
        if self.reserved != 0 || port == 0 {
            return None;
        }
        match self.family {
            4 => {
                let (v4, rest) = self.addr.split_first_chunk::<4>()?;
                let ip = Ipv4Addr::from(*v4);
                let usable = !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast();
                let clean = scope == 0 && rest.iter().all(|byte| *byte == 0);
                (usable && clean).then(|| SocketAddr::new(IpAddr::V4(ip), port))
            }
            6 => {
                let ip = Ipv6Addr::from(self.addr);
                let link_local = ip.segments().first()? & 0xffc0 == 0xfe80;
                let usable =
                    !ip.is_unspecified() && !ip.is_multicast() && ip.to_ipv4_mapped().is_none();
                let clean = link_local == (scope != 0);
                (usable && clean).then(|| SocketAddrV6::new(ip, port, 0, scope).into())
            }
            _ => None,
        }
    }
}

// The layout is the interface: this must never change without a new ABI_VERSION.
const _: () = assert!(size_of::<Endpoint>() == 24);
