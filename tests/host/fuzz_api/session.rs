// SPDX-License-Identifier: GPL-2.0

//! Frames of a session: their tags, and the tables of requests and replies.

use super::Input;
use crate::control::abi::Integrity;
use crate::crypto::{
    decrypt,
    encrypt,
    HostCrypto, //
};
use crate::rpc::integrity::{
    Opener,
    Sealer,
    CHUNK, //
};
use crate::rpc::keys::ConnectionKeys;
use crate::rpc::replies::{
    self,
    Admission,
    Cancellation,
    Replies, //
};
use crate::rpc::requests::{
    self,
    Outgoing,
    Requests, //
};
use crate::rpc::wire::{
    Header,
    Kind,
    RequestId,
    Sender,
    HEADER_LEN, //
};

/// Slots of the tables.
const SLOTS: u16 = 4;

fn keys() -> ConnectionKeys {
    ConnectionKeys::derive(&HostCrypto, &[1; 32], [b"h", b"c", b"p", b"w"])
}

/// A frame that somebody without the keys has made, in each mode; and the same bytes as the
/// content of a genuine frame.
pub fn sealed(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let forged = Header::request(Kind::ECHO, first(), false, 0, 0);
    let forged = input.altered(forged.encode());
    let message_len = usize::from(input.byte());
    let message = input.bytes(message_len);
    let data = input.0;
    for mode in Integrity::ALL {
        let mut opener = Opener::new(mode, keys().client);
        if let Ok(header) = Header::decode(&forged, Sender::Client) {
            let opened = if mode == Integrity::Encrypt {
                let mut text = [message, data].concat();
                opener.open_aead(&header, |aead, tag| decrypt(&aead, &mut text, tag))
            } else {
                opener.open(&HostCrypto, &header, message, data.chunks(CHUNK))
            };
            assert!(opened.is_err(), "accepted a frame without the key");
        }
        // A rejected frame ends the connection, but has to leave the opener as it was.
        let mut sealer = Sealer::new(mode, keys().client);
        let lens = (message.len() as u32, data.len() as u32);
        let header = Header::request(Kind::ECHO, first(), false, lens.0, lens.1);
        if mode == Integrity::Encrypt {
            let mut text = [message, data].concat();
            let sent = sealer.seal_aead(header, |aead| Ok::<_, ()>(encrypt(&aead, &mut text)));
            let header = decoded(&sent.expect("the cipher does not fail"));
            let opened = opener.open_aead(&header, |aead, tag| decrypt(&aead, &mut text, tag));
            assert_eq!(opened, Ok(()));
            assert_eq!(text, [message, data].concat());
        } else {
            let sent = sealer.seal(&HostCrypto, header, message, [data]);
            let opened = opener.open(&HostCrypto, &decoded(&sent), message, data.chunks(CHUNK));
            assert_eq!(opened, Ok(()));
        }
    }
    Header::decode(&forged, Sender::Client).is_ok()
}

fn first() -> RequestId {
    RequestId::new(0, 1).expect("valid")
}

fn decoded(bytes: &[u8; HEADER_LEN]) -> Header {
    Header::decode(bytes, Sender::Client).expect("what is sent is well formed")
}

/// A client that knows the keys but does with ids what it likes.
pub fn replies(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut table = Replies::new((0..SLOTS).map(|_| replies::Slot::new()).collect::<Vec<_>>());
    table.grant(SLOTS - 1);
    table.connect();
    let mut executing = Vec::new();
    let mut answered = false;
    while !input.is_empty() {
        let what = input.byte();
        let id = match what & 0x80 {
            0 => RequestId::new(u16::from(input.byte()) % 6, u64::from(input.byte() % 8)),
            _ => RequestId::from_wire(u64::from_le_bytes(input.array())),
        };
        let Some(id) = id else {
            continue;
        };
        match what % 5 {
            0 => {
                if let Ok(Admission::Execute(_)) = table.admit(id, what & 0x40 != 0) {
                    assert!(id.slot() < SLOTS - 1);
                    assert!(!executing.contains(&id), "executed twice at once");
                    executing.push(id);
                }
            }
            1 => {
                if let Ok(Cancellation::Interrupt) = table.cancel(id) {
                    assert!(executing.contains(&id));
                }
            }
            2 => {
                let known = executing.iter().position(|one| *one == id);
                let done = table.done(id, (what & 0x40 != 0).then_some(id));
                assert_eq!(done.is_ok(), known.is_some());
                known.map(|index| executing.remove(index));
            }
            3 => {
                if let Ok(Some(reply)) = table.acked(id.raw()) {
                    assert_eq!(reply, id);
                    answered = true;
                }
            }
            _ => table.connect(),
        }
        assert_eq!(table.busy(), executing.len());
        assert!(table.busy() + table.kept() < usize::from(SLOTS));
    }
    answered
}

/// A server that knows the keys but replies to what it likes.
pub fn session(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let slots = (0..SLOTS)
        .map(|_| requests::Slot::new())
        .collect::<Vec<_>>();
    let mut table = Requests::new(slots);
    table.grant(SLOTS);
    let mut waiting = Vec::new();
    let mut number = 0_u32;
    let mut answered = false;
    while !input.is_empty() {
        let what = input.byte();
        match what % 8 {
            0 | 1 => {
                number += 1;
                if let Ok(id) = table.start(number, u64::from(input.byte())) {
                    waiting.push((id, number));
                }
            }
            2 => {
                if let Some(Outgoing::Request { id, payload, .. }) = table.next() {
                    assert!(waiting.contains(&(id, *payload)));
                }
            }
            3 => {
                let raw = match what & 0x80 {
                    0 => (u64::from(input.byte()) << 16) | u64::from(input.byte() % 5),
                    _ => u64::from_le_bytes(input.array()),
                };
                if let Ok(Some(payload)) = table.reply(raw) {
                    let known = waiting.iter().position(|(id, _)| id.raw() == raw);
                    let (_, number) = waiting.remove(known.expect("somebody has waited"));
                    assert_eq!(number, payload);
                    answered = true;
                }
            }
            4 => {
                if !waiting.is_empty() {
                    let (id, number) = waiting.remove(usize::from(what) % waiting.len());
                    assert_eq!(table.abandon(id), Some(number));
                }
            }
            5 => {
                if let Some((id, payload)) = table.expire(u64::from(input.byte())) {
                    waiting.retain(|one| *one != (id, payload));
                }
            }
            6 => table.resume(),
            _ => table.grant(u16::from(input.byte() % 8)),
        }
        table.take_ack();
        assert!(waiting.len() <= table.in_flight() && table.in_flight() <= usize::from(SLOTS));
        for (id, _) in &waiting {
            // Each is either still to be sent or can be answered.
            assert!(table.has_next() || table.waiting(id.raw()).is_ok());
        }
    }
    answered
}
