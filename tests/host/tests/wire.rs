// SPDX-License-Identifier: GPL-2.0

//! Tests of the frame header: what is written is read back, and everything else is rejected.

use crate::rpc::wire::*;
use proptest::prelude::*;

/// A request that is as full as it may be.
fn request() -> Header {
    let id = RequestId::new(5, 9).expect("valid");
    let mut header = Header::request(Kind(0x21), id, true, 100, 4096);
    header.acked = RequestId::new(4, 2).expect("valid").raw();
    header.seq = 17;
    header.tag = [7; 16];
    header
}

/// Its reply.
fn reply() -> Header {
    let mut header = Header::reply(Kind(0x21), request().id, -2, 8, 0);
    header.credits = 64;
    header.seq = 3;
    header
}

fn decode(header: &Header, sender: Sender) -> Result<Header, FrameError> {
    Header::decode(&header.encode(), sender)
}

/// What comes of the request with one change.
fn request_with(change: impl FnOnce(&mut Header)) -> Result<Header, FrameError> {
    let mut header = request();
    change(&mut header);
    decode(&header, Sender::Client)
}

/// What comes of the reply with one change.
fn reply_with(change: impl FnOnce(&mut Header)) -> Result<Header, FrameError> {
    let mut header = reply();
    change(&mut header);
    decode(&header, Sender::Server)
}

#[test]
fn layout_is_the_documented_one() {
    let mut header = request();
    header.credits = 0x0102;
    header.status = -2;
    let bytes = header.encode();
    assert_eq!(&bytes[0..4], b"MOSX");
    assert_eq!(&bytes[4..8], [1, 0, 0x21, 0]);
    assert_eq!(&bytes[8..12], [2, 0, 0x02, 0x01]);
    assert_eq!(&bytes[12..16], [0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(&bytes[16..24], [100, 0, 0, 0, 0, 16, 0, 0]);
    assert_eq!(&bytes[24..32], [5, 0, 9, 0, 0, 0, 0, 0]);
    assert_eq!(&bytes[32..40], [4, 0, 2, 0, 0, 0, 0, 0]);
    assert_eq!(&bytes[40..48], [17, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(&bytes[48..64], [7; 16]);
}

#[test]
fn request_and_reply_round_trip() {
    assert_eq!(decode(&request(), Sender::Client), Ok(request()));
    assert_eq!(decode(&reply(), Sender::Server), Ok(reply()));
}

#[test]
fn foreign_bytes_are_rejected() {
    let mut bytes = request().encode();
    bytes[0] = b'G';
    let magic = u32::from_le_bytes(*b"GOSX");
    assert_eq!(
        Header::decode(&bytes, Sender::Client),
        Err(FrameError::BadMagic(magic))
    );
}

#[test]
fn other_version_is_rejected_before_anything_else() {
    let mut bytes = [0xff; HEADER_LEN];
    bytes[..4].copy_from_slice(b"MOSX");
    bytes[4..6].copy_from_slice(&[2, 0]);
    assert_eq!(
        Header::decode(&bytes, Sender::Client),
        Err(FrameError::BadVersion(2))
    );
}

#[test]
fn unknown_kinds_are_rejected() {
    for kind in [0, 4, 7, 0xd, 0xf, 0x90, 0x100, u16::MAX] {
        let result = request_with(|header| header.kind = Kind(kind));
        assert_eq!(result, Err(FrameError::UnknownKind(kind)));
    }
}

#[test]
fn unknown_flags_are_rejected() {
    let result = request_with(|header| header.flags |= 0x8004);
    assert_eq!(result, Err(FrameError::UnknownFlags(0x8004)));
}

#[test]
fn limits_are_exact() {
    assert!(request_with(|header| header.msg_len = MSG_MAX).is_ok());
    assert!(request_with(|header| header.data_len = DATA_MAX).is_ok());
    assert_eq!(
        request_with(|header| header.msg_len = MSG_MAX + 1),
        Err(FrameError::MessageTooLong(MSG_MAX + 1))
    );
    assert_eq!(
        request_with(|header| header.data_len = DATA_MAX + 1),
        Err(FrameError::DataTooLong(DATA_MAX + 1))
    );
    assert_eq!(
        request_with(|header| header.data_len = u32::MAX),
        Err(FrameError::DataTooLong(u32::MAX))
    );
}

#[test]
fn direction_is_checked() {
    let kind = request().kind;
    let wrong = Err(FrameError::WrongDirection(kind));
    assert_eq!(decode(&request(), Sender::Server), wrong);
    assert_eq!(decode(&reply(), Sender::Client), wrong);
    for kind in [Kind::HELLO, Kind::PROOF] {
        let wrong = Err(FrameError::WrongDirection(kind));
        assert_eq!(decode(&Header::new(kind, 8, 0), Sender::Server), wrong);
    }
    for kind in [Kind::CHALLENGE, Kind::WELCOME] {
        let wrong = Err(FrameError::WrongDirection(kind));
        assert_eq!(decode(&Header::new(kind, 8, 0), Sender::Client), wrong);
    }
}

#[test]
fn fields_of_the_other_direction_are_rejected() {
    let stray = Err(FrameError::StrayField(request().kind));
    assert_eq!(request_with(|header| header.status = -1), stray);
    assert_eq!(request_with(|header| header.credits = 1), stray);
    assert_eq!(reply_with(|header| header.acked = 1), stray);
    assert_eq!(reply_with(|header| header.flags |= flags::RETRY), stray);
}

#[test]
fn status_has_to_be_an_errno() {
    assert!(reply_with(|header| header.status = -4095).is_ok());
    for status in [1, -4096, i32::MIN, i32::MAX] {
        let result = reply_with(|header| header.status = status);
        assert_eq!(result, Err(FrameError::BadStatus(status)));
    }
}

#[test]
fn id_has_to_name_a_request() {
    for id in [0, 1, 0xffff] {
        assert_eq!(
            request_with(|header| header.id = id),
            Err(FrameError::BadId(id))
        );
        assert_eq!(
            reply_with(|header| header.id = id),
            Err(FrameError::BadId(id))
        );
    }
    let mut cancel = Header::new(Kind::CANCEL, 0, 0);
    assert_eq!(decode(&cancel, Sender::Client), Err(FrameError::BadId(0)));
    cancel.id = request().id;
    assert_eq!(decode(&cancel, Sender::Client), Ok(cancel));
}

#[test]
fn control_frames_carry_nothing_else() {
    for kind in [Kind::PING, Kind::GOODBYE, Kind::CANCEL] {
        let stray = Err(FrameError::StrayField(kind));
        let mut header = Header::new(kind, 1, 0);
        header.id = request().id;
        assert_eq!(decode(&header, Sender::Client), stray);
        header.msg_len = 0;
        header.data_len = 1;
        assert_eq!(decode(&header, Sender::Client), stray);
    }
    let mut goodbye = Header::new(Kind::GOODBYE, 0, 0);
    goodbye.seq = 4;
    goodbye.tag = [1; 16];
    assert_eq!(decode(&goodbye, Sender::Client), Ok(goodbye));
    assert_eq!(decode(&goodbye, Sender::Server), Ok(goodbye));
    goodbye.flags = flags::REPLY;
    let stray = Err(FrameError::StrayField(Kind::GOODBYE));
    assert_eq!(decode(&goodbye, Sender::Server), stray);
}

#[test]
fn handshake_frames_carry_nothing_else() {
    let changes: [fn(&mut Header); 8] = [
        |header| header.flags = flags::RETRY,
        |header| header.credits = 1,
        |header| header.status = 1,
        |header| header.data_len = 1,
        |header| header.id = 1,
        |header| header.acked = 1,
        |header| header.seq = 1,
        |header| header.tag = [1; 16],
    ];
    for change in changes {
        let mut header = Header::new(Kind::HELLO, 108, 0);
        assert_eq!(decode(&header, Sender::Client), Ok(header));
        change(&mut header);
        let stray = Err(FrameError::StrayField(Kind::HELLO));
        assert_eq!(decode(&header, Sender::Client), stray);
    }
    let mut refuse = Header::new(Kind::REFUSE, 0, 0);
    refuse.status = 2;
    assert_eq!(decode(&refuse, Sender::Server), Ok(refuse));
    assert_eq!(decode(&refuse, Sender::Client), Ok(refuse));
    refuse.msg_len = 1;
    let stray = Err(FrameError::StrayField(Kind::REFUSE));
    assert_eq!(decode(&refuse, Sender::Server), stray);
}

#[test]
fn request_ids_hold_slot_and_round() {
    let id = RequestId::new(u16::MAX, RequestId::ROUND_MAX).expect("valid");
    assert_eq!((id.slot(), id.round()), (u16::MAX, RequestId::ROUND_MAX));
    assert_eq!(RequestId::from_wire(id.raw()), Some(id));
    assert_eq!(RequestId::new(0, 0), None);
    assert_eq!(RequestId::new(0, RequestId::ROUND_MAX + 1), None);
    assert_eq!(RequestId::from_wire(0xffff), None);
}

#[test]
fn every_kind_belongs_to_the_service_of_its_range() {
    let services = [
        (Kind::PING, Service::Link),
        (Kind::REFUSE, Service::Handshake),
        (Kind::ECHO, Service::Cluster),
        (Kind(0x20), Service::Mfs),
        (Kind(0x5f), Service::Mfs),
        (Kind(0x60), Service::Migration),
        (Kind(0x8f), Service::Migration),
    ];
    for (kind, service) in services {
        assert_eq!(kind.service(), Some(service), "{kind}");
    }
}

#[test]
fn reasons_name_what_was_wrong() {
    let id = RequestId::new(3, 4).expect("valid");
    let reasons = [
        (FrameError::BadMagic(0x20544547), "0x20544547"),
        (FrameError::BadVersion(9), "version 9"),
        (FrameError::UnknownKind(0xee), "0x00ee"),
        (FrameError::UnexpectedKind(Kind::HELLO), "hello"),
        (FrameError::UnknownFlags(0x8000), "0x8000"),
        (FrameError::MessageTooLong(70000), "70000"),
        (FrameError::DataTooLong(2000000), "2000000"),
        (FrameError::WrongDirection(Kind::PING), "ping"),
        (FrameError::StrayField(Kind::GOODBYE), "goodbye"),
        (FrameError::BadStatus(5), "5"),
        (FrameError::BadId(0xab), "0xab"),
        (
            FrameError::WrongSequence {
                expected: 8,
                got: 7,
            },
            "number 7 where 8",
        ),
        (FrameError::BadTag, "tag"),
        (FrameError::UnexpectedReply(0x40003), "0x40003"),
        (FrameError::BadAck(0x40003), "0x40003"),
        (FrameError::DuplicateRequest(id), "3.4"),
        (FrameError::StaleRequest(id), "3.4"),
        (FrameError::OutOfOrder(id), "3.4"),
        (
            FrameError::CreditExceeded {
                slot: 64,
                granted: 32,
            },
            "slot 64, only 32",
        ),
    ];
    for (error, part) in reasons {
        let reason = error.to_string();
        assert!(reason.contains(part), "{reason:?} does not name {part:?}");
    }
}

proptest! {
    /// Whatever bytes arrive: no panic, and what is accepted is within the limits and is encoded
    /// to the same bytes again.
    #[test]
    fn any_bytes_are_rejected_or_in_form(
        bytes: [u8; 32], rest: [u8; 32], from_client: bool, near_valid: bool
    ) {
        let mut frame = [0; HEADER_LEN];
        frame[..32].copy_from_slice(&bytes);
        frame[32..].copy_from_slice(&rest);
        if near_valid {
            // Otherwise nearly all inputs fail at the magic.
            frame[..6].copy_from_slice(b"MOSX\x01\x00");
            frame[7] = 0;
            frame[8] &= 3;
            frame[9] = 0;
            frame[18..20].copy_from_slice(&[0; 2]);
            frame[22..24].copy_from_slice(&[0; 2]);
        }
        let sender = if from_client { Sender::Client } else { Sender::Server };
        if let Ok(header) = Header::decode(&frame, sender) {
            prop_assert!(header.msg_len <= MSG_MAX && header.data_len <= DATA_MAX);
            prop_assert!(header.kind.service().is_some());
            prop_assert_eq!(header.encode(), frame);
        }
    }

    /// Every well-formed request and reply is accepted and comes out as it went in.
    #[test]
    fn valid_headers_round_trip(
        kind in 0x10_u16..=0x8f, slot: u16, round in 1..=RequestId::ROUND_MAX, retry: bool,
        msg_len in 0..=MSG_MAX, data_len in 0..=DATA_MAX, status in -4095..=0,
        credits: u16, acked: u64, seq: u64, tag: [u8; 16]
    ) {
        let id = RequestId::new(slot, round).expect("valid");
        let mut header = Header::request(Kind(kind), id, retry, msg_len, data_len);
        (header.acked, header.seq, header.tag) = (acked, seq, tag);
        prop_assert_eq!(decode(&header, Sender::Client), Ok(header));
        prop_assert_eq!(header.request_id(), Ok(id));
        let mut header = Header::reply(Kind(kind), id.raw(), status, msg_len, data_len);
        (header.credits, header.seq, header.tag) = (credits, seq, tag);
        prop_assert_eq!(decode(&header, Sender::Server), Ok(header));
    }
}

#[test]
fn a_heartbeat_and_its_answer() {
    let ping = Header::ping(12);
    assert_eq!(decode(&ping, Sender::Client), Ok(ping));
    assert_eq!(
        (ping.kind, ping.id, ping.is_reply()),
        (Kind::PING, 12, false)
    );
    let pong = Header::pong(12, 2_000_000_000);
    assert_eq!(decode(&pong, Sender::Server), Ok(pong));
    assert_eq!((pong.id, pong.lease()), (12, 2_000_000_000));
    assert_eq!(Header::pong(12, 0).lease(), 0);
    let wrong = Err(FrameError::WrongDirection(Kind::PING));
    assert_eq!(decode(&ping, Sender::Server), wrong);
    assert_eq!(decode(&pong, Sender::Client), wrong);
}
