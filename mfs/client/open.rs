// SPDX-License-Identifier: GPL-2.0

//! Opening objects, and closing them.
//!
//! One request opens: it has the name under which the object was found, so that the server says `ESTALE`
//! if that means another object by now. The VFS then goes the path once more and asks about every
//! component. What still is not found by name then was not looked for by name (`.`, `/proc/PID/fd/N`):
//! it is opened as the object that it is.

use kernel::{
    alloc::KVVec,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        aref::ARef,
        Mutex,
        SpinLock, //
    }, //
};

use super::{
    attr,
    dentry,
    dir::Page,
    inode::{
        Key,
        Object, //
    },
    io::Turn,
    map,
    remote,
    Client, //
};
use crate::{
    linux::{
        clock,
        errno::*,
        fs::{
            attr::kind,
            backing::Backing,
            file::File,
            token::SyscallToken,
            INode, //
        },
        vfs, //
    },
    mfs::wire::{
        attr::Attr,
        file::{
            self as wire_file,
            open,
            Opened,
            Release, //
        },
        handle::{
            Handle,
            OpenId, //
        },
        name,
        op,
        reply,
        request, //
    },
    rpc::{
        self,
        call::{
            Patience,
            Reply, //
        },
        frame::Body,
        wire::Kind, //
    }, //
};

/// How an object is to be opened.
pub(super) struct How {
    /// `O_*`.
    pub(super) flags: u32,
    /// Permissions, if it is created.
    pub(super) mode: u16,
    /// Whether it is to be executed.
    pub(super) exec: bool,
}

/// What is to be opened.
pub(super) enum Target<'a> {
    /// What has `name` in `dir`; if `expect` is given nothing but that.
    Named {
        /// The directory.
        dir: Handle,
        /// The name.
        name: &'a [u8],
        /// The object that should have it.
        expect: Option<Handle>,
    },
    /// A new file without a name in this directory.
    Unnamed(Handle),
    /// This.
    Object(Handle),
}

impl<'a> Target<'a> {
    /// As a server has it.
    fn request(&'a self) -> request::Target<'a> {
        match self {
            Self::Named { dir, name, expect } => request::Target::Named {
                dir,
                name,
                expect: expect.as_ref(),
            },
            Self::Unnamed(dir) => request::Target::Unnamed(dir),
            Self::Object(handle) => request::Target::Object(handle),
        }
    }
}

/// An open file of a server that nobody has yet; it is closed when dropped.
pub(super) struct Lease<'a> {
    client: &'a Client,
    node: u16,
    id: OpenId,
    /// The file itself, if it is on this node.
    real: Option<vfs::file::File>,
}

impl<'a> Lease<'a> {
    /// Opens `target` on `node`. There is no lease if the object is none that a server opens: a symbolic
    /// link, a fifo, a socket or a device.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`]; what the server says.
    pub(super) fn open(
        client: &'a Client,
        node: u16,
        target: &Target<'_>,
        how: &How,
    ) -> Result<(Opened, Option<Self>)> {
        let (dir, name, expect) = match *target {
            Target::Named { dir, name, expect } => (dir, name, expect.unwrap_or(Handle::NONE)),
            Target::Unnamed(dir) => (dir, b"".as_slice(), Handle::NONE),
            Target::Object(handle) => (Handle::NONE, b"".as_slice(), handle),
        };
        if name.len() > name::NAME_MAX {
            return Err(errno(ENAMETOOLONG));
        }
        let what = wire_file::Open {
            dir,
            expect,
            flags: (how.flags & open::ALL).into(),
            mode: (how.mode & 0o7777).into(),
            name_len: name::len(name),
            exec: how.exec.into(),
            reserved: [0; 7],
        };
        let near = client.ask_near(node, |server| server.open(&what, target.request()));
        let (opened, real) = match near {
            Some(opened) => opened?,
            None => {
                let parts: &[&[u8]] = &[what.as_bytes(), name];
                let remote = client.remote(node)?;
                let pending = remote.start_in(&dir, op::OPEN, parts, Patience::Killable)?;
                let body = pending.wait_or_leave(close_orphan)?;
                let opened = reply::read::<Opened>(&body.msg, &body.data);
                (*opened.map_err(attr::malformed)?, None)
            }
        };
        let lease = (opened.open != OpenId::ZERO).then_some(Self {
            client,
            node,
            id: opened.open,
            real,
        });
        Ok((opened, lease))
    }

    /// Makes it the open file of somebody; `inode` is what was opened, and its change counter is `change`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and then it is closed.
    pub(super) fn into_file(
        mut self,
        inode: ARef<INode<Client>>,
        change: u64,
    ) -> Result<Pin<KBox<Open>>> {
        let backing = match self.real.take() {
            Some(real) => Some(KBox::pin_init(Backing::new(real), GFP_KERNEL)?),
            None => {
                map::revalidate(&inode, change);
                None
            }
        };
        let (node, id) = (self.node, self.id);
        let file = KBox::try_pin_init(
            try_pin_init!(Open {
                inode,
                node,
                id,
                backing,
                appending <- Turn::new(),
                entries <- new_mutex!(Page::new(), "mosix::Open::entries"),
            }),
            GFP_KERNEL,
        )?;
        // From now on it is the file that closes.
        core::mem::forget(self);
        Ok(file)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        close(self.client, self.node, self.id);
    }
}

/// Closes what was opened for a task that was killed meanwhile.
fn close_orphan(peer: &rpc::client::Client, reply: Reply) {
    if reply.status != 0 {
        return;
    }
    let Ok(opened) = reply::read::<Opened>(&reply.body.msg, &reply.body.data) else {
        return;
    };
    if opened.open != OpenId::ZERO {
        let release = Release { open: opened.open };
        let _ = remote::post(peer, op::RELEASE, &[release.as_bytes()]);
    }
}

/// Closes `id` on `node`; does not wait. If it cannot be said, the end of the session closes it.
fn close(client: &Client, node: u16, id: OpenId) {
    if let Some(server) = client.near(node) {
        return server.release(id);
    }
    let release = Release { open: id };
    let _ = client.post(node, op::RELEASE, &[release.as_bytes()], KVVec::new());
}

/// An open file.
#[pin_data(PinnedDrop)]
pub(crate) struct Open {
    inode: ARef<INode<Client>>,
    node: u16,
    id: OpenId,
    /// The file itself, if it is on this node.
    backing: Option<Pin<KBox<Backing>>>,
    /// Whose turn it is to send a long append in pieces.
    #[pin]
    pub(super) appending: Turn,
    /// Entries of a directory that were not asked for yet.
    #[pin]
    pub(super) entries: Mutex<Page>,
}

#[pinned_drop]
impl PinnedDrop for Open {
    fn drop(self: Pin<&mut Self>) {
        close(self.inode.fs(), self.node, self.id);
    }
}

impl Open {
    /// The one that `file` is.
    ///
    /// # Errors
    ///
    /// `EBADF` while it is being opened.
    pub(super) fn of(file: &File<Client>) -> Result<&Self> {
        let open = file.private().ok_or(EBADF)?;
        Ok(open.get_ref())
    }

    /// The node that has the file.
    pub(super) fn node(&self) -> u16 {
        self.node
    }

    /// Its number there.
    pub(super) fn id(&self) -> OpenId {
        self.id
    }

    /// What is open.
    pub(super) fn inode(&self) -> &INode<Client> {
        &self.inode
    }

    /// All of the file system.
    pub(super) fn client(&self) -> &Client {
        self.inode.fs()
    }

    /// The file itself, if it is on this node.
    pub(super) fn backing(&self) -> Option<Pin<&Backing>> {
        self.backing.as_ref().map(|backing| backing.as_ref())
    }

    /// Asks the node that has it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`]; what the server says.
    pub(super) fn call(&self, kind: Kind, what: &[u8], data: KVVec<u8>) -> Result<Body> {
        self.client().call(self.node, kind, &[what], data)
    }

    /// As [`Self::call`], but no signal ends it: for what the server answers at once.
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn call_through(&self, kind: Kind, what: &[u8]) -> Result<Body> {
        let remote = self.client().remote(self.node)?;
        let patience = Patience::Uninterruptible;
        let pending = remote.start(kind, &[what], KVVec::new(), patience)?;
        pending.wait()
    }

    /// As [`Self::call`] for what is only done, and without data.
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn command(&self, kind: Kind, what: &[u8]) -> Result {
        let body = self.call(kind, what, KVVec::new())?;
        reply::empty(&body.msg, &body.data).map_err(attr::malformed)
    }

    /// Its attributes, from the server; the inode knows them then.
    ///
    /// # Errors
    ///
    /// As [`Self::call`].
    pub(super) fn getattr(&self) -> Result<Attr> {
        let object = self.inode.key().object().ok_or(EBADF)?;
        let attr = object.getattr(self.client(), self.id)?;
        self.inode.refresh(&attr::attributes(&attr))?;
        Ok(attr)
    }
}

/// So long a system call is remembered, in nanoseconds.
const RECENT_NS: u64 = 1_000_000_000;

/// System calls that have found a name to be stale, the last few.
#[pin_data]
pub(super) struct Stale {
    #[pin]
    seen: SpinLock<Seen>,
}

struct Seen {
    calls: [Option<Call>; 8],
    next: usize,
}

/// One of them.
struct Call {
    token: SyscallToken,
    key: Key,
    since_ns: u64,
}

impl Stale {
    /// None.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            seen <- new_spinlock!(Seen {
                calls: [const { None }; 8],
                next: 0,
            }, "mosix::Stale::seen"),
        })
    }

    /// Whether this system call has been here before with `key`; it is remembered or forgotten.
    fn again(&self, key: &Key) -> bool {
        let Some(token) = SyscallToken::current() else {
            return false;
        };
        let now = clock::boottime_ns();
        let mut seen = self.seen.lock();
        let same = |call: &mut Call| {
            let is_recent = now.saturating_sub(call.since_ns) < RECENT_NS;
            call.token == token && call.key == *key && is_recent
        };
        if seen
            .calls
            .iter_mut()
            .any(|call| call.take_if(same).is_some())
        {
            return true;
        }
        let next = seen.next;
        if let Some(call) = seen.calls.get_mut(next) {
            *call = Some(Call {
                token,
                key: *key,
                since_ns: now,
            });
        }
        seen.next = (next + 1) % seen.calls.len();
        false
    }

    /// This system call has got what it wanted: another just like it is another one.
    fn forget(&self) {
        let Some(token) = SyscallToken::current() else {
            return;
        };
        let mut seen = self.seen.lock();
        for call in &mut seen.calls {
            call.take_if(|call| call.token == token);
        }
    }
}

/// Opens what is cached: `open` of regular files and directories.
///
/// # Errors
///
/// `ESTALE` if its name means something else now; those of [`Lease::open`].
pub(super) fn open(file: &File<Client>) -> Result<Pin<KBox<Open>>> {
    let inode = file.inode();
    let Object { node, handle } = *inode.key().object().ok_or(EINVAL)?;
    let how = How {
        flags: file.flags() & !(open::CREAT | open::EXCL | open::NOCTTY | open::TMPFILE),
        mode: 0,
        exec: file.is_exec(),
    };
    let (opened, lease) = match dentry::open_name(file.dentry())? {
        // What a directory's name means has just been asked, if it was found by name.
        Some((dir, name)) if inode.file_type() == kind::REG => {
            open_named(inode, node, dir, &name, &how)?
        }
        _ => Lease::open(inode.fs(), node, &Target::Object(handle), &how)?,
    };
    inode.refresh(&attr::attributes(&opened.attr))?;
    let change = opened.attr.change.get();
    lease.ok_or(errno(ESTALE))?.into_file(inode.into(), change)
}

fn open_named<'a>(
    inode: &'a INode<Client>,
    node: u16,
    dir: Handle,
    name: &[u8],
    how: &How,
) -> Result<(Opened, Option<Lease<'a>>)> {
    let client = inode.fs();
    let handle = inode.key().object().ok_or(EINVAL)?.handle;
    let target = Target::Named {
        dir,
        name,
        expect: Some(handle),
    };
    match Lease::open(client, node, &target, how) {
        Err(error) if error == errno(ESTALE) && client.stale.again(inode.key()) => {
            Lease::open(client, node, &Target::Object(handle), how)
        }
        Err(error) => Err(error),
        Ok(opened) => {
            client.stale.forget();
            Ok(opened)
        }
    }
}
