// SPDX-License-Identifier: GPL-2.0

//! Addresses of kernel functions that are not exported, found by placing a (disarmed) kprobe.
//!
//! C headers: [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

use kernel::{
    error::to_result,
    fmt,
    prelude::*,
    str::CString, //
};

use super::arch::ENDBR64;
use crate::linux::bindings;

/// A function of the kernel, by name.
pub(crate) struct Symbol {
    name: &'static CStr,
    probe: usize,
}

/// Why a function cannot be had.
#[derive(Clone, Copy)]
pub(crate) struct Unresolved {
    symbol: &'static CStr,
    reason: Reason,
}

#[derive(Clone, Copy)]
enum Reason {
    NoProbe(Error),
    NoEndbr([u8; ENDBR64.len()]),
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = self.symbol.to_str().unwrap_or("a function");
        match self.reason {
            Reason::NoProbe(error) if error == ENOENT => {
                write!(f, "this kernel has no function {symbol} (or no kallsyms)")
            }
            Reason::NoProbe(error) => {
                write!(f, "no kprobe can be placed on {symbol}: {error:?}")
            }
            Reason::NoEndbr(found) => write!(
                f,
                "{symbol} does not begin with ENDBR64 but with {found:02x?}: \
                 it cannot be called on this kernel"
            ),
        }
    }
}

impl From<Unresolved> for Error {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved.reason {
            Reason::NoProbe(error) => error,
            Reason::NoEndbr(_) => ENOEXEC,
        }
    }
}

/// Where a kprobe would be placed on the function called `name`.
fn locate(name: &CStr) -> Result<usize> {
    let mut probe = bindings::kprobe {
        symbol_name: name.as_char_ptr(),
        // Never armed: neither the function's text nor ftrace is touched.
        flags: bindings::KPROBE_FLAG_DISABLED,
        ..Default::default()
    };
    // SAFETY: `probe` is valid and stays where it is until it is unregistered.
    to_result(unsafe { bindings::register_kprobe(&mut probe) })?;
    let address = probe.addr as usize;
    // SAFETY: `probe` was registered just now.
    unsafe { bindings::unregister_kprobe(&mut probe) };
    Ok(address)
}

impl Symbol {
    /// Finds the function called `name`. May sleep.
    pub(crate) fn find(name: &'static CStr) -> Result<Self, Unresolved> {
        let probe = locate(name).map_err(|error| Unresolved {
            symbol: name,
            reason: Reason::NoProbe(error),
        })?;
        Ok(Self { name, probe })
    }

    /// Where ftrace and kprobes attach: behind the ENDBR64 on a kernel that is built for IBT.
    pub(crate) fn probe_address(&self) -> usize {
        self.probe
    }

    /// Where the function may be called through a pointer.
    ///
    /// A kernel built for IBT poisons the ENDBR64 of functions whose address nobody takes, and
    /// FineIBT moves it: where it is not in its place, the call would trap on a CPU that enforces.
    fn call_address(&self) -> Result<usize, Unresolved> {
        if !cfg!(CONFIG_X86_KERNEL_IBT) {
            return Ok(self.probe);
        }
        let entry = self.probe - ENDBR64.len();
        // SAFETY: A kprobe could be placed at `probe`, so it is kernel text, and so are the bytes
        // before it: functions are aligned to 16 bytes and have padding before them.
        let found = unsafe { (entry as *const [u8; ENDBR64.len()]).read_volatile() };
        if found != ENDBR64 {
            return Err(Unresolved {
                symbol: self.name,
                reason: Reason::NoEndbr(found),
            });
        }
        Ok(entry)
    }
}

/// A system call of the 64-bit table, `__x64_sys_*`, to be called from inside the kernel.
///
/// Only these are resolved for calling: the kernel takes their addresses itself, so they keep what
/// an indirect call needs.
pub(crate) struct Syscall(unsafe extern "C" fn(*const bindings::pt_regs) -> c_long);

impl Syscall {
    /// Finds `name`, as in `__x64_sys_getppid`. May sleep.
    pub(crate) fn find(name: &'static CStr) -> Result<Self, Unresolved> {
        const PREFIX: &[u8] = b"__x64_sys_";

        if !name.to_bytes().starts_with(PREFIX) {
            return Err(Unresolved {
                symbol: name,
                reason: Reason::NoProbe(EINVAL),
            });
        }
        let address = Symbol::find(name)?.call_address()?;
        // SAFETY: All functions with this prefix have this prototype (SYSCALL_DEFINE), and the
        // address can be called (see `call_address`).
        Ok(Self(unsafe {
            core::mem::transmute::<usize, unsafe extern "C" fn(*const bindings::pt_regs) -> c_long>(
                address,
            )
        }))
    }

    /// Finds the system call whose function has this name, as in `getppid`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` when there is none, `ENOEXEC` when it cannot be called, `ENOMEM`.
    pub(in crate::linux) fn named(name: &str) -> Result<Self> {
        let symbol = CString::try_from_fmt(fmt!("__x64_sys_{name}"))?;
        let symbol = Symbol {
            name: c"a system call",
            probe: locate(&symbol)?,
        };
        // SAFETY: As in `find`.
        Ok(Self(unsafe {
            core::mem::transmute::<usize, unsafe extern "C" fn(*const bindings::pt_regs) -> c_long>(
                symbol.call_address()?,
            )
        }))
    }

    /// Makes the call in the current task, which is in a system call of its own. May sleep.
    ///
    /// Pointers in `args` are user addresses; the call checks them itself.
    pub(crate) fn call(&self, args: [usize; 6]) -> isize {
        let [di, si, dx, r10, r8, r9] = args;
        let regs = bindings::pt_regs {
            di,
            si,
            dx,
            r10,
            r8,
            r9,
            ..Default::default()
        };
        // SAFETY: The address and the prototype are right (see `find`); a system call takes any
        // arguments.
        unsafe { (self.0)(&regs) }
    }
}
