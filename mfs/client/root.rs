// SPDX-License-Identifier: GPL-2.0

//! The root of a mount: the nodes.
//!
//! `/mfs/2` is a directory for each node number, whose own root is asked of the node when it is looked
//! up. The listing shows the nodes' names and `here` and `home` only, as symbolic links: what crawls
//! directories does not crawl the cluster.

use core::fmt::Write as _;

use kernel::{
    alloc::{
        KVVec,
        KVec, //
    },
    new_mutex,
    prelude::*,
    str::Formatter,
    sync::{
        aref::ARef,
        Mutex, //
    }, //
};

use super::{
    attr,
    inode::{
        self,
        Data,
        Key,
        Object, //
    },
    Client, //
};
use crate::{
    linux::{
        clock,
        errno::*,
        fs::{
            self,
            attr::{
                kind,
                Attributes,
                Time, //
            },
            file,
            inode::{
                access,
                LookupFlags,
                Role, //
            },
            INode,
            SuperBlock, //
        }, //
    },
    mfs::wire::{
        attr::Entry,
        op,
        reply, //
    }, //
};

/// Inode number of the directory.
const ROOT_INO: u64 = 1;
/// Inode number of the link of node 0, if there was one.
const LINK_INO: u64 = 16;

/// A symbolic link in the directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// `here`: the node where the caller runs.
    Here,
    /// `home`: the caller's home node.
    Home,
    /// A node's name.
    Node(u16),
}

impl Link {
    /// What `name` means, if it is a link.
    fn parse(client: &Client, name: &[u8]) -> Option<Self> {
        let own = client.seat().own_number();
        match name {
            b"here" => own.map(|_| Self::Here),
            b"home" => own.map(|_| Self::Home),
            _ => client.seat().number_of(name).map(Self::Node),
        }
    }

    /// The node it leads to.
    fn target(self, client: &Client) -> Result<u16> {
        match self {
            Self::Here => client.seat().own_number().ok_or(errno(ENOTCONN)),
            Self::Home => client.home(),
            Self::Node(number) => Ok(number),
        }
    }

    fn ino(self) -> u64 {
        match self {
            Self::Here => ROOT_INO + 1,
            Self::Home => ROOT_INO + 2,
            Self::Node(number) => LINK_INO + u64::from(number),
        }
    }

    /// Where it leads, as text.
    fn text(self, client: &Client) -> Result<KVec<u8>> {
        let mut digits = [0; 8];
        let mut text = Formatter::new(&mut digits);
        write!(text, "{}", self.target(client)?)?;
        let len = text.bytes_written();
        let mut target = KVec::new();
        target.extend_from_slice(digits.get(..len).ok_or(EINVAL)?, GFP_KERNEL)?;
        Ok(target)
    }

    fn attributes(self, sb: &SuperBlock<Client>) -> Result<Attributes> {
        Ok(Attributes {
            mode: kind::LNK | 0o777,
            ino: self.ino(),
            nlink: 1,
            size: self.text(sb.fs())?.len() as u64,
            ..own(sb)
        })
    }
}

impl Client {
    /// Home node of the current task.
    fn home(&self) -> Result<u16> {
        self.seat().own_number().ok_or(errno(ENOTCONN))
    }
}

/// The number of a node, written as one.
fn number(name: &[u8]) -> Option<u16> {
    let plain = matches!(name.first(), Some(b'1'..=b'9')) && name.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(name).ok()?;
    plain.then(|| text.parse().ok()).flatten()
}

/// What the objects that this node makes up have in common.
fn own(sb: &SuperBlock<Client>) -> Attributes {
    let since = sb.fs().roots.since;
    Attributes {
        dev: sb.dev(),
        blksize: 4096,
        atime: since,
        mtime: since,
        ctime: since,
        btime: Some(since),
        ..Attributes::default()
    }
}

fn root_attributes(sb: &SuperBlock<Client>) -> Attributes {
    Attributes {
        mode: kind::DIR | 0o555,
        ino: ROOT_INO,
        nlink: 2,
        ..own(sb)
    }
}

/// The root directory of a new mount.
pub(super) fn make(sb: &SuperBlock<Client>) -> Result<ARef<INode<Client>>> {
    let role = Role::Dir(fs::inode::Ops::new::<Nodes>(), file::Ops::new::<NodesDir>());
    sb.new_inode(Key::Nodes, Data::new(None), &root_attributes(sb), role)
}

/// What is known of other nodes' roots.
pub(crate) struct Roots {
    known: Pin<KBox<Mutex<KVec<Root>>>>,
    /// When the module was loaded.
    since: Time,
}

/// The root of a node, as it has said in a session that is still going on or was the last.
struct Root {
    node: u16,
    /// [`Client::session`](crate::rpc::client::Client::session) then.
    session: u64,
    entry: Entry,
}

impl Roots {
    /// Nothing known.
    pub(super) fn new() -> Result<Self> {
        let ms = clock::unix_ms();
        Ok(Self {
            known: KBox::pin_init(new_mutex!(KVec::new(), "mosix::Roots::known"), GFP_KERNEL)?,
            since: Time {
                sec: i64::try_from(ms / 1_000).unwrap_or(0),
                nsec: u32::try_from(ms % 1_000)
                    .unwrap_or(0)
                    .saturating_mul(1_000_000),
            },
        })
    }

    fn find(&self, node: u16, session: u64) -> Option<Entry> {
        let known = self.known.lock();
        let root = known.iter().find(|root| root.node == node)?;
        (root.session == session).then_some(root.entry)
    }

    fn learn(&self, root: Root) -> Result {
        let mut known = self.known.lock();
        match known.iter_mut().find(|old| old.node == root.node) {
            Some(old) => *old = root,
            None => known.push(root, GFP_KERNEL)?,
        }
        Ok(())
    }
}

impl Client {
    /// The root of node `node`; asked of it again if `anew`, and if its session is another one.
    fn root_of(&self, node: u16, anew: bool) -> Result<Entry> {
        let session = match self.seat().peer(node) {
            Ok(peer) => Some(peer.client.session()),
            Err(_) if self.seat().own_number() == Some(node) => None,
            Err(error) => return Err(error),
        };
        if let (Some(session @ 1..), false) = (session, anew) {
            if let Some(entry) = self.roots.find(node, session) {
                return Ok(entry);
            }
        }
        let body = self.call(node, op::ROOT, &[], KVVec::new())?;
        let entry: &Entry = reply::read(&body.msg, &body.data).map_err(attr::malformed)?;
        if attr::attributes(&entry.attr).mode & 0o170000 != kind::DIR {
            return Err(errno(EPROTO));
        }
        if let Some(session) = session {
            self.roots.learn(Root {
                node,
                session,
                entry: *entry,
            })?;
        }
        Ok(*entry)
    }

    /// Whether `name` in the directory of the nodes still is `key`.
    pub(super) fn is_node(&self, name: &[u8], key: &Key, flags: LookupFlags) -> Result<bool> {
        Ok(match key {
            Key::Nodes => false,
            Key::Link(link) => Link::parse(self, name) == Some(*link),
            Key::Object(object)
                if (self.near(object.node))
                    .is_some_and(|server| server.is_root(&object.handle)) =>
            {
                true
            }
            Key::Object(object) => match self.root_of(object.node, flags.is_reval()) {
                Ok(entry) => entry.handle == object.handle,
                Err(error) if error == ENOENT => false,
                Err(error) => return Err(error),
            },
        })
    }
}

/// The directory of the nodes.
struct Nodes;

#[vtable]
impl fs::inode::Operations for Nodes {
    type FileSystem = Client;

    fn lookup(
        dir: &INode<Client>,
        name: &[u8],
        flags: LookupFlags,
    ) -> Result<Option<ARef<INode<Client>>>> {
        let (sb, client) = (dir.super_block(), dir.fs());
        if let Some(node) = number(name) {
            return match client.root_of(node, flags.is_reval()) {
                Ok(entry) => node_inode(sb, node, &entry).map(Some),
                Err(error) if error == ENOENT => Ok(None),
                Err(error) => Err(error),
            };
        }
        let Some(link) = Link::parse(client, name) else {
            return Ok(None);
        };
        let role = Role::Lnk(fs::inode::Ops::new::<Links>());
        let inode = sb.new_inode(
            Key::Link(link),
            Data::new(None),
            &link.attributes(sb)?,
            role,
        )?;
        Ok(Some(inode))
    }

    fn permission(_: &INode<Client>, mask: u32) -> Result {
        if mask & access::WRITE != 0 {
            return Err(EACCES);
        }
        Ok(())
    }

    fn getattr(inode: &INode<Client>) -> Result<Attributes> {
        Ok(root_attributes(inode.super_block()))
    }

    fn setattr(_: &INode<Client>, _: Option<&file::File<Client>>, _: &fs::attr::Change) -> Result {
        Err(EPERM)
    }
}

/// The directory of the nodes, open. Positions: 2 `here`, 3 `home`, behind that the nodes' names in the
/// order of their numbers.
struct NodesDir;

/// `DT_LNK`.
const DT_LNK: u8 = 10;
/// Position of the name of node 0, if there was one.
const NAMES: i64 = 4;

#[vtable]
impl file::Operations for NodesDir {
    type FileSystem = Client;

    fn llseek(file: &file::File<Client>, to: i64, whence: file::Whence) -> Result<i64> {
        match whence {
            file::Whence::Set | file::Whence::Current => file.generic_llseek_size(to, whence, 0),
            _ => Err(EINVAL),
        }
    }

    fn iterate_shared(
        file: &file::File<Client>,
        ctx: &mut fs::dir_context::DirContext<'_>,
    ) -> Result {
        if !ctx.emit_dots() {
            return Ok(());
        }
        let seat = file.inode().fs().seat();
        if seat.own_number().is_none() {
            return Ok(());
        }
        for (pos, name, link) in [(2, "here", Link::Here), (3, "home", Link::Home)] {
            if ctx.pos() == pos {
                if !ctx.emit(name.as_bytes(), link.ino(), DT_LNK) {
                    return Ok(());
                }
                ctx.set_pos(pos + 1);
            }
        }
        let mut room = true;
        seat.for_each_node(|number, name| {
            let pos = NAMES + i64::from(number);
            let name = name.get().unwrap_or_default().as_bytes();
            if room && ctx.pos() <= pos {
                room = ctx.emit(name, Link::Node(number).ino(), DT_LNK);
                ctx.set_pos(if room { pos + 1 } else { pos });
            }
        });
        Ok(())
    }
}

/// The inode of a node's root. Its attributes may be old: `getattr` asks for them.
fn node_inode(sb: &SuperBlock<Client>, node: u16, entry: &Entry) -> Result<ARef<INode<Client>>> {
    let object = Object {
        node,
        handle: entry.handle,
    };
    inode::get(sb, object, &attr::attributes(&entry.attr))
}

/// The symbolic links in it.
struct Links;

#[vtable]
impl fs::inode::Operations for Links {
    type FileSystem = Client;

    fn get_link(inode: &INode<Client>) -> Result<KVec<u8>> {
        match inode.key() {
            Key::Link(link) => link.text(inode.fs()),
            _ => Err(EINVAL),
        }
    }

    fn permission(_: &INode<Client>, _: u32) -> Result {
        Ok(())
    }

    fn getattr(inode: &INode<Client>) -> Result<Attributes> {
        match inode.key() {
            Key::Link(link) => link.attributes(inode.super_block()),
            _ => Err(EINVAL),
        }
    }

    fn setattr(_: &INode<Client>, _: Option<&file::File<Client>>, _: &fs::attr::Change) -> Result {
        Err(EPERM)
    }
}
