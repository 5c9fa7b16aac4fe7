// SPDX-License-Identifier: GPL-2.0

//! Takes an image apart as it arrives: nothing that is not sound gets past here.

use zerocopy::{
    little_endian::U32,
    FromBytes,
    Immutable,
    KnownLayout,
    Unaligned, //
};

use super::{
    attributes::{
        check_affinity,
        Attributes, //
    },
    chunk::{
        tag,
        Chunk, //
    },
    clocks::{
        Clocks,
        Timers, //
    },
    header::Header,
    identity::{
        Credentials,
        Ids,
        Names, //
    },
    invalid::{
        ensure,
        Bounds,
        Invalid, //
    },
    limits::Limits,
    mm::{
        check_auxv,
        Aux,
        Mm, //
    },
    pages::{
        self,
        Run, //
    },
    registers::General,
    signals::{
        self,
        Action,
        Pending,
        Signals, //
    },
    thread::{
        Restart,
        Thread, //
    },
    vma::{
        kind,
        MappedFile,
        Vma,
        VmaName,
        FILES_MAX, //
    },
    xstate, //
};

/// A part of an image that is sound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// What comes.
    Header(&'a Header),
    /// Numbers of the process.
    Ids(&'a Ids),
    /// Who it is, with its supplementary groups.
    Credentials(&'a Credentials, &'a [U32]),
    /// Names.
    Names(&'a Names),
    /// Resource limits.
    Limits(&'a Limits),
    /// What it has set for itself.
    Attributes(&'a Attributes),
    /// CPUs it may use at home.
    Affinity(&'a [u8]),
    /// Its clocks.
    Clocks(&'a Clocks),
    /// Places in the address space.
    Mm(&'a Mm),
    /// The auxiliary vector.
    Auxv(&'a [Aux]),
    /// A mapped file and its path.
    File(&'a MappedFile, &'a [u8]),
    /// Mappings, behind those before.
    Vmas(&'a [Vma]),
    /// Name of a mapping.
    VmaName(&'a VmaName),
    /// Where the frame's data belongs. See [`in_mappings`].
    Pages(&'a [Run]),
    /// Timers.
    Timers(&'a Timers),
    /// General registers.
    General(&'a General),
    /// An XSAVE area.
    Xstate(&'a [u8]),
    /// What the kernel keeps for the thread.
    Thread(&'a Thread),
    /// The rest of a call.
    Restart(&'a Restart),
    /// Actions of signals 1 to 64.
    Actions(&'a [Action]),
    /// Masks.
    Signals(&'a Signals),
    /// Signals that wait.
    Pending(&'a [Pending]),
    /// The image is whole.
    End,
}

/// Kinds of chunks that come just once, as a mask of `1 << tag`.
const ONCE: u32 = bit(tag::HEADER)
    | bit(tag::IDS)
    | bit(tag::CREDENTIALS)
    | bit(tag::NAMES)
    | bit(tag::LIMITS)
    | bit(tag::ATTRIBUTES)
    | bit(tag::AFFINITY)
    | bit(tag::CLOCKS)
    | bit(tag::MM)
    | bit(tag::AUXV)
    | bit(tag::TIMERS)
    | bit(tag::GENERAL)
    | bit(tag::XSTATE)
    | bit(tag::THREAD)
    | bit(tag::ACTIONS)
    | bit(tag::SIGNALS)
    | bit(tag::END);

/// Those that have to be there.
const REQUIRED: u32 = ONCE | bit(tag::VMAS);

const fn bit(tag: u16) -> u32 {
    1 << tag
}

/// How far an image has come.
pub(crate) struct Check {
    bounds: Bounds,
    seen: u32,
    last: u16,
    features: u64,
    /// Mappings that are still to come.
    vmas: u32,
    files: u32,
    /// Where the last mapping ended.
    end: u64,
    pending: u32,
}

impl Check {
    /// The check of an image from its first chunk on.
    pub(crate) const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            seen: 0,
            last: 0,
            features: 0,
            vmas: 0,
            files: 0,
            end: 0,
            pending: 0,
        }
    }

    /// Whether the last chunk has come.
    pub(crate) const fn is_whole(&self) -> bool {
        self.last == tag::END
    }

    /// Checks the next chunk; `data` is how many bytes of data its frame has, which belong to the PAGES
    /// chunk in it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] with the reason; then the image is to be thrown away.
    pub(crate) fn chunk<'a>(&mut self, chunk: Chunk<'a>, data: usize) -> Result<Part<'a>, Invalid> {
        self.order(chunk.tag)?;
        let body = chunk.body;
        let bounds = self.bounds;
        Ok(match chunk.tag {
            tag::HEADER => {
                let header: &Header = only(body)?;
                header.check(&bounds)?;
                self.features = header.xfeatures.get();
                self.vmas = header.vmas.get();
                Part::Header(header)
            }
            tag::IDS => Part::Ids(sound(only::<Ids>(body)?, Ids::check)?),
            tag::CREDENTIALS => {
                let (own, groups) = Credentials::decode(body)?;
                Part::Credentials(own, groups)
            }
            tag::NAMES => Part::Names(sound(only::<Names>(body)?, Names::check)?),
            tag::LIMITS => Part::Limits(sound(only::<Limits>(body)?, Limits::check)?),
            tag::ATTRIBUTES => Part::Attributes(sound(only(body)?, Attributes::check)?),
            tag::AFFINITY => {
                check_affinity(body)?;
                Part::Affinity(body)
            }
            tag::CLOCKS => Part::Clocks(sound(only::<Clocks>(body)?, Clocks::check)?),
            tag::MM | tag::AUXV | tag::FILE | tag::VMAS | tag::VMA_NAME | tag::PAGES => {
                self.memory(chunk, data)?
            }
            _ => self.thread(chunk)?,
        })
    }

    /// Whether a chunk of this kind may come now.
    fn order(&mut self, tag: u16) -> Result<(), Invalid> {
        ensure((1..=tag::END).contains(&tag), "an unknown chunk")?;
        ensure(
            tag >= self.last && (self.last != 0 || tag == tag::HEADER),
            "a chunk out of order",
        )?;
        ensure(
            self.seen & bit(tag) & (ONCE | bit(tag::RESTART)) == 0,
            "a chunk that came twice",
        )?;
        self.seen |= bit(tag);
        self.last = tag;
        Ok(())
    }

    fn memory<'a>(&mut self, chunk: Chunk<'a>, data: usize) -> Result<Part<'a>, Invalid> {
        let bounds = self.bounds;
        if chunk.tag > tag::VMAS {
            ensure(self.vmas == 0, "not as many mappings as were said")?;
        }
        Ok(match chunk.tag {
            tag::MM => Part::Mm(sound(only(chunk.body)?, |mm: &Mm| mm.check(&bounds))?),
            tag::AUXV => {
                let auxv = all(chunk.body)?;
                check_auxv(auxv)?;
                Part::Auxv(auxv)
            }
            tag::FILE => {
                let (file, path) = MappedFile::decode(chunk.body)?;
                self.files = self.files.saturating_add(1);
                ensure(self.files <= FILES_MAX, "too many mapped files")?;
                Part::File(file, path)
            }
            tag::VMAS => Part::Vmas(self.vmas(all(chunk.body)?)?),
            tag::VMA_NAME => {
                let name: &VmaName = only(chunk.body)?;
                name.check(&bounds)?;
                Part::VmaName(name)
            }
            _ => Part::Pages(pages::decode(chunk.body, data, &bounds)?.0),
        })
    }

    fn vmas<'a>(&mut self, vmas: &'a [Vma]) -> Result<&'a [Vma], Invalid> {
        let count = u32::try_from(vmas.len()).unwrap_or(u32::MAX);
        let left = self.vmas.checked_sub(count);
        self.vmas = left.ok_or(Invalid("more mappings than were said"))?;
        for vma in vmas {
            vma.check(self.files, &self.bounds)?;
            ensure(vma.start.get() >= self.end, "mappings that overlap")?;
            self.end = vma.end.get();
        }
        Ok(vmas)
    }

    fn thread<'a>(&mut self, chunk: Chunk<'a>) -> Result<Part<'a>, Invalid> {
        let (bounds, body) = (self.bounds, chunk.body);
        Ok(match chunk.tag {
            tag::TIMERS => Part::Timers(sound(only::<Timers>(body)?, Timers::check)?),
            tag::GENERAL => {
                let check = |general: &General| general.check(&bounds);
                Part::General(sound(only(body)?, check)?)
            }
            tag::XSTATE => {
                xstate::check(body, self.features, &bounds)?;
                Part::Xstate(body)
            }
            tag::THREAD => {
                let check = |thread: &Thread| thread.check(&bounds);
                Part::Thread(sound(only(body)?, check)?)
            }
            tag::RESTART => {
                let check = |restart: &Restart| restart.check(&bounds);
                Part::Restart(sound(only(body)?, check)?)
            }
            tag::ACTIONS => {
                let actions: &[Action] = all(body)?;
                ensure(actions.len() == signals::COUNT, "the number of actions")?;
                for (signal, action) in (1..).zip(actions) {
                    action.check(signal, &bounds)?;
                }
                Part::Actions(actions)
            }
            tag::SIGNALS => {
                let check = |signals: &Signals| signals.check(&bounds);
                Part::Signals(sound(only(body)?, check)?)
            }
            tag::PENDING => {
                let pending: &[Pending] = all(body)?;
                let count = u32::try_from(pending.len()).unwrap_or(u32::MAX);
                self.pending = self.pending.saturating_add(count);
                ensure(
                    self.pending <= signals::PENDING_MAX,
                    "too many signals that wait",
                )?;
                pending.iter().try_for_each(Pending::check)?;
                Part::Pending(pending)
            }
            _ => {
                ensure(body.is_empty(), "more behind the end")?;
                ensure(self.seen & REQUIRED == REQUIRED, "a part is missing")?;
                Part::End
            }
        })
    }
}

/// A body that is one struct.
fn only<T>(body: &[u8]) -> Result<&T, Invalid>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    Ok(crate::rpc::message::only(body)?)
}

/// A body that is an array.
fn all<T>(body: &[u8]) -> Result<&[T], Invalid>
where
    T: FromBytes + Immutable + Unaligned,
{
    <[T]>::ref_from_bytes(body).map_err(|_| Invalid("an array is cut short"))
}

/// What the check does not object to.
fn sound<T>(part: &T, check: impl FnOnce(&T) -> Result<(), Invalid>) -> Result<&T, Invalid> {
    check(part)?;
    Ok(part)
}

/// Whether all pages of a run lie in one of these mappings (all those of the image, in their order), and
/// in one that has pages of its own.
pub(crate) fn in_mappings(run: &Run, vmas: &[Vma]) -> bool {
    let start = run.start.get();
    let at = vmas.partition_point(|vma| vma.end.get() <= start);
    vmas.get(at).is_some_and(|vma| {
        vma.start.get() <= start
            && start.saturating_add(run.bytes()) <= vma.end.get()
            && matches!(vma.kind, kind::ANONYMOUS | kind::PRIVATE_FILE)
    })
}
