// SPDX-License-Identifier: GPL-2.0

//! Integrity of the frames of a session: sequence numbers and tags.
//!
//! Every frame has the number that follows the one before it on the same connection and in the
//! same direction, and a tag under that direction's key of that connection. A frame that was
//! injected, altered, replayed, reordered, left out or reflected is therefore noticed, and it is
//! noticed before anything in it is used. What the tag covers depends on the link's mode:
//!
//! * `header`: header and message. Bulk data can be altered by somebody on the wire, as with NFS
//!   and sec=sys, but no call can be made, repeated or changed.
//! * `full`: bulk data too.
//! * `encrypt`: all of it is authenticated, message and data are encrypted as well.
//!
//! In the first two modes the tag is a 64-bit SipHash-2-4, which costs a fraction of what a
//! SHA-256 costs; one wrong tag ends the connection and its keys, so there is one guess in 2^64:
//!
//! ```text
//! m   = 0 if there is no message, else SipHash(message key, message)
//! c   = 0;  in mode full, for each 4 KiB of data (the last may be shorter):
//!           c = SipHash(chain key, c | SipHash(chunk key, piece))
//! tag = SipHash(head key, header with m | c in place of the tag) | 8 bytes of zero
//! ```
//!
//! Pieces are counted from the start of the data whatever memory they lie in, so that pages can be
//! hashed where they are. The lengths are in the header, hence no two frames have the same input.
//!
//! In mode `encrypt` the tag is the one of ChaCha20-Poly1305 over message and data, with the
//! header (tag zero) as associated data and the sequence number as the nonce.

use super::keys::{
    Crypto,
    DirectionKeys, //
};
use super::wire::{
    FrameError,
    Header,
    HEADER_LEN, //
};
use crate::control::abi::Integrity;

/// Data is hashed in pieces of so many bytes.
pub(crate) const CHUNK: usize = 4096;

/// Bytes of a tag.
pub(crate) const TAG_LEN: usize = 16;

/// Input of one AEAD operation, besides the text.
pub(crate) struct Aead<'a> {
    /// The key.
    pub(crate) key: &'a [u8; 32],
    /// The nonce, which comes as the last 8 of 12 bytes, little-endian.
    pub(crate) nonce: u64,
    /// The associated data.
    pub(crate) header: [u8; HEADER_LEN],
}

/// The sending side of one direction of one connection.
pub(crate) struct Sealer {
    side: Side,
}

impl Sealer {
    /// Begins with frame number 0.
    pub(crate) fn new(mode: Integrity, keys: DirectionKeys) -> Self {
        Self {
            side: Side::new(mode, keys),
        }
    }

    /// The link's mode: says which of the two functions below is to be used.
    pub(crate) fn mode(&self) -> Integrity {
        self.side.mode
    }

    /// Numbers and tags a frame in mode `header` or `full`. Each item of `data` but the last has
    /// to be a multiple of [`CHUNK`] bytes long; `data` is not looked at in mode `header`.
    /// Returns the header to send.
    pub(crate) fn seal<'d>(
        &mut self,
        crypto: &impl Crypto,
        mut header: Header,
        message: &[u8],
        data: impl IntoIterator<Item = &'d [u8]>,
    ) -> [u8; HEADER_LEN] {
        header.seq = self.side.next;
        header.tag = self.side.tag(crypto, &header, message, data);
        self.side.advance();
        header.encode()
    }

    /// Numbers a frame in mode `encrypt`; `encrypt` has to encrypt message and data, as one text,
    /// and to return the tag. Returns the header to send.
    ///
    /// # Errors
    ///
    /// Those of `encrypt`; then the number is not used up.
    pub(crate) fn seal_aead<E>(
        &mut self,
        mut header: Header,
        encrypt: impl FnOnce(Aead<'_>) -> Result<[u8; TAG_LEN], E>,
    ) -> Result<[u8; HEADER_LEN], E> {
        header.seq = self.side.next;
        header.tag = encrypt(self.side.aead(&header))?;
        self.side.advance();
        Ok(header.encode())
    }
}

/// The receiving side of one direction of one connection.
pub(crate) struct Opener {
    side: Side,
}

impl Opener {
    /// Begins with frame number 0.
    pub(crate) fn new(mode: Integrity, keys: DirectionKeys) -> Self {
        Self {
            side: Side::new(mode, keys),
        }
    }

    /// The link's mode: says which of the two functions below is to be used.
    pub(crate) fn mode(&self) -> Integrity {
        self.side.mode
    }

    /// Whether `header` can be the next frame's: a cheap test before its body is received, which
    /// the functions below repeat.
    ///
    /// # Errors
    ///
    /// [`FrameError::WrongSequence`].
    pub(crate) fn check_sequence(&self, header: &Header) -> Result<(), FrameError> {
        if header.seq != self.side.next {
            return Err(FrameError::WrongSequence {
                expected: self.side.next,
                got: header.seq,
            });
        }
        Ok(())
    }

    /// Checks a whole frame in mode `header` or `full`; `data` as for [`Sealer::seal`].
    ///
    /// # Errors
    ///
    /// [`FrameError::WrongSequence`], [`FrameError::BadTag`]; nothing in the frame may be used.
    pub(crate) fn open<'d>(
        &mut self,
        crypto: &impl Crypto,
        header: &Header,
        message: &[u8],
        data: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), FrameError> {
        self.check_sequence(header)?;
        let tag = self.side.tag(crypto, header, message, data);
        // One integer comparison: its time does not depend on where the difference is.
        if u128::from_le_bytes(tag) != u128::from_le_bytes(header.tag) {
            return Err(FrameError::BadTag);
        }
        self.side.advance();
        Ok(())
    }

    /// Checks and decrypts a whole frame in mode `encrypt`; `decrypt` says whether the tag, which
    /// is its second argument, is right, and if so has decrypted message and data.
    ///
    /// # Errors
    ///
    /// [`FrameError::WrongSequence`], [`FrameError::BadTag`]; nothing in the frame may be used.
    pub(crate) fn open_aead(
        &mut self,
        header: &Header,
        decrypt: impl FnOnce(Aead<'_>, &[u8; TAG_LEN]) -> bool,
    ) -> Result<(), FrameError> {
        self.check_sequence(header)?;
        if !decrypt(self.side.aead(header), &header.tag) {
            return Err(FrameError::BadTag);
        }
        self.side.advance();
        Ok(())
    }
}

/// What both sides have.
struct Side {
    mode: Integrity,
    keys: DirectionKeys,
    /// Number of the next frame.
    next: u64,
}

impl Side {
    fn new(mode: Integrity, keys: DirectionKeys) -> Self {
        Self {
            mode,
            keys,
            next: 0,
        }
    }

    /// Goes on to the next number. No connection lives long enough to use up 64 bits; if one did,
    /// the number would stop, and the peer would end the connection.
    fn advance(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    /// The SipHash tag of a frame.
    fn tag<'d>(
        &self,
        crypto: &impl Crypto,
        header: &Header,
        message: &[u8],
        data: impl IntoIterator<Item = &'d [u8]>,
    ) -> [u8; TAG_LEN] {
        let keys = &self.keys;
        let message = match message {
            [] => 0,
            bytes => crypto.siphash(keys.message, bytes),
        };
        let data = match self.mode {
            Integrity::Header => 0,
            _ => data
                .into_iter()
                .flat_map(|bytes| bytes.chunks(CHUNK))
                .map(|piece| crypto.siphash(keys.chunk, piece))
                .fold(0, |chain, piece| {
                    crypto.siphash(keys.chain, &pair(chain, piece))
                }),
        };
        let mut covered = *header;
        covered.tag = pair(message, data);
        pair(crypto.siphash(keys.head, &covered.encode()), 0)
    }

    /// The input of the AEAD operation on a frame.
    fn aead(&self, header: &Header) -> Aead<'_> {
        let mut covered = *header;
        covered.tag = [0; TAG_LEN];
        Aead {
            key: &self.keys.aead,
            nonce: header.seq,
            header: covered.encode(),
        }
    }
}

/// Two numbers as 16 bytes.
fn pair(low: u64, high: u64) -> [u8; 16] {
    (u128::from(low) | (u128::from(high) << 64)).to_le_bytes()
}
