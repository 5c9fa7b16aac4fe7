// SPDX-License-Identifier: GPL-2.0

//! Inodes: which object of which node each stands for.

use kernel::{
    alloc::KVVec,
    list::ListArc,
    new_spinlock,
    prelude::*,
    sync::{
        aref::ARef,
        SpinLock, //
    }, //
};

use super::{
    attr,
    dir::Directory,
    file::Regular,
    forget::Pinned,
    map::{
        self,
        Pages, //
    },
    namespace,
    Client, //
};
use crate::{
    linux::{
        crypto,
        errno::*,
        fs::{
            self,
            address_space,
            attr::{
                file_type,
                kind,
                Attributes, //
            },
            file,
            inode::Role,
            INode,
            SuperBlock, //
        }, //
    },
    mfs::wire::{
        attr::{
            Attr,
            Entry, //
        },
        file::Object as WireObject,
        handle::{
            Handle,
            OpenId, //
        },
        op,
        reply, //
    },
    rpc::{
        frame::Body,
        wire::Kind, //
    }, //
};

/// What an inode stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// The directory of the nodes: the root of a mount.
    Nodes,
    /// A symbolic link in it.
    Link(super::root::Link),
    /// An object of a node.
    Object(Object),
}

impl Key {
    /// The object, if it is one.
    pub(crate) fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

/// An object of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object {
    /// Number of the node that has it.
    pub(crate) node: u16,
    /// Its name there.
    pub(crate) handle: Handle,
}

/// What belongs to an inode.
#[pin_data]
pub(crate) struct Data {
    /// Which version of the file its pages are of.
    pub(super) pages: map::Version,
    /// What its server is told when the inode goes; taken then.
    #[pin]
    pinned: SpinLock<Option<ListArc<Pinned>>>,
}

impl Data {
    /// What belongs to a new inode; `pinned` if it stands for a pinned object.
    pub(super) fn new(pinned: Option<ListArc<Pinned>>) -> impl PinInit<Self> {
        pin_init!(Self {
            pages: map::Version::new(),
            pinned <- new_spinlock!(pinned, "mosix::Data::pinned"),
        })
    }

    /// The inode goes. Does not wait.
    pub(super) fn evict(&self, client: &Client) {
        let pinned = self.pinned.lock().take();
        if let Some(pinned) = pinned {
            client.forgets.push(pinned);
            client.forget();
        }
    }
}

impl Object {
    /// Asks its node about it as a whole: a request that is [`WireObject`].
    pub(super) fn ask(&self, client: &Client, kind: Kind) -> Result<Body> {
        let object = WireObject {
            handle: self.handle,
            open: OpenId::ZERO,
        };
        client.call(self.node, kind, &[object.as_bytes()], KVVec::new())
    }

    /// Asks for its attributes; through the open file `open`, if that is not 0.
    pub(super) fn getattr(&self, client: &Client, open: OpenId) -> Result<Attr> {
        let what = WireObject {
            handle: self.handle,
            open,
        };
        if let Some(attr) = client.ask_near(self.node, |server| server.getattr(&what)) {
            return attr;
        }
        let parts: &[&[u8]] = &[what.as_bytes()];
        let body = client.call(self.node, op::GETATTR, parts, KVVec::new())?;
        let attr = reply::read::<Attr>(&body.msg, &body.data).map_err(attr::malformed)?;
        Ok(*attr)
    }

    fn hash(&self, client: &Client) -> u64 {
        crypto::siphash(client.hash_key, self.handle.as_bytes()) ^ u64::from(self.node)
    }
}

const DIR_OPS: fs::inode::Ops<Client> = fs::inode::Ops::new::<namespace::Dir>();
const FILE_OPS: fs::inode::Ops<Client> = fs::inode::Ops::new::<namespace::NotDir>();
const LINK_OPS: fs::inode::Ops<Client> = fs::inode::Ops::new::<namespace::Symlink>();

/// What an inode of that type can do.
///
/// # Errors
///
/// `EPROTO` for a type that there is not.
fn role(attributes: &Attributes) -> Result<Role<Client>> {
    Ok(match file_type(attributes.mode) {
        kind::DIR => Role::Dir(DIR_OPS, file::Ops::new::<Directory>()),
        kind::REG => Role::Reg(
            FILE_OPS,
            file::Ops::new::<Regular>(),
            address_space::Ops::new::<Pages>(),
        ),
        kind::LNK => Role::Lnk(LINK_OPS),
        kind::FIFO | kind::SOCK | kind::CHR | kind::BLK => Role::Special(FILE_OPS, attributes.rdev),
        _ => return Err(errno(EPROTO)),
    })
}

/// The inode of `object`, with its attributes as of now.
pub(crate) fn get(
    sb: &SuperBlock<Client>,
    object: Object,
    attributes: &Attributes,
) -> Result<ARef<INode<Client>>> {
    let hash = object.hash(sb.fs());
    let key = Key::Object(object);
    let data = Data::new(Pinned::new(&object)?);
    sb.iget5_locked(hash, key, data, attributes, role(attributes)?)
}

/// The inode of what node `node` has just told of; `getattr` in this system call knows it, too.
pub(super) fn of_entry(
    sb: &SuperBlock<Client>,
    node: u16,
    entry: &Entry,
) -> Result<ARef<INode<Client>>> {
    let object = Object {
        node,
        handle: entry.handle,
    };
    let attributes = attr::attributes(&entry.attr);
    let inode = get(sb, object, &attributes)?;
    sb.fs().fresh.leave(Key::Object(object), attributes);
    Ok(inode)
}
