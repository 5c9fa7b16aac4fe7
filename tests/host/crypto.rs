// SPDX-License-Identifier: GPL-2.0

//! The primitives of the protocol from well-known crates, where the module uses the kernel's.

use crate::rpc::keys::Crypto;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// HMAC, SipHash and AEAD in user space.
pub(crate) struct HostCrypto;

impl Crypto for HostCrypto {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn siphash(&self, [k0, k1]: [u64; 2], data: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(k0, k1);
        hasher.write(data);
        hasher.finish()
    }
}
