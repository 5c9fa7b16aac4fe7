// SPDX-License-Identifier: GPL-2.0
//! Attacks before authentication: without the key, with the wrong one, with recorded words.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use anyhow::{bail, ensure, Result};
use mosix_cluster::mosix::{self, status};
use mosix_core::{
    control::abi::Integrity,
    peer::{at, kind, CallError, Frame, Player, HELLO_LEN, SHORT_LEN},
};

use crate::attacker::{accept, on_scene, wait_closed, Count, Scene, INSIDER};

const FAILED: Count = |counters| counters.auth_failures;

/// The line that the victim logs about a connection.
fn refused(stream: &TcpStream, why: &str) -> Result<String> {
    Ok(format!(
        "connection from {} refused: {why}",
        stream.local_addr()?
    ))
}

/// Sends bytes from a new address; the victim has to close, and to give `why` as its reason.
fn say(scene: &Scene<'_>, what: &str, bytes: &[u8], why: &str) -> Result<()> {
    let mut stream = scene.connect()?;
    scene.attack(what, &refused(&stream, why)?, FAILED, || {
        stream.write_all(bytes)?;
        wait_closed(&mut stream)
    })
}

/// Calls from a new address. The caller has to be told `told`, and the victim to give `why`.
fn call(scene: &Scene<'_>, what: &str, player: &Player, told: &str, why: &str) -> Result<()> {
    call_node(scene, what, player, scene.to(), told, why)
}

fn call_node(
    scene: &Scene<'_>,
    what: &str,
    player: &Player,
    to: u16,
    told: &str,
    why: &str,
) -> Result<()> {
    let stream = scene.connect()?;
    scene.attack(what, &refused(&stream, why)?, FAILED, || {
        match player.call(to, 0, &stream) {
            Ok(_) => bail!("it was let in"),
            Err(CallError::Failed(text)) => {
                ensure!(text.contains(told), "the caller is told \"{text}\"");
                Ok(())
            }
            Err(other) => Err(other.into()),
        }
    })
}

/// A hello with other bytes at a place.
fn altered(scene: &Scene<'_>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut hello = scene.insider().hello(scene.to());
    hello[at..at + bytes.len()].copy_from_slice(bytes);
    hello
}

#[test]
fn who_does_not_know_the_key_is_not_let_in() {
    on_scene("header", |scene| {
        let insider = scene.insider();
        let stranger = Player {
            key: [0x5b; 32],
            ..insider.clone()
        };
        let closed = "refused (another key";
        call(
            scene,
            "wrong key",
            &stranger,
            closed,
            "authentication failed",
        )?;
        let elsewhere = Player::new("elsewhere", mosix::KEY, INSIDER);
        call(
            scene,
            "wrong cluster",
            &elsewhere,
            closed,
            "belongs to another cluster",
        )?;

        // Without a handshake at all: one end of a link to nobody seals what looks like a frame.
        let mut request = altered(scene, at::KIND, &kind::ECHO.to_le_bytes());
        request[at::ID] = 1;
        request[at::ID + 2] = 1;
        say(scene, "no key", &request, "echo frame has no place here")?;
        say(scene, "garbage", &[0xa7; 4096], "not a mosix frame")?;
        say(
            scene,
            "text",
            b"GET / HTTP/1.1\r\nHost: node1\r\n\r\n                                    ",
            "not a mosix frame",
        )
    });
}

#[test]
fn what_is_no_hello_ends_the_handshake() {
    on_scene("header", |scene| {
        let cases: [(&str, usize, &[u8], &str); 8] = [
            (
                "frame version",
                at::VERSION,
                &[2, 0],
                "frame version 2, this node speaks 1",
            ),
            (
                "unknown kind",
                at::KIND,
                &[0xff, 0xee],
                "unknown frame type 0xeeff",
            ),
            (
                "unknown flags",
                at::FLAGS,
                &[0, 0x80],
                "unknown flags 0x8000",
            ),
            (
                "oversized",
                at::MSG_LEN,
                &[0xff; 4],
                "message of 4294967295 bytes",
            ),
            (
                "oversized data",
                at::DATA_LEN,
                &[0xff; 4],
                "data of 4294967295 bytes",
            ),
            (
                "too long",
                at::MSG_LEN,
                &[0xff, 0, 0, 0],
                "malformed hello message",
            ),
            (
                "with data",
                at::DATA_LEN,
                &[1, 0, 0, 0],
                "hello frame with a field",
            ),
            ("node 0", at::BODY + 48, &[0, 0], "malformed hello message"),
        ];
        for (what, place, bytes, why) in cases {
            say(scene, what, &altered(scene, place, bytes), why)?;
        }
        // The one answer that a stranger gets besides no: the version that is spoken here.
        let mut stream = scene.connect()?;
        let why = refused(&stream, "frame version 9")?;
        scene.attack("version", &why, FAILED, || {
            stream.write_all(&altered(scene, at::VERSION, &[9, 0]))?;
            let mut answer = [0; at::BODY];
            stream.read_exact(&mut answer)?;
            assert_eq!(answer[at::VERSION..at::VERSION + 2], [1, 0]);
            wait_closed(&mut stream)
        })?;

        let mut stream = scene.connect()?;
        let why = refused(
            &stream,
            "connection reset, or closed in the middle of a frame",
        )?;
        scene.attack("truncated", &why, FAILED, || {
            let hello = scene.insider().hello(scene.to());
            stream.write_all(&hello[..hello.len() - 1])?;
            stream.shutdown(Shutdown::Write)?;
            wait_closed(&mut stream)
        })
    });
}

#[test]
fn recorded_and_reflected_words_are_worth_nothing() {
    on_scene("header", |scene| {
        let said = scene.link()?.said;
        let mut stream = scene.connect()?;
        let why = refused(&stream, "authentication failed")?;
        scene.attack("replayed handshake", &why, FAILED, || {
            stream.write_all(&said[0])?;
            stream.read_exact(&mut [0; SHORT_LEN])?;
            stream.write_all(&said[1])?;
            wait_closed(&mut stream)
        })?;

        // The victim itself is made to prove what the attacker cannot.
        let listener = scene.c.tcp_listen(mosix::PORT)?;
        reflect(
            scene,
            &listener,
            |_| {},
            "denied: the node has reached itself",
        )?;
        let swap = |hello: &mut [u8]| {
            let (from, to) = hello[at::BODY + 48..].split_at_mut(2);
            from.swap_with_slice(&mut to[..2]);
        };
        reflect(scene, &listener, swap, "authentication failed")
    });
}

/// Calls the victim with the words that it says when it calls node 3.
fn reflect(
    scene: &Scene<'_>,
    listener: &std::net::TcpListener,
    change: impl FnOnce(&mut [u8]),
    why: &str,
) -> Result<()> {
    let mut outer = accept(listener)?;
    let mut hello = [0; HELLO_LEN];
    outer.read_exact(&mut hello)?;
    change(&mut hello);
    let mut inner = scene.connect()?;
    let why = refused(&inner, why)?;
    scene.attack("reflected proof", &why, FAILED, || {
        inner.write_all(&hello)?;
        let mut word = [0; SHORT_LEN];
        inner.read_exact(&mut word)?;
        outer.write_all(&word)?;
        outer.read_exact(&mut word)?;
        inner.write_all(&word)?;
        wait_closed(&mut inner)
    })
}

#[test]
fn who_knows_the_key_has_to_be_who_he_says() {
    on_scene("header", |scene| {
        let insider = scene.insider();
        let as_node = |number| Player {
            number,
            ..insider.clone()
        };
        let duplicate = "another node with that number is alive";
        let denied = format!("denied: {duplicate}");
        call(
            scene,
            "the number of a node that is alive",
            &as_node(2),
            duplicate,
            &denied,
        )?;
        call(
            scene,
            "the victim's number",
            &as_node(1),
            duplicate,
            &denied,
        )?;
        let victim = Player {
            incarnation: status(&scene.victim())?.incarnation,
            ..as_node(1)
        };
        call(
            scene,
            "the victim",
            &victim,
            "reached itself",
            "denied: the node has reached itself",
        )?;
        let unknown = "no node with that number";
        call(
            scene,
            "a number nobody has",
            &as_node(9),
            unknown,
            &format!("denied: {unknown}"),
        )?;
        let meant = "denied: another node than the one meant";
        call_node(
            scene,
            "meant for node 2",
            &insider,
            2,
            "node 1 answered where node 2",
            meant,
        )?;
        for mode in [Integrity::Full, Integrity::Encrypt] {
            let other = Player {
                mode,
                ..insider.clone()
            };
            let told = "integrity mode \"header\"";
            call(
                scene,
                "another mode",
                &other,
                told,
                "denied: the integrity modes",
            )?;
        }
        // After all that the right one is let in, and his heartbeats are answered.
        let mut link = scene.link()?;
        link.send(&Frame::ping(1))?;
        assert_eq!(link.receive()?.id, 1);
        Ok(())
    });
}
