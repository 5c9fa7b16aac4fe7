// SPDX-License-Identifier: GPL-2.0

//! What of this node others may see and change: exported and hidden paths.
//!
//! What counts are the objects that have these paths, whatever other names they have. So each name that
//! is looked up is compared with the paths' objects, in two steps: numbers, which are looked up anew when
//! they are a second old, and names say which paths come into question, rarely any; those are walked and
//! the objects themselves compared. What stands on the way to a path cannot be moved or removed from
//! afar, so a hidden directory stays hidden.
//!
//! Lock: `view` is held alone, and never while a path is walked.

use kernel::{
    new_spinlock,
    prelude::*,
    str::CString,
    sync::{
        Arc,
        SpinLock, //
    }, //
};
use zerocopy::little_endian::{
    U32,
    U64, //
};

use crate::{
    control::abi::export::{
        self,
        is_within,
        PathRule,
        Rule, //
    },
    linux::{
        clock,
        crypto,
        errno::*,
        vfs::{
            path::Path,
            walk::ObjectId, //
        }, //
    },
    mfs::wire::caller::{
        Caller,
        Head, //
    },
};

/// How old numbers of objects may be, in nanoseconds.
const VIEW_NS: u64 = 1_000_000_000;
/// Most paths, those on the way to others included.
const ENTRIES_MAX: usize = 2048;
/// User and group "nobody".
const NOBODY: u32 = 65_534;

/// What may be done with an object, and with what is below it if nothing else is said there.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Access {
    /// All that its permissions allow.
    Write = 0,
    /// Nothing is changed.
    Read = 1,
    /// Going through it to what is exported.
    Way = 2,
}

impl Access {
    /// The one with that number.
    pub(super) fn from_raw(raw: u8) -> Option<Self> {
        [Self::Write, Self::Read, Self::Way]
            .into_iter()
            .find(|access| *access as u8 == raw)
    }

    /// # Errors
    ///
    /// `EROFS` unless something may be changed.
    pub(super) fn check_write(self) -> Result {
        match self {
            Self::Write => Ok(()),
            Self::Read | Self::Way => Err(EROFS),
        }
    }
}

/// What a path is to the policy, the strictest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// It cannot be seen.
    Hidden,
    /// It is exported, to be read.
    Read,
    /// It is exported.
    Write,
    /// It is above something that is exported, and not exported itself.
    Way,
    /// It is above something, and that is all.
    Above,
}

/// A path that means something.
struct Entry {
    path: CString,
    /// Bytes of the path of its directory; the last name is behind the slash that follows.
    dir_len: usize,
    role: Role,
}

impl Entry {
    fn bytes(&self) -> &[u8] {
        self.path.to_bytes()
    }

    fn name(&self) -> &[u8] {
        let rest = self.bytes().get(self.dir_len..).unwrap_or_default();
        rest.strip_prefix(b"/").unwrap_or(rest)
    }

    fn dir(&self) -> &[u8] {
        match self.bytes().get(..self.dir_len) {
            None | Some(b"") => b"/",
            Some(dir) => dir,
        }
    }
}

/// Numbers of the objects of all entries, as they were at some time.
struct View {
    at_ns: u64,
    ids: KVec<Option<ObjectId>>,
}

/// What others may see and change.
#[pin_data]
pub(super) struct Policy {
    /// Key of the handles that are given out under it: another policy does not know them.
    pub(super) key: [u64; 2],
    root_squash: bool,
    /// Where paths start.
    root: Path,
    /// Sorted by path.
    entries: KVec<Entry>,
    /// The configured ones, to see whether another policy is the same.
    rules: KVec<(CString, Rule)>,
    #[pin]
    view: SpinLock<Option<Arc<View>>>,
}

/// The directories above `path`, the root first; each without a slash behind it, but the root.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes
        .map(|(at, _)| path.get(..at.max(1)).unwrap_or_default())
        .filter(move |dir| dir.len() < path.len())
}

fn c_string(path: &[u8]) -> Result<CString> {
    let text = core::str::from_utf8(path).map_err(|_| EINVAL)?;
    CString::try_from_fmt(fmt!("{text}"))
}

/// What the path is by `rules`, which are sorted; it is one of them, or above one.
fn role(path: &[u8], rules: &export::Policy<'_>) -> Role {
    let mut exported = rules.rules().filter(|rule| rule.rule != Rule::Hide);
    match rules.rules().find(|rule| rule.path == path) {
        Some(rule) => match rule.rule {
            Rule::Hide => Role::Hidden,
            Rule::Read => Role::Read,
            Rule::Write => Role::Write,
        },
        None if exported.clone().any(|rule| is_within(path, rule.path)) => Role::Above,
        None if exported.any(|rule| is_within(rule.path, path)) => Role::Way,
        None => Role::Above,
    }
}

impl Policy {
    /// The policy of `rules`, for paths that start at `root`.
    ///
    /// # Errors
    ///
    /// `E2BIG` if the paths are too deep; `EINVAL`, `ENOMEM`.
    pub(super) fn new(root: Path, rules: &export::Policy<'_>) -> Result<Arc<Self>> {
        let mut entries: KVec<Entry> = KVec::new();
        let mut kept = KVec::new();
        let mut add = |path: &[u8]| -> Result {
            let known = entries.binary_search_by(|entry| entry.bytes().cmp(path));
            let Err(at) = known else {
                return Ok(());
            };
            if entries.len() >= ENTRIES_MAX {
                return Err(E2BIG);
            }
            entries.reserve(1, GFP_KERNEL)?;
            let entry = Entry {
                path: c_string(path)?,
                dir_len: path.iter().rposition(|byte| *byte == b'/').unwrap_or(0),
                role: role(path, rules),
            };
            entries
                .insert_within_capacity(at, entry)
                .map_err(|_| ENOMEM)
        };
        for rule in rules.rules() {
            above(rule.path).try_for_each(&mut add)?;
            add(rule.path)?;
            kept.push((c_string(rule.path)?, rule.rule), GFP_KERNEL)?;
        }
        Arc::pin_init(
            pin_init!(Self {
                key: [crypto::random_u64(), crypto::random_u64()],
                root_squash: rules.root_squash,
                root,
                entries,
                rules: kept,
                view <- new_spinlock!(None, "mosix::Policy::view"),
            }),
            GFP_KERNEL,
        )
    }

    /// Where paths start.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is that of `rules`.
    pub(super) fn is(&self, rules: &export::Policy<'_>) -> bool {
        let same = |(own, other): (&(CString, Rule), PathRule<'_>)| {
            own.0.to_bytes() == other.path && own.1 == other.rule
        };
        self.root_squash == rules.root_squash
            && self.rules.len() == rules.rules().count()
            && self.rules.iter().zip(rules.rules()).all(same)
    }

    /// What may be done with the root.
    pub(super) fn root_access(&self) -> Access {
        match self
            .entries
            .first()
            .map(|entry| (entry.bytes(), entry.role))
        {
            Some((b"/", Role::Write)) => Access::Write,
            Some((b"/", Role::Read)) => Access::Read,
            _ => Access::Way,
        }
    }

    fn walk(&self, entry: &CStr) -> Result<Option<Path>> {
        match self.root.walk(entry) {
            Ok(path) => Ok(Some(path)),
            Err(error) if error == ENOENT || error == ENOTDIR || error == errno(ELOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `path` leads to `object` now.
    fn leads_to(&self, path: &CStr, object: &Path) -> Result<bool> {
        Ok(self
            .walk(path)?
            .is_some_and(|found| found.same_object(object)))
    }

    /// The view, if it is not too old.
    fn known_view(&self, now: u64) -> Option<Arc<View>> {
        let known = self.view.lock().clone();
        known.filter(|view| now.saturating_sub(view.at_ns) < VIEW_NS)
    }

    fn view(&self) -> Result<Arc<View>> {
        let now = clock::coarse_boottime_ns();
        if let Some(view) = self.known_view(now) {
            return Ok(view);
        }
        let mut ids = KVec::with_capacity(self.entries.len(), GFP_KERNEL)?;
        for entry in &self.entries {
            let found = self.walk(&entry.path)?;
            ids.push(found.map(|path| path.object_id()), GFP_KERNEL)?;
        }
        let view = Arc::new(View { at_ns: now, ids }, GFP_KERNEL)?;
        let old = self.view.lock().replace(view.clone());
        drop(old);
        Ok(view)
    }

    /// The entry whose path is `name` in the directory `dir`.
    fn entry_at(&self, dir: &Path, name: &[u8]) -> Result<Option<&Entry>> {
        for entry in self.entries.iter().filter(|entry| entry.name() == name) {
            if !name.is_empty() && self.leads_to(&c_string(entry.dir())?, dir)? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// What may be done with `object`, which was found as `name` in `dir`, where `access` holds.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is not to be seen; what prevents it from being known.
    pub(super) fn judge(
        &self,
        dir: &Path,
        access: Access,
        name: &[u8],
        object: &Path,
    ) -> Result<Access> {
        let view = self.view()?;
        let id = object.object_id();
        let mut role: Option<Role> = None;
        for (entry, known) in self.entries.iter().zip(&view.ids) {
            let similar = *known == Some(id) || entry.name() == name;
            if similar && self.leads_to(&entry.path, object)? {
                role = Some(role.map_or(entry.role, |role| role.min(entry.role)));
            }
        }
        match role {
            Some(Role::Hidden) => Err(ENOENT),
            Some(Role::Read) => Ok(Access::Read),
            Some(Role::Write) => Ok(Access::Write),
            Some(Role::Way) => Ok(Access::Way),
            Some(Role::Above) | None if access == Access::Way => Err(ENOENT),
            Some(Role::Above) | None => {
                // A hidden name can have been given to something just now.
                self.check_name(dir, name).map_err(|_| ENOENT)?;
                Ok(access)
            }
        }
    }

    /// Whether nothing is said about object `id` with the name `name`, so that there holds what holds in its
    /// directory. If not, [`Self::judge`] knows. Does not sleep.
    pub(super) fn is_silent(&self, name: &[u8], id: ObjectId) -> bool {
        let Some(view) = self.known_view(clock::coarse_boottime_ns()) else {
            return false;
        };
        let mut all = self.entries.iter().zip(&view.ids);
        all.all(|(entry, known)| *known != Some(id) && entry.name() != name)
    }

    /// Whether something may get the name `name` in `dir`.
    ///
    /// # Errors
    ///
    /// `EACCES` if the name is hidden.
    pub(super) fn check_name(&self, dir: &Path, name: &[u8]) -> Result {
        match self.entry_at(dir, name)? {
            Some(entry) if entry.role == Role::Hidden => Err(EACCES),
            _ => Ok(()),
        }
    }

    /// Whether what has the name `name` in `dir` may be removed, moved or replaced.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it is hidden, `EBUSY` if the policy is about it, or about something below it.
    pub(super) fn check_move(&self, dir: &Path, name: &[u8]) -> Result {
        match self.entry_at(dir, name)? {
            Some(entry) if entry.role == Role::Hidden => Err(ENOENT),
            Some(_) => Err(EBUSY),
            None => Ok(()),
        }
    }

    /// Which entries of the directory `dir` are to be seen, where `access` holds.
    pub(super) fn listing(&self, dir: &Path, access: Access) -> Result<Listing<'_>> {
        let view = self.view()?;
        let id = dir.object_id();
        let mut names = KVec::new();
        for entry in self.entries.iter().filter(|entry| !entry.name().is_empty()) {
            let counts = match access {
                Access::Way => matches!(entry.role, Role::Read | Role::Write | Role::Way),
                Access::Read | Access::Write => entry.role == Role::Hidden,
            };
            let parent = self
                .entries
                .binary_search_by(|other| other.bytes().cmp(entry.dir()))
                .ok()
                .and_then(|at| view.ids.get(at));
            let similar = parent.is_some_and(|parent| parent.is_none_or(|parent| parent == id));
            if counts && similar && self.leads_to(&c_string(entry.dir())?, dir)? {
                names.push(entry.name(), GFP_KERNEL)?;
            }
        }
        Ok(Listing {
            only: access == Access::Way,
            names,
        })
    }

    /// Who a caller of another node is here, if not who it says: its head and its groups.
    pub(super) fn squash(&self, caller: &Caller<'_>) -> Result<Option<(Head, KVec<U32>)>> {
        if !self.root_squash {
            return Ok(None);
        }
        let nobody = |id: U32| if id.get() == 0 { U32::new(NOBODY) } else { id };
        let mut groups = KVec::with_capacity(caller.groups.len(), GFP_KERNEL)?;
        for group in caller.groups {
            groups.push(nobody(*group), GFP_KERNEL)?;
        }
        let head = Head {
            uid: nobody(caller.head.uid),
            gid: nobody(caller.head.gid),
            caps: U64::ZERO,
            ..*caller.head
        };
        Ok(Some((head, groups)))
    }
}

/// What of a directory is to be seen.
pub(super) struct Listing<'a> {
    /// Whether it is only `names`, not all but these.
    only: bool,
    names: KVec<&'a [u8]>,
}

impl Listing<'_> {
    /// Whether the entry `name` is.
    pub(super) fn shows(&self, name: &[u8]) -> bool {
        let listed = self.names.iter().any(|listed| *listed == name);
        listed == self.only || matches!(name, b"." | b"..")
    }
}
