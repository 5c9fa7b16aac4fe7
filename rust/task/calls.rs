// SPDX-License-Identifier: GPL-2.0

//! System calls that a task makes for its own making: what they do is to be had in no other way.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use crate::linux::{
    bindings,
    hook::Syscall, //
};

/// The calls, found once.
#[pin_data]
pub(crate) struct Calls {
    arch_prctl: Syscall,
    madvise: Syscall,
    rseq: Syscall,
    rt_sigreturn: Syscall,
    setresgid: Syscall,
    setresuid: Syscall,
    /// Those that are made for somebody else, as they are needed.
    #[pin]
    others: Mutex<KVec<(u32, Arc<Syscall>)>>,
}

impl Calls {
    /// Finds them. May sleep.
    ///
    /// # Errors
    ///
    /// That of the first that cannot be had on this kernel, which the log names.
    pub(crate) fn find() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            arch_prctl: find(c"__x64_sys_arch_prctl")?,
            madvise: find(c"__x64_sys_madvise")?,
            rseq: find(c"__x64_sys_rseq")?,
            rt_sigreturn: find(c"__x64_sys_rt_sigreturn")?,
            setresgid: find(c"__x64_sys_setresgid")?,
            setresuid: find(c"__x64_sys_setresuid")?,
            others <- new_mutex!(KVec::new(), "mosix::Calls::others"),
        }? Error)
    }

    /// Makes system call `number`, whose function is called `name`, in the current task, for another. May
    /// sleep, for as long as the call does.
    ///
    /// # Errors
    ///
    /// `ENOENT` when this kernel has no such call, `ENOMEM`.
    pub(crate) fn make(&self, number: u32, name: &str, args: [usize; 6]) -> Result<isize> {
        let mut others = self.others.lock();
        let found = others.iter().find(|(other, _)| *other == number);
        let syscall = match found {
            Some((_, syscall)) => syscall.clone(),
            None => {
                let syscall = Arc::new(Syscall::named(name)?, GFP_KERNEL)?;
                others.push((number, syscall.clone()), GFP_KERNEL)?;
                syscall
            }
        };
        drop(others);
        Ok(syscall.call(args))
    }

    /// Maps the vDSO with its data at `data`, the start of the data. Returns its length.
    pub(super) fn map_vdso(&self, data: usize) -> Result<usize> {
        call(
            &self.arch_prctl,
            [bindings::ARCH_MAP_VDSO_64 as usize, data, 0, 0],
        )
    }

    /// Sets the bases of both thread segments; their selectors become 0.
    pub(super) fn set_segments(&self, fs_base: usize, gs_base: usize) -> Result {
        call(
            &self.arch_prctl,
            [bindings::ARCH_SET_FS as usize, fs_base, 0, 0],
        )?;
        call(
            &self.arch_prctl,
            [bindings::ARCH_SET_GS as usize, gs_base, 0, 0],
        )?;
        Ok(())
    }

    /// `madvise` on memory of the current task.
    pub(super) fn madvise(&self, start: usize, len: usize, advice: usize) -> Result {
        call(&self.madvise, [start, len, advice, 0]).map(drop)
    }

    /// `rseq`.
    pub(super) fn rseq(&self, at: usize, len: u32, flags: usize, signature: u32) -> Result {
        call(&self.rseq, [at, len as usize, flags, signature as usize]).map(drop)
    }

    /// Returns from the signal frame that lies where the current user registers say. A frame that
    /// cannot be read raises SIGSEGV.
    pub(super) fn sigreturn(&self) {
        // The result is the register that it has set.
        self.rt_sigreturn.call([0; 6]);
    }

    /// Sets all user and group identities.
    pub(super) fn set_ids(&self, uids: [u32; 3], gids: [u32; 3]) -> Result {
        let [r, e, s] = gids.map(|id| id as usize);
        call(&self.setresgid, [r, e, s, 0])?;
        let [r, e, s] = uids.map(|id| id as usize);
        call(&self.setresuid, [r, e, s, 0])?;
        Ok(())
    }
}

fn find(name: &'static CStr) -> Result<Syscall> {
    Syscall::find(name).map_err(|unresolved| {
        pr_err!("processes cannot move: {unresolved}\n");
        unresolved.into()
    })
}

fn call(syscall: &Syscall, [a, b, c, d]: [usize; 4]) -> Result<usize> {
    let result = syscall.call([a, b, c, d, 0, 0]);
    usize::try_from(result).map_err(|_| Error::from_errno(result as c_int))
}
