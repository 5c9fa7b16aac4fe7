// SPDX-License-Identifier: GPL-2.0

//! The kernel's crypto library: HMAC-SHA256, SipHash-2-4, ChaCha20-Poly1305, random bytes, and memory
//! that is wiped.
//!
//! C headers: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h),
//! [`include/linux/siphash.h`](srctree/include/linux/siphash.h),
//! [`include/crypto/chacha20poly1305.h`](srctree/include/crypto/chacha20poly1305.h)

use core::ops::{
    Deref,
    DerefMut, //
};

use kernel::{
    alloc::AllocError,
    error::to_result,
    prelude::*,
    uaccess::UserSlice, //
};

use crate::linux::{
    bindings,
    bytes,
    errno::*, //
};

/// Length of a Poly1305 tag, in bytes.
const AEAD_TAG: usize = 16;

/// HMAC-SHA256 of the concatenation of `parts`.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut ctx = bindings::hmac_sha256_ctx::default();
    // SAFETY: `ctx` is initialised first; each part is readable for its length; `out` has room for the
    // 32 bytes of the result. `final` wipes `ctx`.
    unsafe {
        bindings::hmac_sha256_init_usingrawkey(&mut ctx, key.as_ptr(), key.len());
        for part in parts {
            bindings::__sha256_update(&mut ctx.ctx.sha_ctx, part.as_ptr(), part.len());
        }
        bindings::hmac_sha256_final(&mut ctx, out.as_mut_ptr());
    }
    out
}

/// SipHash-2-4 of `data`.
pub(crate) fn siphash(key: [u64; 2], data: &[u8]) -> u64 {
    let key = bindings::siphash_key_t { key };
    // SAFETY: `data` is readable for its length; the unaligned variant has no other demand.
    unsafe { bindings::__siphash_unaligned(data.as_ptr().cast(), data.len(), &key) }
}

/// Encrypts `text` in place; gives its tag.
///
/// # Errors
///
/// `ENOMEM` when `text` has no room for the tag, and none is to be had.
pub(crate) fn aead_seal(
    key: &[u8; 32],
    nonce: u64,
    aad: &[u8],
    text: &mut KVVec<u8>,
) -> Result<[u8; AEAD_TAG], AllocError> {
    let len = text.len();
    bytes::append(text, &[0; AEAD_TAG])?;
    // SAFETY: `text` has room for the `len` bytes and the tag behind them; the function may work in
    // place; the rest is only read.
    unsafe {
        bindings::chacha20poly1305_encrypt(
            text.as_mut_ptr(),
            text.as_ptr(),
            len,
            aad.as_ptr(),
            aad.len(),
            nonce,
            key.as_ptr(),
        )
    };
    let tag = text.last_chunk().copied().ok_or(AllocError)?;
    text.truncate(len);
    Ok(tag)
}

/// Checks and decrypts `sealed` in place.
///
/// # Errors
///
/// `EBADMSG` when the tag is wrong, `ENOMEM` when `sealed` has no room for it and none is to be had.
pub(crate) fn aead_open(
    key: &[u8; 32],
    nonce: u64,
    aad: &[u8],
    sealed: &mut KVVec<u8>,
    tag: &[u8; AEAD_TAG],
) -> Result {
    let len = sealed.len();
    bytes::append(sealed, tag)?;
    // SAFETY: `sealed` has the tag at its end and is writable; the function may work in place; the
    // rest is only read.
    let good = unsafe {
        bindings::chacha20poly1305_decrypt(
            sealed.as_mut_ptr(),
            sealed.as_ptr(),
            sealed.len(),
            aad.as_ptr(),
            aad.len(),
            nonce,
            key.as_ptr(),
        )
    };
    sealed.truncate(len);
    if good {
        Ok(())
    } else {
        Err(errno(EBADMSG))
    }
}

/// Fills `out` with bytes that nobody can guess. May sleep once, early after boot.
///
/// # Errors
///
/// `ERESTARTSYS` when a signal ends that sleep.
pub(crate) fn random(out: &mut [u8]) -> Result {
    // SAFETY: May sleep; has no other requirements.
    to_result(unsafe { bindings::wait_for_random_bytes() })?;
    // SAFETY: `out` is writable for its length.
    unsafe { bindings::get_random_bytes(out.as_mut_ptr().cast(), out.len()) };
    Ok(())
}

/// A random number, which need not be a secret.
pub(crate) fn random_u64() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: `bytes` is writable for its length.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), bytes.len()) };
    u64::from_ne_bytes(bytes)
}

/// Overwrites `bytes` in a way that the compiler cannot leave out.
pub(crate) fn wipe(bytes: &mut [u8]) {
    // SAFETY: `bytes` is writable for its length.
    unsafe { bindings::mosix_memzero_explicit(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Secret bytes, in memory of their own that is wiped before it is given back. Has no `Debug`.
pub(crate) struct Secret<const N: usize>(KBox<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// A secret of zeroes, to be filled in place.
    pub(crate) fn zeroed() -> Result<Self> {
        Ok(Self(KBox::new([0; N], GFP_KERNEL)?))
    }

    /// A copy of `bytes`.
    pub(crate) fn copy_of(bytes: &[u8; N]) -> Result<Self> {
        let mut secret = Self::zeroed()?;
        secret.copy_from_slice(bytes);
        Ok(secret)
    }
}

impl<const N: usize> Deref for Secret<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Secret<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        wipe(self.0.as_mut_slice());
    }
}

/// Bytes from user space that may hold a secret; wiped before they are given back.
pub(crate) struct SecretBuf(KVVec<u8>);

impl SecretBuf {
    /// Copies all of `from`, whose length the caller has bounded.
    pub(crate) fn read_user(from: UserSlice) -> Result<Self> {
        // As long as it will be, so that what a copy leaves that stops in the middle is wiped, too.
        let mut reader = from.reader();
        let mut buf = Self(bytes::zeroed(reader.len())?);
        reader.read_slice(&mut buf.0)?;
        Ok(buf)
    }
}

impl Deref for SecretBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBuf {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}
