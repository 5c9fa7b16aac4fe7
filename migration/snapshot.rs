// SPDX-License-Identifier: GPL-2.0

//! A program between two tasks: taken from the one, given to the other.

use core::ops::Range;

use kernel::prelude::*;

use crate::linux::{
    bytes,
    hook::Call,
    nr,
    task::{
        area::{
            self,
            Area,
            Backing, //
        },
        calls::Calls,
        identity::Identity,
        page::{
            self,
            Held, //
        },
        regs::{
            self,
            Registers,
            Trap, //
        },
        rseq::{
            self,
            Registration, //
        },
        sigframe::Restored,
        signals::{
            self,
            AltStack,
            Restart,
            Taken, //
        },
        space::{
            self,
            Layout, //
        },
        times::CpuTime, //
    }, //
};

use super::reason::{
    Reason,
    Why, //
};

/// Bytes of the instruction that makes a system call.
const SYSCALL_LEN: usize = 2;

/// Results that say that a call is to be made again; the program never sees them.
const ERESTARTSYS: i32 = -512;
const ERESTARTNOINTR: i32 = -513;
const ERESTARTNOHAND: i32 = -514;
const ERESTART_RESTARTBLOCK: i32 = -516;
const EINTR: i32 = -4;

/// All that goes from one task to the other.
pub(super) struct Snapshot {
    /// The processor's part.
    pub(super) cpu: Cpu,
    /// The memory.
    pub(super) memory: Memory,
    /// Who the program is: on its way out only.
    pub(super) identity: Option<Identity>,
    /// A fault that it has not been told of.
    pub(super) fault: Option<Taken>,
    /// CPU time that it has used since it was put together last.
    pub(super) used: CpuTime,
}

/// Where a program is, to the last bit.
pub(super) struct Cpu {
    regs: Registers,
    extended: KVVec<u8>,
    trap: Trap,
    mask: u64,
    stack: AltStack,
    rseq: Option<Registration>,
    /// What `restart_syscall` needs, unless the task that this is given to has it already.
    restart: Option<Restart>,
}

impl Cpu {
    /// Takes it from the current task, which is on its way back to its program at home, in an errand.
    ///
    /// A system call that our waking has interrupted is left at its beginning, to be made again.
    /// Afterwards the task has no restartable sequences.
    pub(super) fn take_home(calls: &Calls) -> Result<Self> {
        let mut regs = regs::general()?;
        settle(&mut regs, true);
        // It may be about to make the call that wants this, from an interruption before.
        Self::with(regs, Some(signals::restart()), calls)
    }

    /// Takes it from the current task, a body, likewise.
    pub(super) fn take_body(calls: &Calls) -> Result<Self> {
        let mut regs = regs::general()?;
        let restart = settle(&mut regs, false).then(signals::restart);
        Self::with(regs, restart, calls)
    }

    /// Takes it from the current task, which is about to make `call`, so that it is made after.
    pub(super) fn take_before(call: &Call<'_>, calls: &Calls) -> Result<Self> {
        let mut regs = regs::general()?;
        regs.ip = call.ip().wrapping_sub(SYSCALL_LEN);
        regs.ax = call.nr() as usize;
        regs.orig_ax = usize::MAX;
        Self::with(regs, None, calls)
    }

    /// Takes it from the current task, which has made a call, with its `result`.
    pub(super) fn take_after(result: isize, calls: &Calls) -> Result<Self> {
        let mut regs = regs::general()?;
        regs.ax = result as usize;
        regs.orig_ax = usize::MAX;
        Self::with(regs, None, calls)
    }

    fn with(mut regs: Registers, restart: Option<Restart>, calls: &Calls) -> Result<Self> {
        let extended = regs::extended()?;
        let rseq = rseq::current();
        if let Some(rseq) = rseq {
            regs.ip = rseq.resume_at(regs.ip)?;
            rseq.end(calls)?;
        }
        Ok(Self {
            regs,
            extended,
            trap: regs::trap(),
            mask: signals::take_mask(),
            stack: signals::alt_stack(),
            rseq,
            restart,
        })
    }

    /// A second one.
    pub(super) fn copy(&self) -> Result<Self> {
        Ok(Self {
            extended: bytes::concat(&[&self.extended], 0)?,
            ..*self
        })
    }

    /// Blocked signals.
    pub(super) fn mask(&self) -> u64 {
        self.mask
    }

    /// Whether it goes on with `restart_syscall`, of which it does not know what that needs.
    pub(super) fn wants_restart(&self) -> bool {
        self.restart.is_none() && self.regs.ax == nr::RESTART_SYSCALL as usize
    }

    /// Gives what `restart_syscall` needs back to the current task, which it was taken from.
    pub(super) fn give_restart(&self) {
        if let Some(restart) = &self.restart {
            restart.give_back();
        }
    }

    /// Gives it to the current task, whose memory is that of the program.
    pub(super) fn give(&self, calls: &Calls) -> Result {
        let restored = Restored {
            regs: &self.regs,
            extended: &self.extended,
            mask: self.mask,
            stack: self.stack,
        };
        restored.apply(calls)?;
        regs::set_trap(self.trap);
        self.give_restart();
        match &self.rseq {
            Some(rseq) => rseq.begin(calls),
            None => Ok(()),
        }
    }

    /// Gives back to the current task, which it was taken from, what being parked has changed.
    pub(super) fn give_back(&self, calls: &Calls) -> Result {
        regs::unpark(&self.regs);
        signals::set_mask(self.mask);
        self.give_restart();
        match &self.rseq {
            Some(rseq) => rseq.begin(calls),
            None => Ok(()),
        }
    }
}

/// Does what the way out of the kernel does with an interrupted call when there is no signal; says whether
/// the call goes on with `restart_syscall`. `woken`: a call that reports a signal may have been ended by
/// nothing but our waking.
fn settle(regs: &mut Registers, woken: bool) -> bool {
    // The kernel looks at 32 bits, too.
    let call = regs.orig_ax as i32;
    regs.orig_ax = usize::MAX;
    if call == -1 {
        return false;
    }
    let result = regs.ax as i32;
    let again = match result {
        ERESTARTSYS | ERESTARTNOINTR | ERESTARTNOHAND => call as usize,
        ERESTART_RESTARTBLOCK => nr::RESTART_SYSCALL as usize,
        // No signal is pending: it was our waking that the call has taken for one.
        EINTR if woken && nr::NEVER_RESTARTED.contains(&(call as u32)) => call as usize,
        _ => return false,
    };
    regs.ax = again;
    regs.ip = regs.ip.wrapping_sub(SYSCALL_LEN);
    result == ERESTART_RESTARTBLOCK
}

/// A program's memory.
pub(super) struct Memory {
    layout: Layout,
    areas: KVVec<Area>,
    pages: KVVec<Held>,
}

impl Memory {
    /// Holds that of the current task, which must not run its program for as long as it is held.
    pub(super) fn take() -> Result<Self, Why> {
        let mut areas = KVVec::new();
        for area in area::all()? {
            let area = area.map_err(Reason::Area)?;
            areas.push(area, GFP_KERNEL)?;
        }
        let mut pages = KVVec::new();
        for area in &areas {
            page::hold(area, &mut pages)?;
        }
        Ok(Self {
            layout: Layout::current()?,
            areas,
            pages,
        })
    }

    /// Makes it the memory of the current task, in the place of all that it has.
    pub(super) fn give(&self, calls: &Calls) -> Result {
        space::clear()?;
        for area in &self.areas {
            space::map(area, calls)?;
        }
        for page in &self.pages {
            space::fill(page)?;
        }
        self.layout.apply()
    }
}

/// Lets go of the current task's memory, but for what others read of it: its areas stay.
pub(super) fn forget_memory(calls: &Calls) -> Result {
    let shown = Layout::current()?.shown();
    for area in area::all()? {
        let Ok(area) = area else { continue };
        if !matches!(
            area.backing(),
            Backing::Anonymous | Backing::Droppable | Backing::File(_, _, true)
        ) {
            continue;
        }
        for part in without(area.range(), &shown) {
            if !part.is_empty() {
                space::forget(part, calls)?;
            }
        }
    }
    Ok(())
}

/// `range` before and behind `hole`.
fn without(range: Range<usize>, hole: &Range<usize>) -> [Range<usize>; 2] {
    [
        range.start..hole.start.clamp(range.start, range.end),
        hole.end.clamp(range.start, range.end)..range.end,
    ]
}
