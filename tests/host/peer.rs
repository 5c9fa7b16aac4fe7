// SPDX-License-Identifier: GPL-2.0

//! A node that a test plays: speaks to a real module over a stream, with the module's own code for
//! frames, handshake and integrity, and lets the test say what no honest node says.
//!
//! Everything here blocks; time limits are those of the stream.

use std::{
    fmt,
    io::{
        self,
        Read,
        Write, //
    }, //
};

use crate::{
    control::abi::Integrity,
    crypto::{
        decrypt,
        encrypt,
        HostCrypto, //
    },
    rpc::{
        handshake::{
            cluster_id,
            Established,
            Grant,
            HandshakeError,
            Identity,
            Refusal,
            Version,
            PROTOCOL, //
        },
        initiator::{
            ClientStep,
            Dial,
            Initiator, //
        },
        integrity::{
            Opener,
            Sealer, //
        },
        keys::KEY_LEN,
        responder::{
            Responder,
            ServerStep, //
        },
        transcript::{
            Hello,
            Proof,
            BUILD_ID_LEN,
            NONCE_LEN, //
        },
        wire::{
            Header,
            Kind,
            Sender,
            HEADER_LEN, //
        }, //
    },
};

/// Where the fields of a header lie, for those who put something else there.
pub mod at {
    /// Version of the framing, two bytes.
    pub const VERSION: usize = 4;
    /// Kind, two bytes.
    pub const KIND: usize = 6;
    /// Flags, two bytes.
    pub const FLAGS: usize = 8;
    /// Length of the message, four bytes.
    pub const MSG_LEN: usize = 16;
    /// Length of the data, four bytes.
    pub const DATA_LEN: usize = 20;
    /// Id, eight bytes.
    pub const ID: usize = 24;
    /// Number of the frame, eight bytes.
    pub const SEQ: usize = 40;
    /// Tag, sixteen bytes.
    pub const TAG: usize = 48;
    /// Where message and data begin.
    pub const BODY: usize = super::HEADER_LEN;
}

/// Kinds of frames, as they travel.
pub mod kind {
    use super::Kind;

    /// Heartbeat.
    pub const PING: u16 = Kind::PING.0;
    /// First frame of a handshake.
    pub const HELLO: u16 = Kind::HELLO.0;
    /// A request that is answered with what it carries.
    pub const ECHO: u16 = Kind::ECHO.0;
}

/// The flag of replies.
pub const REPLY: u16 = crate::rpc::wire::flags::REPLY;

/// Longest message of a frame in bytes.
pub const MSG_MAX: u32 = crate::rpc::wire::MSG_MAX;

/// Longest data of a frame in bytes.
pub const DATA_MAX: u32 = crate::rpc::wire::DATA_MAX;

/// Bytes of a hello frame.
pub const HELLO_LEN: usize = HEADER_LEN + size_of::<Hello>();

/// Bytes of a challenge frame, and of a proof frame.
pub const SHORT_LEN: usize = HEADER_LEN + size_of::<Proof>();

/// The id of the `round`th request in `slot`.
pub const fn request_id(slot: u16, round: u64) -> u64 {
    (round << 16) | slot as u64
}

/// A node that the test plays.
#[derive(Clone, Debug)]
pub struct Player {
    /// Name of its cluster.
    pub cluster: String,
    /// Key of its cluster.
    pub key: [u8; KEY_LEN],
    /// Its number.
    pub number: u16,
    /// Its life.
    pub incarnation: u64,
    /// Its integrity mode.
    pub mode: Integrity,
    /// Build id of its kernel.
    pub build_id: [u8; BUILD_ID_LEN],
    /// Version of its services.
    pub protocol: u16,
}

impl Player {
    /// Node `number` of a cluster, with a kernel that nobody else has.
    pub fn new(cluster: &str, key: [u8; KEY_LEN], number: u16) -> Self {
        Self {
            cluster: cluster.to_owned(),
            key,
            number,
            incarnation: 1,
            mode: Integrity::Header,
            build_id: [0x77; BUILD_ID_LEN],
            protocol: PROTOCOL,
        }
    }

    fn identity(&self) -> Identity {
        Identity {
            cluster: cluster_id(&HostCrypto, &self.cluster),
            node: self.number,
            incarnation: self.incarnation,
            build_id: self.build_id,
            version: Version([0, 0, 0]),
            protocol: self.protocol,
        }
    }

    /// The first frame of a call, as it travels.
    pub fn hello(&self, to: u16) -> Vec<u8> {
        self.initiator(to, 0, [1; NONCE_LEN]).hello().to_vec()
    }

    fn initiator(&self, peer: u16, epoch: u64, nonce: [u8; NONCE_LEN]) -> Initiator {
        let dial = Dial {
            peer,
            epoch,
            mode: self.mode,
            session: 0,
        };
        Initiator::new(self.identity(), dial, nonce)
    }

    /// Calls node `to`, in the given epoch towards it.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn call<S: Read + Write>(
        &self,
        to: u16,
        epoch: u64,
        mut stream: S,
    ) -> Result<Link<S>, CallError> {
        let mut machine = self.initiator(to, epoch, [2; NONCE_LEN]);
        let hello = machine.hello().to_vec();
        stream.write_all(&hello)?;
        let mut said = vec![hello];
        loop {
            let frame = read_frame(&mut stream, |head| machine.body_len(head))?;
            match machine.receive(&HostCrypto, &self.key, &frame)? {
                ClientStep::Send(bytes) => {
                    stream.write_all(bytes)?;
                    said.push(bytes.to_vec());
                }
                ClientStep::Done(established) => {
                    return Ok(Link::new(stream, established, Sender::Server, said));
                }
            }
        }
    }

    /// Answers a call, as an honest node would.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn answer<S: Read + Write>(&self, mut stream: S) -> Result<Link<S>, CallError> {
        let mut machine = Responder::new(self.identity(), self.mode, [3; NONCE_LEN]);
        loop {
            let frame = read_frame(&mut stream, |head| machine.body_len(head))?;
            match machine.receive(&HostCrypto, &self.key, &frame)? {
                ServerStep::Send(bytes) => stream.write_all(bytes)?,
                ServerStep::Decide(claim) => {
                    let grant = Grant {
                        epoch: claim.peer.epoch,
                        session: 1,
                        resumed: false,
                        credits: 1,
                    };
                    let (welcome, established) = machine.accept(&HostCrypto, &self.key, grant)?;
                    stream.write_all(welcome.as_bytes())?;
                    return Ok(Link::new(stream, established, Sender::Client, Vec::new()));
                }
            }
        }
    }
}

/// Reads one frame of a handshake, header and body.
fn read_frame(
    stream: &mut impl Read,
    body_len: impl FnOnce(&[u8; HEADER_LEN]) -> Result<usize, HandshakeError>,
) -> Result<Vec<u8>, CallError> {
    let mut head = [0; HEADER_LEN];
    stream.read_exact(&mut head)?;
    let mut frame = vec![0; HEADER_LEN + body_len(&head)?];
    frame[..HEADER_LEN].copy_from_slice(&head);
    stream.read_exact(&mut frame[HEADER_LEN..])?;
    Ok(frame)
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum CallError {
    /// The connection broke, or nothing came in time.
    Io(io::Error),
    /// The other side knows the key and is in this epoch, later than the one of the call or not
    /// ready for it yet: call again in it.
    Again(u64),
    /// The reason, as a module would log it.
    Failed(String),
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<HandshakeError> for CallError {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::DeniedByPeer(denial)
                if matches!(denial.refusal, Refusal::DeclaredDead | Refusal::NotReady) =>
            {
                Self::Again(denial.server.epoch)
            }
            other => Self::Failed(other.to_string()),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Again(epoch) => write!(f, "call again in epoch {epoch}"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CallError {}

/// A frame, before it is sent or after it was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// One of [`kind`], or what else there may be.
    pub kind: u16,
    /// Header flags.
    pub flags: u16,
    /// Status of a reply.
    pub status: i32,
    /// Id of the request.
    pub id: u64,
    /// Request whose reply is acknowledged; in the answer to a heartbeat, the lease.
    pub acked: u64,
    /// Message.
    pub msg: Vec<u8>,
    /// Bulk data.
    pub data: Vec<u8>,
}

impl Frame {
    /// A heartbeat.
    pub fn ping(number: u64) -> Self {
        Self {
            kind: kind::PING,
            id: number,
            ..Self::default()
        }
    }

    /// The answer to a heartbeat, which grants a lease of so many nanoseconds.
    pub fn pong(number: u64, lease: u64) -> Self {
        let header = Header::pong(number, lease);
        Self {
            kind: header.kind.0,
            flags: header.flags,
            id: number,
            acked: header.acked,
            ..Self::default()
        }
    }

    /// An echo request.
    pub fn echo(id: u64, data: Vec<u8>) -> Self {
        Self {
            kind: kind::ECHO,
            id,
            data,
            ..Self::default()
        }
    }
}

/// An authenticated connection.
pub struct Link<S> {
    /// What it runs over.
    pub stream: S,
    /// The two frames of the handshake that the caller sent.
    pub said: Vec<Vec<u8>>,
    /// Request slots that the other side has granted.
    pub credits: u16,
    peer: Sender,
    sealer: Sealer,
    opener: Opener,
}

impl<S: Read + Write> Link<S> {
    fn new(stream: S, established: Established, peer: Sender, said: Vec<Vec<u8>>) -> Self {
        Self {
            stream,
            said,
            credits: established.credits,
            peer,
            sealer: Sealer::new(established.mode, established.send),
            opener: Opener::new(established.mode, established.receive),
        }
    }

    /// Numbers and seals a frame; gives the bytes to send.
    pub fn seal(&mut self, frame: &Frame) -> Vec<u8> {
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut header = Header::new(Kind(frame.kind), len(&frame.msg), len(&frame.data));
        header.flags = frame.flags;
        header.status = frame.status;
        header.id = frame.id;
        header.acked = frame.acked;
        let mut body = [frame.msg.as_slice(), frame.data.as_slice()].concat();
        let head = match self.sealer.mode() {
            Integrity::Encrypt => self
                .sealer
                .seal_aead(header, |aead| {
                    Ok::<_, std::convert::Infallible>(encrypt(&aead, &mut body))
                })
                .unwrap_or_else(|never| match never {}),
            _ => {
                let data = [frame.data.as_slice()];
                self.sealer.seal(&HostCrypto, header, &frame.msg, data)
            }
        };
        [head.as_slice(), &body].concat()
    }

    /// Sends a frame as an honest node does.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        let bytes = self.seal(frame);
        self.stream.write_all(&bytes)
    }

    /// Receives and checks a frame.
    ///
    /// # Errors
    ///
    /// Those of the stream, and `InvalidData` for a frame that an honest node does not send.
    pub fn receive(&mut self) -> io::Result<Frame> {
        let bad = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{error}"));
        let mut head = [0; HEADER_LEN];
        self.stream.read_exact(&mut head)?;
        let header = Header::decode(&head, self.peer).map_err(bad)?;
        self.opener.check_sequence(&header).map_err(bad)?;
        let mut msg = vec![0; header.body_len() as usize];
        self.stream.read_exact(&mut msg)?;
        if self.opener.mode() == Integrity::Encrypt {
            self.opener
                .open_aead(&header, |aead, tag| decrypt(&aead, &mut msg, tag))
                .map_err(bad)?;
        }
        let data = msg.split_off(header.msg_len as usize);
        if self.opener.mode() != Integrity::Encrypt {
            self.opener
                .open(&HostCrypto, &header, &msg, [data.as_slice()])
                .map_err(bad)?;
        }
        Ok(Frame {
            kind: header.kind.0,
            flags: header.flags,
            status: header.status,
            id: header.id,
            acked: header.acked,
            msg,
            data,
        })
    }
}
