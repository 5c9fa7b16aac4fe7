// SPDX-License-Identifier: GPL-2.0
//! TCG plugin that counts the instructions a guest executes, in user mode and in the kernel.
//!
//! `-plugin libmosix_icount.so,out=FILE` maps FILE, 16 bytes: two little-endian 64-bit numbers,
//! user and kernel instructions. They may be read at any time. Each block of translated code calls
//! the plugin once when it begins to execute and counts as a whole, so an exception in the middle
//! of a block counts some instructions too many. With more than one processor in the guest
//! increments can get lost: count with `-smp 1`.
//!
//! The few functions of QEMU's plugin interface are declared here: Debian packages no
//! qemu-plugin.h, and the crates that bind it need a newer compiler than Debian 13 has.

use std::{
    ffi::{c_char, c_int, c_uint, c_void, CStr},
    fs::OpenOptions,
    ptr,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
};

use memmap2::MmapOptions;

/// Version of QEMU's plugin interface that this plugin is written for (QEMU 10.0).
#[no_mangle]
pub static qemu_plugin_version: c_int = 4;

/// Length of the counters' file.
const FILE_BYTES: u64 = 16;
/// The callback neither reads nor writes guest registers (QEMU_PLUGIN_CB_NO_REGS).
const NO_REGISTERS: c_int = 0;

/// QEMU's opaque type of a block of translated code.
#[repr(C)]
struct Block {
    _opaque: [u8; 0],
}

extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, callback: extern "C" fn(u64, *mut Block));
    fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    fn qemu_plugin_tb_vaddr(block: *const Block) -> u64;
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut Block,
        callback: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
}

/// The two numbers in the mapped file: user, kernel.
type Counters = [AtomicU64; 2];

/// Set once, before the first block is translated.
static COUNTERS: AtomicPtr<Counters> = AtomicPtr::new(ptr::null_mut());

/// Called by QEMU when it loads the plugin; 0 on success.
///
/// # Safety
/// QEMU passes `argc` valid strings in `argv`.
#[no_mangle]
pub unsafe extern "C" fn qemu_plugin_install(
    id: u64,
    _info: *const c_void,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let arguments = (0..usize::try_from(argc).unwrap_or(0)).map(|at| {
        // SAFETY: `at` is below `argc`, and the caller promises that many valid strings.
        unsafe { CStr::from_ptr(*argv.add(at)) }
            .to_string_lossy()
            .into_owned()
    });
    let mut out = None;
    for argument in arguments {
        match argument.split_once('=') {
            Some(("out", path)) => out = Some(path.to_owned()),
            _ => {
                eprintln!("mosix_icount: unknown argument {argument:?}: only out=FILE is known");
                return -1;
            }
        }
    }
    let Some(out) = out else {
        eprintln!("mosix_icount: out=FILE is missing");
        return -1;
    };
    match map(&out) {
        Ok(counters) => COUNTERS.store(counters, Ordering::Release),
        Err(error) => {
            eprintln!("mosix_icount: cannot map {out}: {error}");
            return -1;
        }
    }
    // SAFETY: `id` is the one QEMU gave for this plugin, the callback has the declared type.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, translated) };
    0
}

/// Maps the file, zeroed, for the life of the process.
fn map(path: &str) -> std::io::Result<*mut Counters> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.set_len(FILE_BYTES)?;
    // SAFETY: the file belongs to this run of the machine; others only read it.
    let mut map = unsafe { MmapOptions::new().len(FILE_BYTES as usize).map_mut(&file) }?;
    let counters = map.as_mut_ptr().cast();
    // The mapping lives as long as QEMU does.
    std::mem::forget(map);
    Ok(counters)
}

/// Asks for a call each time that a new block executes. Its data says how many instructions the
/// block has, and in the lowest bit whether they are the kernel's.
extern "C" fn translated(_id: u64, block: *mut Block) {
    // SAFETY: QEMU passes a block that is valid during this call.
    let (count, address) = unsafe { (qemu_plugin_tb_n_insns(block), qemu_plugin_tb_vaddr(block)) };
    // The upper half of the address space is the kernel's on x86-64.
    let data = (count << 1) | usize::from(address >> 63 == 1);
    // SAFETY: as above; the data is a number, which the callback never follows as a pointer.
    unsafe {
        qemu_plugin_register_vcpu_tb_exec_cb(
            block,
            executed,
            NO_REGISTERS,
            ptr::without_provenance_mut(data),
        );
    }
}

/// Counts a block that begins to execute.
extern "C" fn executed(_vcpu: c_uint, data: *mut c_void) {
    let data = data.addr();
    // SAFETY: `install` stored the mapping, which is never removed, before it asked for any call.
    let counters = unsafe { &*COUNTERS.load(Ordering::Relaxed) };
    let counter = &counters[data & 1];
    // One writer: a plain addition is enough and costs less than a locked one.
    counter.store(
        counter
            .load(Ordering::Relaxed)
            .wrapping_add((data >> 1) as u64),
        Ordering::Relaxed,
    );
}
