// SPDX-License-Identifier: GPL-2.0
//! Reports as kernels really print them, and lines that are none.

use super::*;

/// Kinds found in a log, in order.
fn kinds(log: &str) -> Vec<&'static str> {
    scan(log).into_iter().map(|report| report.kind).collect()
}

#[test]
fn warning_is_one_report() {
    let log = "\
[   12.345678] ------------[ cut here ]------------
[   12.345679] mosix: link 2 has no peer
[   12.345680] WARNING: net/core/dev.c:1234 at dev_close+0x12/0x40, CPU#0: ip/123
[   12.345681] Modules linked in: mosix(O)
[   12.345690] CPU: 0 UID: 0 PID: 123 Comm: ip Tainted: G           O        7.2.12+deb13-amd64 #1 PREEMPT(lazy)
[   12.345699] RIP: 0010:dev_close+0x12/0x40
[   12.345701] Call Trace:
[   12.345702]  <TASK>
[   12.345703]  do_syscall_64+0x84/0x800
[   12.345710]  </TASK>
[   12.345711] ---[ end trace 0000000000000000 ]---";
    assert_eq!(kinds(log), ["WARN"]);
    assert_eq!(scan(log)[0].number, 3);
}

#[test]
fn older_warning_format_is_found() {
    assert_eq!(
        kinds("[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:3 f+0x1/0x2"),
        ["WARN"]
    );
}

#[test]
fn oops_is_found() {
    let log = "\
[   20.1] BUG: kernel NULL pointer dereference, address: 0000000000000008
[   20.1] #PF: supervisor read access in kernel mode
[   20.1] Oops: Oops: 0000 [#1] SMP NOPTI
[   20.1] Call Trace:
[   20.1]  <TASK>";
    assert_eq!(kinds(log), ["oops", "oops"]);
    assert_eq!(
        kinds("[ 3.3] BUG: unable to handle page fault for address: ffffffffc0a01000"),
        ["oops"]
    );
    assert_eq!(
        kinds("[ 3.3] Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1]"),
        ["oops"]
    );
    assert_eq!(
        kinds("[ 3.3] general protection fault: 0000 [#1] PREEMPT SMP"),
        ["oops"]
    );
    assert_eq!(kinds("kernel BUG at mm/slub.c:553!"), ["BUG"]);
    assert_eq!(
        kinds("[  5.0] Kernel panic - not syncing: Fatal exception"),
        ["panic"]
    );
}

#[test]
fn debug_kernel_without_time_stamps_is_understood() {
    assert_eq!(
        kinds("WARNING: possible circular locking dependency detected"),
        ["lockdep"]
    );
    assert_eq!(
        kinds("[    5.1][  T123] WARNING: inconsistent lock state"),
        ["lockdep"]
    );
    assert_eq!(
        kinds("[    5.1][   C0] BUG: workqueue lockup - pool cpus=0 stuck for 31s!"),
        ["workqueue lockup"]
    );
}

#[test]
fn lockdep_and_rcu_reports_are_found() {
    for line in [
        "WARNING: possible recursive locking detected",
        "INFO: possible recursive locking detected",
        "WARNING: possible irq lock inversion dependency detected",
        "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
        "[ BUG: Invalid wait context ]",
        "WARNING: lock held when returning to user space!",
        "WARNING: bad unlock balance detected!",
        "DEBUG_LOCKS_WARN_ON(lock->magic != lock)",
        "INFO: trying to register non-static key.",
    ] {
        assert_eq!(kinds(line), ["lockdep"], "{line}");
    }
    assert_eq!(kinds("WARNING: suspicious RCU usage"), ["RCU usage"]);
    assert_eq!(
        kinds("rcu: INFO: rcu_preempt self-detected stall on CPU"),
        ["RCU stall"]
    );
    assert_eq!(
        kinds("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"),
        ["RCU stall"]
    );
}

#[test]
fn sanitizer_and_leak_reports_are_found() {
    let log = "\
==================================================================
BUG: KASAN: slab-use-after-free in mosix_link_send+0x40/0x100 [mosix]
Read of size 8 at addr ffff888004a3c010 by task mosix/link/77
Call Trace:
 <TASK>";
    assert_eq!(kinds(log), ["KASAN"]);
    assert_eq!(
        kinds("BUG: KMSAN: uninit-value in memcmp+0x1/0x2"),
        ["KMSAN"]
    );
    assert_eq!(
        kinds("UBSAN: array-index-out-of-bounds in fs/x.c:3:4"),
        ["UBSAN"]
    );
    assert_eq!(
        kinds("kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)"),
        ["memory leak"]
    );
    assert_eq!(
        kinds("unreferenced object 0xffff888005a0c000 (size 64):"),
        ["memory leak"]
    );
    assert_eq!(
        kinds("BUG mosix_request (Tainted: G O): Objects remaining in mosix_request on __kmem_cache_shutdown()"),
        ["memory leak"]
    );
}

#[test]
fn hung_and_atomic_reports_are_found() {
    assert_eq!(
        kinds("INFO: task mosix/1:77 blocked for more than 30 seconds."),
        ["hung task"]
    );
    assert_eq!(
        kinds("watchdog: BUG: soft lockup - CPU#0 stuck for 62s! [fio:401]"),
        ["soft lockup"]
    );
    assert_eq!(
        kinds("BUG: sleeping function called from invalid context at kernel/locking/mutex.c:575"),
        ["sleeping in atomic context"]
    );
    assert_eq!(
        kinds("BUG: scheduling while atomic: swapper/0/0/0x00000002"),
        ["sleeping in atomic context"]
    );
    assert_eq!(
        kinds("CFI failure at foo+0x1/0x2 (target: bar+0x0/0x10; expected type: 0x1)"),
        ["CFI failure"]
    );
    assert_eq!(kinds("traps: Missing ENDBR: foo+0x0/0x10"), ["CFI failure"]);
}

#[test]
fn rust_panic_is_found() {
    assert_eq!(
        kinds("rust_kernel: panicked at src/main.rs:3:5:\nattempt to add with overflow"),
        ["Rust panic"]
    );
}

#[test]
fn lone_call_trace_and_cut_are_reports() {
    assert_eq!(
        kinds("[  9.9] Call Trace:\n[  9.9]  <TASK>"),
        ["call trace"]
    );
    assert_eq!(
        kinds("[  9.9] ------------[ cut here ]------------\n[  9.9] something"),
        ["cut here"]
    );
}

#[test]
fn two_warnings_are_two_reports() {
    let one = "[ 1.0] ------------[ cut here ]------------\n[ 1.0] WARNING: a.c:1 at f+0x1/0x2, CPU#0: x/1\n[ 1.0] Call Trace:\n";
    assert_eq!(kinds(&one.repeat(2)), ["WARN", "WARN"]);
}

#[test]
fn clean_log_is_clean() {
    let log = "\
[    0.000000] Linux version 7.2.12+deb13-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC
[    0.000000] Command line: console=ttyS0 ignore_loglevel panic=-1 kmemleak=on
[    0.010000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!
[    0.100000] kmemleak: Kernel memory leak detector initialized (mem pool available: 11448)
[    0.200000] rcu: Preemptible hierarchical RCU implementation.
[    0.300000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
[    0.400000] kasan: KernelAddressSanitizer initialized (generic)
[    0.500000] x86/mm: Checked W+X mappings: passed, no W+X pages found.
[    1.000000] mosix: loading out-of-tree module taints kernel.
[    1.100000] mosix: module verification failed: signature and/or required key missing - tainting kernel
[    2.000000] EXT4-fs (vdc): mounted filesystem d729cb6f-bd0f-4fcf-a3fd-32e3490e810f r/w with ordered data mode.
[    3.000000] mosix: node 2 (node2) is suspect: no sign of life for 2.0 s
[    3.100000] mosix: WARNING is a word in the middle of this line
[    4.000000] node-init: node 1 is ready";
    assert_eq!(scan(log), []);
}

#[test]
fn log_that_was_cut_in_the_middle_is_no_trouble() {
    assert_eq!(scan("[   1.0"), []);
    assert_eq!(scan(""), []);
    assert_eq!(
        kinds("\r[ 1.0] BUG: Bad page state in process fio"),
        ["BUG"]
    );
}
