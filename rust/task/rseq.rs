// SPDX-License-Identifier: GPL-2.0

//! Restartable sequences of the current task.
//!
//! C headers: [`include/uapi/linux/rseq.h`](srctree/include/uapi/linux/rseq.h)

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use zerocopy::FromZeros as _;
use zerocopy_derive::{
    FromBytes,
    IntoBytes, //
};

use super::calls::Calls;
use crate::linux::bindings;

const UNREGISTER: usize = 1;

/// Where `rseq_cs` is in `struct rseq`.
const CS_AT: usize = 8;

/// Where a program has its `struct rseq`.
#[derive(Clone, Copy)]
pub(crate) struct Registration {
    address: usize,
    len: u32,
    signature: u32,
}

/// `struct rseq_cs`.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
struct Section {
    version: u32,
    flags: u32,
    start: usize,
    len: usize,
    abort: usize,
}

/// The current task's registration, if it has one.
pub(crate) fn current() -> Option<Registration> {
    // SAFETY: The current task is valid, and these are written by itself only.
    let (address, len, signature) = unsafe {
        let rseq = &raw const (*bindings::get_current()).rseq;
        ((*rseq).usrptr as usize, (*rseq).len, (*rseq).sig)
    };
    (address != 0).then_some(Registration {
        address,
        len,
        signature,
    })
}

impl Registration {
    /// Where a program that is at `ip` goes on after it was taken off its CPU: at `ip`, or where its
    /// sequence is to be begun again. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`, `EINVAL`: the program's own data are wrong, for which the kernel would kill it.
    pub(crate) fn resume_at(&self, ip: usize) -> Result<usize> {
        let mut at = 0usize;
        read(self.address + CS_AT, at.as_mut_bytes())?;
        if at == 0 {
            return Ok(ip);
        }
        let mut section = Section::new_zeroed();
        read(at, section.as_mut_bytes())?;
        if section.version != 0 || ip.wrapping_sub(section.start) >= section.len {
            return Ok(ip);
        }
        let mut signature = 0u32;
        let before = section.abort.checked_sub(size_of::<u32>()).ok_or(EINVAL)?;
        read(before, signature.as_mut_bytes())?;
        if signature == self.signature {
            Ok(section.abort)
        } else {
            Err(EINVAL)
        }
    }

    /// Ends the current task's registration. May sleep.
    pub(crate) fn end(&self, calls: &Calls) -> Result {
        calls.rseq(self.address, self.len, UNREGISTER, self.signature)
    }

    /// Registers it for the current task, which begins no sequence with that. May sleep.
    pub(crate) fn begin(&self, calls: &Calls) -> Result {
        calls.rseq(self.address, self.len, 0, self.signature)
    }
}

fn read(address: usize, to: &mut [u8]) -> Result {
    UserSlice::new(UserPtr::from_addr(address), to.len())
        .reader()
        .read_slice(to)
}
