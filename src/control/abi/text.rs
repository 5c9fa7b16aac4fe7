// SPDX-License-Identifier: GPL-2.0
//! Short text in a field of fixed size, as the records of the control interface carry it.

use core::fmt;

use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

/// UTF-8 of at most `N - 1` bytes, filled up with zeros to `N`.
///
/// Each text has one way only to be written: the bytes behind its end are all zero.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// Empty text.
    pub const EMPTY: Self = Self([0; N]);

    /// Takes `text` whole, or not at all when it is too long or has a NUL in it.
    pub fn new(text: &str) -> Option<Self> {
        let fits = text.len() < N && !text.as_bytes().contains(&0);
        fits.then(|| Self::cut(text))
    }

    /// Takes as many whole characters of `text` as fit, up to the first NUL.
    pub fn cut(text: &str) -> Self {
        let mut out = Self::EMPTY;
        out.append(text);
        out
    }

    /// Adds as many whole characters of `text` as fit; whether all of them did.
    fn append(&mut self, text: &str) -> bool {
        let used = self.used();
        // The last byte stays zero.
        let room = N.saturating_sub(1).saturating_sub(used);
        let free = self.0.iter_mut().skip(used).take(room);
        let end = text
            .char_indices()
            .map(|(at, c)| (at + c.len_utf8(), c))
            .take_while(|(end, c)| *end <= room && *c != '\0')
            .last()
            .map_or(0, |(end, _)| end);
        for (to, from) in free.zip(text.as_bytes().iter().take(end)) {
            *to = *from;
        }
        end == text.len()
    }

    /// Bytes in front of the first zero.
    fn used(&self) -> usize {
        self.0.iter().take_while(|byte| **byte != 0).count()
    }

    /// The text, unless the field breaks the type's rules.
    pub fn get(&self) -> Option<&str> {
        let (text, rest) = self.0.split_at_checked(self.used())?;
        if rest.is_empty() || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        core::str::from_utf8(text).ok()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Formats into the field; what does not fit is cut off and reported as an error.
impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.append(s) {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(text) => fmt::Debug::fmt(text, f),
            None => f.write_str("(malformed)"),
        }
    }
}
