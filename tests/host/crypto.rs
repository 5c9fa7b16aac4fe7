// SPDX-License-Identifier: GPL-2.0

//! The primitives of the protocol from well-known crates, where the module uses the kernel's.

use crate::rpc::integrity::{
    Aead,
    TAG_LEN, //
};
use crate::rpc::keys::Crypto;
use chacha20poly1305::{
    AeadInPlace,
    ChaCha20Poly1305,
    KeyInit, //
};
use hmac::{
    Hmac,
    Mac, //
};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// HMAC, SipHash and AEAD in user space.
pub(crate) struct HostCrypto;

impl Crypto for HostCrypto {
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes any key");
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

/// The 12 bytes of nonce that the kernel makes of its 64-bit one.
fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_le_bytes());
    nonce
}

/// Encrypts `text` in place; gives the tag.
pub(crate) fn encrypt(aead: &Aead<'_>, text: &mut [u8]) -> [u8; TAG_LEN] {
    ChaCha20Poly1305::new(aead.key.into())
        .encrypt_in_place_detached(&nonce(aead.nonce).into(), &aead.header, text)
        .expect("texts are far shorter than the cipher's limit")
        .into()
}

/// Decrypts `text` in place, if the tag is right.
pub(crate) fn decrypt(aead: &Aead<'_>, text: &mut [u8], tag: &[u8; TAG_LEN]) -> bool {
    ChaCha20Poly1305::new(aead.key.into())
        .decrypt_in_place_detached(&nonce(aead.nonce).into(), &aead.header, text, tag.into())
        .is_ok()
}
