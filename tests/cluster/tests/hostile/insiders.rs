// SPDX-License-Identifier: GPL-2.0
//! Attacks on and through an authenticated link: a frame that no honest node sends, in order and
//! unaltered, ends the connection and has no other effect.

use std::{io::Write, net::TcpStream};

use anyhow::Result;
use mosix_core::{
    control::abi::Integrity,
    peer::{at, kind, request_id, Frame, Link, Player, DATA_MAX, MSG_MAX, REPLY},
};

use crate::attacker::{on_scene, wait_closed, Count, Scene};

/// Runs a test with a victim that finds node 3 alive: who is dead has no link to be attacked.
fn on_insider(integrity: Integrity, test: impl FnOnce(&Scene<'_>, &Player) -> Result<()>) {
    on_scene(integrity.name(), |scene| {
        let insider = Player {
            mode: integrity,
            ..scene.insider()
        };
        scene.while_answering(&insider, || test(scene, &insider))
    });
}

const BAD_FRAME: Count = |counters| counters.bad_frames;

/// Says something on a new link; the victim has to close it and to give `why` as its reason.
fn say(
    scene: &Scene<'_>,
    player: &Player,
    what: &str,
    why: &str,
    make: impl FnOnce(&mut Link<TcpStream>) -> Result<Vec<u8>>,
) -> Result<()> {
    let mut link = scene.link_of(player)?;
    let bytes = make(&mut link)?;
    scene.attack(
        what,
        &format!("link from node 3 closed: {why}"),
        BAD_FRAME,
        || {
            link.stream.write_all(&bytes)?;
            wait_closed(&mut link.stream)
        },
    )
}

/// Sends a frame with right number and tag that has other bytes at a place.
fn alter(scene: &Scene<'_>, what: &str, place: usize, bytes: &[u8], why: &str) -> Result<()> {
    say(scene, &scene.insider(), what, why, |link| {
        let mut frame = link.seal(&Frame::echo(request_id(0, 1), vec![7; 100]));
        frame[place..place + bytes.len()].copy_from_slice(bytes);
        Ok(frame)
    })
}

/// Sends frames that are sealed as they have to be.
fn send(scene: &Scene<'_>, what: &str, frames: &[Frame], why: &str) -> Result<()> {
    say(scene, &scene.insider(), what, why, |link| {
        Ok(frames.iter().flat_map(|frame| link.seal(frame)).collect())
    })
}

fn echo(slot: u16, round: u64) -> Frame {
    Frame::echo(request_id(slot, round), Vec::new())
}

#[test]
fn altered_and_misplaced_frames_end_the_link() {
    on_insider(Integrity::Header, |scene, insider| {
        let bad_tag = "authentication tag does not match";
        alter(scene, "wrong tag", at::TAG, &[0; 16], bad_tag)?;
        alter(scene, "another id", at::ID, &[1], bad_tag)?;
        alter(
            scene,
            "another kind",
            at::KIND,
            &[kind::ECHO as u8 + 1],
            bad_tag,
        )?;
        alter(scene, "shorter", at::DATA_LEN, &[99], bad_tag)?;
        alter(
            scene,
            "number",
            at::SEQ,
            &[7],
            "frame number 7 where 0 had to come",
        )?;
        alter(
            scene,
            "version",
            at::VERSION,
            &[2],
            "frame version 2, this node speaks 1",
        )?;
        alter(scene, "flags", at::FLAGS, &[0x40], "unknown flags 0x0040")?;
        alter(
            scene,
            "kind",
            at::KIND,
            &[0xf0, 0xff],
            "unknown frame type 0xfff0",
        )?;
        let (msg, data) = ((MSG_MAX + 1).to_le_bytes(), (DATA_MAX + 1).to_le_bytes());
        alter(
            scene,
            "long message",
            at::MSG_LEN,
            &msg,
            "message of 65537 bytes",
        )?;
        alter(
            scene,
            "long data",
            at::DATA_LEN,
            &data,
            "data of 1048577 bytes",
        )?;

        let injected = scene.link()?.seal(&Frame::ping(1));
        say(scene, insider, "injected", bad_tag, |_| Ok(injected))?;
        say(
            scene,
            insider,
            "replayed",
            "frame number 0 where 1 had to come",
            |link| {
                let frame = link.seal(&Frame::ping(1));
                Ok([frame.clone(), frame].concat())
            },
        )?;
        say(
            scene,
            insider,
            "out of order",
            "frame number 1 where 0 had to come",
            |link| {
                let (first, second) = (link.seal(&Frame::ping(1)), link.seal(&Frame::ping(2)));
                Ok([second, first].concat())
            },
        )?;
        say(scene, insider, "garbage", "not a mosix frame", |_| {
            Ok(vec![0x5c; 1000])
        })?;

        // A connection that just breaks in the middle of a frame is nobody's fault.
        let mut link = scene.link()?;
        let frame = link.seal(&Frame::echo(request_id(0, 1), vec![7; 5000]));
        link.stream.write_all(&frame[..3000])?;
        drop(link);
        Ok(())
    });
}

#[test]
fn frames_that_break_the_rules_of_a_session_end_the_link() {
    on_insider(Integrity::Header, |scene, _| {
        let reply = Frame {
            flags: REPLY,
            ..echo(0, 1)
        };
        send(scene, "reply", &[reply], "echo frame from the wrong side")?;
        let status = Frame {
            status: -1,
            ..echo(0, 1)
        };
        send(scene, "status", &[status], "echo frame with a field set")?;
        send(
            scene,
            "slot",
            &[echo(64, 1)],
            "request in slot 64, only 64 are granted",
        )?;
        send(
            scene,
            "twice",
            &[echo(0, 1), echo(0, 1)],
            "request 0.1 twice on one connection",
        )?;
        send(
            scene,
            "skipped",
            &[echo(5, 2)],
            "request 5.2 does not follow in its slot",
        )?;
        send(scene, "no id", &[echo(0, 0)], "id 0x0 names no request")?;
        let acked = Frame {
            acked: request_id(3, 1),
            ..echo(0, 1)
        };
        send(
            scene,
            "acknowledged",
            &[acked],
            "acknowledges 0x10003, which was not answered",
        )?;
        let ping = Frame {
            data: vec![1; 8],
            ..Frame::ping(1)
        };
        send(scene, "ping", &[ping], "ping frame with a field set")?;
        let hello = Frame {
            kind: kind::HELLO,
            ..Frame::default()
        };
        send(scene, "hello", &[hello], "hello frame with a field set")?;
        Ok(())
    });
}

#[test]
fn altered_data_is_noticed_where_data_is_covered() {
    for mode in [Integrity::Full, Integrity::Encrypt] {
        on_insider(mode, |scene, insider| {
            let why = "authentication tag does not match";
            say(scene, insider, "altered data", why, |link| {
                let mut frame = link.seal(&Frame::echo(request_id(0, 1), vec![7; 9000]));
                frame[at::BODY + 5000] ^= 1;
                Ok(frame)
            })?;
            let mut link = scene.link_of(insider)?;
            link.send(&Frame::ping(5))?;
            assert_eq!(link.receive()?.id, 5);
            Ok(())
        });
    }
}

#[test]
fn requests_that_have_to_wait_hold_up_nobody() {
    on_scene("header", |scene| {
        // Node 3 does not answer the victim's heartbeats: nothing may be executed on its behalf.
        let mut link = scene.link()?;
        for slot in 0..link.credits {
            link.send(&echo(slot, 1))?;
        }
        link.send(&Frame::ping(1))?;
        let first = link.receive()?;
        assert_eq!(first.kind, kind::PING, "it was executed: {first:?}");
        scene
            .c
            .node(2)
            .sh("mosix ping 1 --once -c 20 -j 4 --timeout 5")?;
        // Nor do they keep their own node from beginning anew.
        drop(link);
        scene.link().map(drop)
    });
}
