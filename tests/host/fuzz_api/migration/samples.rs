// SPDX-License-Identifier: GPL-2.0

//! An image of a process as a sound node makes it, and messages between body and deputy.

use crate::migration::{
    image::{
        attributes::Attributes,
        chunk::tag,
        clocks::{
            Clocks,
            Timers, //
        },
        header::{
            Header,
            MAGIC,
            VERSION, //
        },
        identity::{
            Credentials,
            Ids,
            Names, //
        },
        invalid::Bounds,
        limits::{
            Limit,
            Limits, //
        },
        mm::{
            Aux,
            Mm, //
        },
        pages::Run,
        registers::General,
        signals::{
            Action,
            Pending,
            Siginfo,
            Signals, //
        },
        thread::{
            Restart,
            Thread, //
        },
        vma::{
            flag,
            kind,
            MappedFile,
            Vma,
            VmaName, //
        }, //
    },
    wire::{
        call,
        life::{
            Exit,
            Fork,
            Recall,
            Return,
            Usage, //
        },
        op,
        reply,
        signal::{
            Disposition,
            Mask,
            Signal, //
        }, //
    }, //
};
use crate::rpc::wire::Kind;
use zerocopy::{
    little_endian::{
        I32,
        I64,
        U16,
        U32,
        U64, //
    },
    FromZeros,
    IntoBytes, //
};

/// A node that runs TCG's widest CPU.
pub(crate) const BOUNDS: Bounds = Bounds {
    task_size: 0x7fff_ffff_f000,
    min_addr: 65536,
    xfeatures: 0x2e7,
    xstate_size: 2696,
    mxcsr_mask: 0xffff,
};

/// A chunk, and the data of its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) tag: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) data: usize,
}

fn chunk(tag: u16, parts: &[&[u8]]) -> Chunk {
    Chunk {
        tag,
        body: parts.concat(),
        data: 0,
    }
}

pub(crate) fn header() -> Header {
    Header {
        magic: U32::new(MAGIC),
        version: U16::new(VERSION),
        reserved: U16::ZERO,
        xfeatures: U64::new(7),
        xstate_size: U32::new(BOUNDS.xstate_size),
        vmas: U32::new(5),
        pages: U64::new(3),
    }
}

pub(crate) fn general() -> General {
    General {
        ax: U64::new(-512_i64 as u64),
        ip: U64::new(0x40_1000),
        cs: U64::new(0x33),
        flags: U64::new(0x246),
        sp: U64::new(0x7ffd_0000_1000),
        ss: U64::new(0x2b),
        fs_base: U64::new(0x7f00_0000_0740),
        ..General::new_zeroed()
    }
}

pub(crate) fn xstate() -> Vec<u8> {
    let mut area = vec![0; BOUNDS.xstate_size as usize];
    area[24..28].copy_from_slice(&0x1f80_u32.to_le_bytes());
    area[512] = 7;
    area
}

pub(crate) fn vma(start: u64, pages: u64, what: u8, flags: u32) -> Vma {
    Vma {
        start: U64::new(start),
        end: U64::new(start + pages * 4096),
        offset: U64::ZERO,
        flags: U32::new(flags),
        file: U32::ZERO,
        kind: what,
        pkey: 0,
        reserved: [0; 6],
    }
}

const MAY: u32 = flag::MAYREAD | flag::MAYWRITE | flag::MAYEXEC;

pub(crate) fn vmas() -> [Vma; 5] {
    let stack = flag::READ | flag::WRITE | flag::GROWSDOWN | MAY;
    let vdso = flag::READ | flag::EXEC | MAY;
    [
        vma(
            0x40_0000,
            2,
            kind::PRIVATE_FILE,
            flag::READ | flag::EXEC | MAY,
        ),
        vma(
            0x40_2000,
            1,
            kind::ANONYMOUS,
            flag::READ | flag::WRITE | MAY,
        ),
        vma(0x7ffd_0000_0000, 4, kind::ANONYMOUS, stack),
        vma(0x7ffd_0001_0000, 4, kind::VVAR, flag::READ | flag::MAYREAD),
        vma(0x7ffd_0001_4000, 2, kind::VDSO, vdso),
    ]
}

pub(crate) fn mm() -> Mm {
    Mm {
        start_code: U64::new(0x40_0000),
        end_code: U64::new(0x40_1800),
        start_brk: U64::new(0x40_2000),
        brk: U64::new(0x40_2800),
        start_stack: U64::new(0x7ffd_0000_2000),
        arg_start: U64::new(0x7ffd_0000_3000),
        arg_end: U64::new(0x7ffd_0000_3010),
        env_start: U64::new(0x7ffd_0000_3010),
        env_end: U64::new(0x7ffd_0000_3100),
        mmap_base: U64::new(0x7f00_0000_0000),
        vvar: U64::new(0x7ffd_0001_0000),
        vdso: U64::new(0x7ffd_0001_4000),
        ..Mm::new_zeroed()
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        uid: U32::new(1000),
        groups: U32::new(2),
        ..Credentials::new_zeroed()
    }
}

pub(crate) fn file() -> MappedFile {
    MappedFile {
        size: U64::new(8000),
        path_len: U16::new(8),
        ..MappedFile::new_zeroed()
    }
}

pub(crate) fn pending() -> Pending {
    let info = Siginfo {
        signo: I32::new(10),
        ..Siginfo::new_zeroed()
    };
    Pending {
        info,
        ..Pending::new_zeroed()
    }
}

fn limits() -> Limits {
    let limit = Limit {
        current: U64::new(1024),
        max: U64::new(u64::MAX),
    };
    Limits {
        limits: [limit; 16],
    }
}

pub(crate) fn attributes() -> Attributes {
    Attributes {
        timer_slack: U64::new(50_000),
        umask: U16::new(0o022),
        dumpable: 1,
        ..Attributes::new_zeroed()
    }
}

pub(crate) fn restart() -> Restart {
    Restart {
        kind: U16::new(1),
        timed: U16::new(1),
        clock: I32::new(1),
        deadline: I64::new(1_000_000),
        address: U64::new(0x7ffd_0000_1000),
        ..Restart::new_zeroed()
    }
}

pub(crate) fn thread() -> Thread {
    Thread {
        clear_child_tid: U64::new(0x7f00_0000_0a10),
        robust_list: U64::new(0x7f00_0000_0a20),
        robust_len: U64::new(24),
        rseq: U64::new(0x7f00_0000_0da0),
        rseq_len: U32::new(32),
        rseq_sig: U32::new(0x5305_3053),
        ..Thread::new_zeroed()
    }
}

/// Every kind of chunk, in order.
pub(crate) fn image() -> Vec<Chunk> {
    let ids = Ids {
        pid: U32::new(4711),
        reserved: U32::ZERO,
    };
    let mut names = Names::new_zeroed();
    names.comm[..3].copy_from_slice(b"cat");
    let mut name = VmaName::new_zeroed();
    name.start = U64::new(0x40_2000);
    name.name[..4].copy_from_slice(b"heap");
    let run = |start, pages| Run {
        start: U64::new(start),
        pages: U32::new(pages),
        reserved: U32::ZERO,
    };
    let runs = [run(0x40_2000, 1), run(0x7ffd_0000_2000, 2)];
    let end = Aux::new_zeroed();
    let mut aux = end;
    aux.key = U64::new(6);
    let groups = [U32::new(4), U32::new(20)];
    let mut pages = chunk(tag::PAGES, &[runs.as_bytes()]);
    pages.data = 3 * 4096;
    vec![
        chunk(tag::HEADER, &[header().as_bytes()]),
        chunk(tag::IDS, &[ids.as_bytes()]),
        chunk(
            tag::CREDENTIALS,
            &[credentials().as_bytes(), groups.as_bytes()],
        ),
        chunk(tag::NAMES, &[names.as_bytes()]),
        chunk(tag::LIMITS, &[limits().as_bytes()]),
        chunk(tag::ATTRIBUTES, &[attributes().as_bytes()]),
        chunk(tag::AFFINITY, &[&[3, 0, 0, 0, 0, 0, 0, 0]]),
        chunk(tag::CLOCKS, &[Clocks::new_zeroed().as_bytes()]),
        chunk(tag::MM, &[mm().as_bytes()]),
        chunk(tag::AUXV, &[[aux, end].as_bytes()]),
        chunk(tag::FILE, &[file().as_bytes(), b"/bin/cat"]),
        chunk(tag::VMAS, &[vmas().as_bytes()]),
        chunk(tag::VMA_NAME, &[name.as_bytes()]),
        pages,
        chunk(tag::TIMERS, &[Timers::new_zeroed().as_bytes()]),
        chunk(tag::GENERAL, &[general().as_bytes()]),
        chunk(tag::XSTATE, &[&xstate()]),
        chunk(tag::THREAD, &[thread().as_bytes()]),
        chunk(tag::RESTART, &[restart().as_bytes()]),
        chunk(tag::ACTIONS, &[[Action::new_zeroed(); 64].as_bytes()]),
        chunk(tag::SIGNALS, &[Signals::new_zeroed().as_bytes()]),
        chunk(tag::PENDING, &[pending().as_bytes()]),
        chunk(tag::END, &[]),
    ]
}

/// A message, on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) msg: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

fn message(kind: Kind, parts: &[&[u8]], data: &[u8]) -> Message {
    Message {
        kind,
        msg: parts.concat(),
        data: data.to_vec(),
    }
}

fn usage() -> Usage {
    Usage {
        utime: U64::new(2_000_000),
        ..Usage::new_zeroed()
    }
}

pub(crate) fn call() -> call::Head {
    call::Head {
        id: U64::new(1),
        number: U32::new(1),
        flags: U32::ZERO,
        args: [1, 0x1000, 5, 0, 0, 0].map(U64::new),
        mask: U64::ZERO,
        usage: usage(),
    }
}

pub(crate) fn reply() -> reply::Head {
    reply::Head {
        id: U64::new(1),
        result: I64::new(5),
        flags: U32::new(reply::flag::REGULAR),
        signals: U32::new(1),
    }
}

/// Messages of a body.
pub(crate) fn from_body() -> Vec<Message> {
    let interrupt = call::Interrupt { id: U64::new(1) };
    let action = Disposition {
        signal: U32::new(2),
        disposition: U32::new(2),
        flags: U64::new(0x1400_0000),
        mask: U64::new(4),
    };
    let mask = Mask { mask: U64::new(2) };
    let fork = Fork {
        id: U64::new(2),
        flags: U64::new(0x120_0011),
        mask: U64::ZERO,
        token: U64::new(99),
        usage: usage(),
    };
    let exit = Exit {
        status: U32::new(3 << 8),
        reserved: U32::ZERO,
        usage: usage(),
    };
    let home = Return {
        why: U32::new(2),
        number: U32::new(9),
        usage: usage(),
    };
    vec![
        message(op::CALL, &[call().as_bytes()], b"\x05\0\0\0hello"),
        message(op::INTERRUPT, &[interrupt.as_bytes()], b""),
        message(op::ACTION, &[action.as_bytes()], b""),
        message(op::MASK, &[mask.as_bytes()], b""),
        message(op::FORK, &[fork.as_bytes()], b""),
        message(op::EXIT, &[exit.as_bytes()], b""),
        message(op::RETURN, &[home.as_bytes()], b""),
        message(op::IMAGE, &[b"chunks"], b"pages"),
    ]
}

/// Messages of a deputy.
pub(crate) fn from_deputy() -> Vec<Message> {
    let signal = Signal { pending: pending() };
    let recall = Recall { why: U32::new(1) };
    let mut known = reply();
    known.flags = U32::new(reply::flag::CREDENTIALS);
    let groups = [U32::new(4), U32::new(20)];
    let credentials = [
        known.as_bytes(),
        pending().as_bytes(),
        credentials().as_bytes(),
        groups.as_bytes(),
    ]
    .concat();
    vec![
        message(
            op::REPLY,
            &[reply().as_bytes(), pending().as_bytes()],
            b"back",
        ),
        message(op::REPLY, &[&credentials], b""),
        message(op::SIGNAL, &[signal.as_bytes()], b""),
        message(op::STOP, &[], b""),
        message(op::CONTINUE, &[], b""),
        message(op::RECALL, &[recall.as_bytes()], b""),
        message(op::IMAGE, &[b"chunks"], b"pages"),
    ]
}
