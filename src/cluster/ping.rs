// SPDX-License-Identifier: GPL-2.0

//! `mosix ping`: tries the link to a peer with real requests.

use kernel::prelude::*;

use zerocopy::little_endian::U64;

use super::{
    membership::Membership,
    peer::Peer,
    probe::{
        Tally,
        Total, //
    }, //
};
use crate::{
    control::abi::ping::{
        encoded_len,
        Report,
        Request,
        FLAG_ONCE, //
    },
    linux::{
        bytes,
        clock,
        crypto,
        errno::*, //
    },
    rpc::{
        call::Patience,
        frame::Body,
        wire::Kind, //
    }, //
};

impl Membership {
    /// Tries the link to a node; gives the report with its round trips.
    pub(super) fn ping(&self, request: &Request) -> Result<KVVec<u8>> {
        if !request.is_valid() || request.node.get() == self.own_number() {
            return Err(EINVAL);
        }
        let peer = self.find(request.node.get()).ok_or(ENOENT)?;
        let count = request.count.get() as usize;
        let mut out = KVVec::with_capacity(encoded_len(count), GFP_KERNEL)?;
        let mut report = Report::default();
        out.extend_from_slice(report.as_bytes(), GFP_KERNEL)?;
        let mut answered = 0u32;
        let mut word = crypto::random_u64();
        for _ in 0..count {
            // Another one each time: an answer to the one before must not do.
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let begun = clock::boottime_ns();
            match peer.try_link(request, word, begun) {
                Ok(executed) => report.executed = executed.into(),
                Err(error) => {
                    report.error = error.to_errno().unsigned_abs().into();
                    break;
                }
            }
            let ns = U64::new(clock::boottime_ns().saturating_sub(begun));
            out.extend_from_slice(ns.as_bytes(), GFP_KERNEL)?;
            answered = answered.saturating_add(1);
        }
        report.answered = answered.into();
        if let Some(head) = out.get_mut(..size_of::<Report>()) {
            head.copy_from_slice(report.as_bytes());
        }
        Ok(out)
    }
}

impl Peer {
    /// One request, with contents made of `word`; gives the number that the peer has counted, if it is
    /// one that counts.
    fn try_link(&self, request: &Request, word: u64, now_ns: u64) -> Result<u64> {
        let timeout_ns = u64::from(request.timeout_ms.get()).saturating_mul(1_000_000);
        let patience = Patience::Interruptible {
            deadline_ns: now_ns.saturating_add(timeout_ns),
        };
        if request.flags.get() & FLAG_ONCE != 0 {
            return self.tally(request.run, patience);
        }
        self.echo(request.bytes.get() as usize, word, patience)
            .map(|()| 0)
    }

    fn tally(&self, run: U64, patience: Patience) -> Result<u64> {
        let mut msg = KVec::new();
        msg.extend_from_slice(Tally { run }.as_bytes(), GFP_KERNEL)?;
        let body = Body {
            msg,
            ..Body::default()
        };
        let reply = self.client.call(Kind::TALLY, body, patience)?.check()?;
        let total = Total::ref_from_bytes(&reply.msg).map_err(|_| errno(EPROTO))?;
        Ok(total.executed.get())
    }

    /// Sends `len` bytes, made of `word`, and sees whether they come back.
    fn echo(&self, len: usize, word: u64, patience: Patience) -> Result {
        let mut data: KVVec<u8> = bytes::zeroed(len)?;
        for (at, chunk) in data.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&word.wrapping_add(at as u64).to_ne_bytes());
        }
        let sent: KVVec<u8> = bytes::concat(&[&data], 0)?;
        let body = Body {
            msg: KVec::new(),
            data,
        };
        let reply = self.client.call(Kind::ECHO, body, patience)?.check()?;
        if *reply.data != *sent || !reply.msg.is_empty() {
            return Err(errno(EPROTO));
        }
        Ok(())
    }
}
