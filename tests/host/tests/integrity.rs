// SPDX-License-Identifier: GPL-2.0

//! Tests of sequence numbers and tags, in all modes.

use crate::control::abi::Integrity;
use crate::crypto::{
    decrypt,
    encrypt,
    HostCrypto, //
};
use crate::rpc::integrity::*;
use crate::rpc::keys::*;
use crate::rpc::wire::*;
use proptest::prelude::*;

/// One frame as it travels.
#[derive(Clone)]
struct Frame {
    header: [u8; HEADER_LEN],
    message: Vec<u8>,
    data: Vec<u8>,
}

fn keys() -> ConnectionKeys {
    ConnectionKeys::derive(
        &HostCrypto,
        &[9; 32],
        [b"hello", b"challenge", b"proof", b"welcome"],
    )
}

/// Sends frames of any mode.
struct Sending(Sealer);

impl Sending {
    fn new(mode: Integrity) -> Self {
        Self(Sealer::new(mode, keys().client))
    }

    fn frame(&mut self, message: &[u8], data: &[u8]) -> Frame {
        let id = RequestId::new(1, 1).expect("valid");
        let lens = (message.len() as u32, data.len() as u32);
        let header = Header::request(Kind::ECHO, id, false, lens.0, lens.1);
        let (mut message, mut data) = (message.to_vec(), data.to_vec());
        let header = if self.0.mode() == Integrity::Encrypt {
            let mut text = [message.as_slice(), &data].concat();
            let sealed = self
                .0
                .seal_aead(header, |aead| Ok::<_, ()>(encrypt(&aead, &mut text)));
            let (front, back) = text.split_at(message.len());
            (message, data) = (front.to_vec(), back.to_vec());
            sealed.expect("the cipher does not fail")
        } else {
            self.0.seal(&HostCrypto, header, &message, [&data[..]])
        };
        Frame {
            header,
            message,
            data,
        }
    }
}

/// Receives frames of any mode; gives message and data of a good one.
struct Receiving(Opener);

impl Receiving {
    fn new(mode: Integrity) -> Self {
        Self(Opener::new(mode, keys().client))
    }

    fn frame(&mut self, frame: &Frame) -> Result<(Vec<u8>, Vec<u8>), FrameError> {
        let header = Header::decode(&frame.header, Sender::Client)?;
        if self.0.mode() != Integrity::Encrypt {
            // In pieces, as a page vector would give them.
            self.0.open(
                &HostCrypto,
                &header,
                &frame.message,
                frame.data.chunks(CHUNK),
            )?;
            return Ok((frame.message.clone(), frame.data.clone()));
        }
        let mut text = [frame.message.as_slice(), &frame.data].concat();
        self.0
            .open_aead(&header, |aead, tag| decrypt(&aead, &mut text, tag))?;
        let (message, data) = text.split_at(frame.message.len());
        Ok((message.to_vec(), data.to_vec()))
    }
}

#[test]
fn frames_come_through_in_all_modes() {
    for mode in Integrity::ALL {
        let (mut sending, mut receiving) = (Sending::new(mode), Receiving::new(mode));
        for size in [0, 1, 4095, 4096, 4097, 3 * 4096] {
            let (message, data) = (vec![0x11; size / 100], vec![0x22; size]);
            let frame = sending.frame(&message, &data);
            assert_eq!(
                receiving.frame(&frame),
                Ok((message, data)),
                "{mode:?} {size}"
            );
        }
    }
}

#[test]
fn only_encrypt_hides_the_content() {
    for mode in Integrity::ALL {
        let frame = Sending::new(mode).frame(b"message", &[0; 100]);
        let hidden = frame.message != b"message" && frame.data != [0; 100];
        assert_eq!(hidden, mode == Integrity::Encrypt, "{mode:?}");
    }
}

#[test]
fn replayed_dropped_and_reordered_frames_are_noticed() {
    for mode in Integrity::ALL {
        let (mut sending, mut receiving) = (Sending::new(mode), Receiving::new(mode));
        let [first, second, third] = [b"1", b"2", b"3"].map(|text| sending.frame(text, b"data"));
        assert!(receiving.frame(&first).is_ok());
        let wrong = |got| Err(FrameError::WrongSequence { expected: 1, got });
        assert_eq!(receiving.frame(&first), wrong(0), "{mode:?}: replayed");
        assert_eq!(receiving.frame(&third), wrong(2), "{mode:?}: one left out");
        assert!(receiving.frame(&second).is_ok(), "{mode:?}");
        assert!(receiving.frame(&third).is_ok(), "{mode:?}");
    }
}

#[test]
fn renumbering_a_frame_does_not_help() {
    for mode in Integrity::ALL {
        let (mut sending, mut receiving) = (Sending::new(mode), Receiving::new(mode));
        let first = sending.frame(b"1", b"");
        assert!(receiving.frame(&first).is_ok());
        let mut replayed = first.clone();
        replayed.header[40] = 1;
        assert_eq!(
            receiving.frame(&replayed),
            Err(FrameError::BadTag),
            "{mode:?}"
        );
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    for mode in Integrity::ALL {
        let good = Sending::new(mode).frame(b"some message", &[7; 5000]);
        let rejected = |frame: &Frame| Receiving::new(mode).frame(frame).is_err();
        for i in 0..HEADER_LEN {
            let mut bad = good.clone();
            bad.header[i] ^= 1;
            assert!(rejected(&bad), "{mode:?}: header byte {i}");
        }
        for i in 0..good.message.len() {
            let mut bad = good.clone();
            bad.message[i] ^= 0x80;
            assert!(rejected(&bad), "{mode:?}: message byte {i}");
        }
        for i in [0, 1, 4095, 4096, 4999] {
            let mut bad = good.clone();
            bad.data[i] ^= 0x80;
            // What the default mode does not promise, and its documentation says so.
            assert_eq!(
                rejected(&bad),
                mode != Integrity::Header,
                "{mode:?}: data byte {i}"
            );
        }
    }
}

#[test]
fn pieces_of_data_cannot_change_places() {
    let mut sending = Sending::new(Integrity::Full);
    let data = [[1; CHUNK], [2; CHUNK]].concat();
    let mut frame = sending.frame(b"", &data);
    frame.data.rotate_left(CHUNK);
    let result = Receiving::new(Integrity::Full).frame(&frame);
    assert_eq!(result, Err(FrameError::BadTag));
}

#[test]
fn boundaries_of_the_senders_memory_do_not_matter() {
    let (keys_a, keys_b) = (keys().client, keys().client);
    let data = [5; 3 * CHUNK + 17];
    let header = Header::new(Kind::ECHO, 0, data.len() as u32);
    let mut whole = Sealer::new(Integrity::Full, keys_a);
    let mut pages = Sealer::new(Integrity::Full, keys_b);
    assert_eq!(
        whole.seal(&HostCrypto, header, b"", [&data[..]]),
        pages.seal(
            &HostCrypto,
            header,
            b"",
            [&data[..2 * CHUNK], &data[2 * CHUNK..]]
        )
    );
}

#[test]
fn a_reflected_frame_is_noticed() {
    for mode in [Integrity::Header, Integrity::Full] {
        let header = Header::new(Kind::GOODBYE, 0, 0);
        let sent = Sealer::new(mode, keys().client).seal(&HostCrypto, header, b"", []);
        let header = Header::decode(&sent, Sender::Server).expect("a goodbye goes both ways");
        let result = Opener::new(mode, keys().server).open(&HostCrypto, &header, b"", []);
        assert_eq!(result, Err(FrameError::BadTag), "{mode:?}");
    }
}

#[test]
fn modes_do_not_understand_each_other() {
    for (ours, theirs) in [
        (Integrity::Header, Integrity::Full),
        (Integrity::Full, Integrity::Header),
        (Integrity::Full, Integrity::Encrypt),
        (Integrity::Encrypt, Integrity::Header),
    ] {
        let frame = Sending::new(ours).frame(b"message", b"data");
        let result = Receiving::new(theirs).frame(&frame);
        assert_eq!(result, Err(FrameError::BadTag), "{ours:?} to {theirs:?}");
    }
}

#[test]
fn a_failed_encryption_uses_up_no_number() {
    let mut sealer = Sealer::new(Integrity::Encrypt, keys().client);
    let header = Header::new(Kind::GOODBYE, 0, 0);
    assert_eq!(
        sealer.seal_aead(header, |_| Err("no memory")),
        Err("no memory")
    );
    let sent = sealer.seal_aead(header, |aead| Ok::<_, ()>(encrypt(&aead, &mut [])));
    let sent = Header::decode(&sent.expect("works"), Sender::Client).expect("valid");
    assert_eq!(sent.seq, 0);
}

#[test]
fn tag_is_the_documented_one() {
    let keys = keys();
    let key = &keys.client;
    let (message, data) = (b"msg".as_slice(), [3; CHUNK + 1]);
    let mut header = Header::new(Kind::ECHO, 3, data.len() as u32);
    let sent = Sealer::new(Integrity::Full, self::keys().client).seal(
        &HostCrypto,
        header,
        message,
        [&data[..]],
    );
    let sip = |key, bytes: &[u8]| HostCrypto.siphash(key, bytes).to_le_bytes();
    let pieces = [
        sip(key.chunk, &data[..CHUNK]),
        sip(key.chunk, &data[CHUNK..]),
    ];
    let mut chain = [0; 8];
    for piece in pieces {
        chain = sip(key.chain, &[chain, piece].concat());
    }
    let covered = [sip(key.message, message), chain].concat();
    header.tag.copy_from_slice(&covered);
    let tag = sip(key.head, &header.encode());
    assert_eq!(sent[48..56], tag);
    assert_eq!(sent[56..64], [0; 8]);
}

#[test]
fn siphash_is_the_published_one() {
    // Test vector of the SipHash paper: key 00..0f, input 00..0e.
    let key = [0x0706050403020100, 0x0f0e0d0c0b0a0908];
    let input: Vec<u8> = (0..15).collect();
    assert_eq!(HostCrypto.siphash(key, &input), 0xa129ca6149be45e5);
}

proptest! {
    #[test]
    fn any_content_comes_through(
        frames in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec(any::<u8>(), 0..9000)),
            1..6
        ),
        mode in prop::sample::select(Integrity::ALL.to_vec())
    ) {
        let (mut sending, mut receiving) = (Sending::new(mode), Receiving::new(mode));
        for (message, data) in frames {
            let frame = sending.frame(&message, &data);
            prop_assert_eq!(receiving.frame(&frame), Ok((message, data)));
        }
    }
}
