// SPDX-License-Identifier: GPL-2.0

//! Images: what a process is gets through, and nothing else does.

use crate::fuzz_api::migration::samples::{
    self,
    vma,
    Chunk,
    BOUNDS, //
};
use crate::migration::image::{
    check::{
        in_mappings,
        Check,
        Part, //
    },
    chunk::{
        self,
        tag,
        Full,
        Writer, //
    },
    invalid::Invalid,
    pages::Run,
    vma::{
        flag,
        kind,
        Vma, //
    }, //
};
use crate::rpc::message::Reader;
use proptest::prelude::*;
use zerocopy::{
    little_endian::{
        U32,
        U64, //
    },
    IntoBytes, //
};

/// Why an image is refused, if it is; else whether it is whole.
fn verdict(chunks: &[Chunk]) -> Result<bool, Invalid> {
    let mut check = Check::new(BOUNDS);
    for Chunk { tag, body, data } in chunks {
        check.chunk(chunk::Chunk { tag: *tag, body }, *data)?;
    }
    Ok(check.is_whole())
}

/// The sample with another body for a chunk.
fn with(tag: u16, body: &[u8]) -> Vec<Chunk> {
    let mut chunks = samples::image();
    let chunk = chunks.iter_mut().find(|chunk| chunk.tag == tag);
    chunk.expect("in the sample").body = body.to_vec();
    chunks
}

/// Asserts that a chunk is refused with a reason in which these words are.
fn refused(tag: u16, body: &[u8], words: &str) {
    match verdict(&with(tag, body)) {
        Err(Invalid(why)) => assert!(why.contains(words), "{why}, not {words}"),
        Ok(_) => panic!("{words}: accepted"),
    }
}

#[test]
fn a_sound_image_is_accepted() {
    assert_eq!(verdict(&samples::image()), Ok(true));
    let mut chunks = samples::image();
    chunks.pop();
    assert_eq!(verdict(&chunks), Ok(false));
}

#[test]
fn what_has_to_be_there_may_not_lack() {
    let optional = [
        tag::FILE,
        tag::VMA_NAME,
        tag::PAGES,
        tag::RESTART,
        tag::PENDING,
    ];
    for lacking in tag::HEADER..=tag::END {
        let mut chunks = samples::image();
        chunks.retain(|chunk| chunk.tag != lacking);
        let verdict = verdict(&chunks);
        if lacking == tag::FILE {
            assert_eq!(
                verdict,
                Err(Invalid("a mapping of a file that is not there"))
            );
        } else if optional.contains(&lacking) {
            assert_eq!(verdict, Ok(true), "without {lacking}");
        } else {
            assert_ne!(verdict, Ok(true), "without {lacking}");
        }
    }
}

#[test]
fn chunks_come_in_their_order_and_only_some_more_than_once() {
    let several = [tag::FILE, tag::VMA_NAME, tag::PAGES, tag::PENDING];
    let sample = samples::image();
    for at in 0..sample.len() {
        let mut chunks = sample.clone();
        chunks.insert(at, sample[at].clone());
        let may = several.contains(&sample[at].tag);
        assert_eq!(
            verdict(&chunks) == Ok(true),
            may,
            "{} twice",
            sample[at].tag
        );
        if at > 0 {
            let mut chunks = sample.clone();
            chunks.swap(at - 1, at);
            assert!(verdict(&chunks).is_err(), "{} too early", sample[at].tag);
        }
    }
    for tag in [0, tag::END + 1, u16::MAX] {
        let mut chunks = samples::image();
        chunks[3].tag = tag;
        assert!(verdict(&chunks).is_err(), "{tag}");
    }
}

#[test]
fn no_chunk_is_longer_or_shorter_than_it_should() {
    for chunk in samples::image() {
        let mut longer = chunk.body.clone();
        longer.push(0);
        assert_ne!(
            verdict(&with(chunk.tag, &longer)),
            Ok(true),
            "{} longer",
            chunk.tag
        );
        for len in 0..chunk.body.len() {
            let shorter = verdict(&with(chunk.tag, &chunk.body[..len]));
            // Fewer signals may wait, names be given, or pages come if their data comes not.
            let may = chunk.tag == tag::PENDING && len == 0;
            assert_eq!(shorter == Ok(true), may, "{} of {len} bytes", chunk.tag);
        }
    }
}

#[test]
fn an_image_of_another_node_is_refused() {
    let header = |change: fn(&mut crate::migration::image::header::Header), words| {
        let mut header = samples::header();
        change(&mut header);
        refused(tag::HEADER, header.as_bytes(), words);
    };
    header(|header| header.magic = U32::new(1), "not an image");
    header(|header| header.version = 2.into(), "version");
    header(|header| header.xfeatures = U64::new(1 << 18), "CPU lacks");
    header(|header| header.xstate_size = U32::new(2688), "layout");
    header(|header| header.vmas = U32::ZERO, "number of mappings");
    header(|header| header.vmas = U32::new(65531), "number of mappings");
    header(|header| header.vmas = U32::new(4), "more mappings");
    header(|header| header.vmas = U32::new(6), "not as many");
    header(|header| header.pages = U64::new(1 << 36), "number of pages");
}

#[test]
fn registers_are_those_of_user_code() {
    let general = |change: fn(&mut crate::migration::image::registers::General), words| {
        let mut general = samples::general();
        change(&mut general);
        refused(tag::GENERAL, general.as_bytes(), words);
    };
    let kernel = U64::new(0xffff_ffff_8100_0000);
    assert!(kernel.get() > BOUNDS.task_size);
    general(
        |general| general.ip = U64::new(BOUNDS.task_size),
        "instruction pointer",
    );
    general(|general| general.cs = U64::new(0x10), "code segment");
    general(|general| general.cs = U64::new(0x23), "code segment");
    general(|general| general.ss = U64::new(0x18), "stack segment");
    general(|general| general.flags = U64::new(0x3246), "privileged");
    general(|general| general.flags = U64::new(0x2_0246), "privileged");
    general(
        |general| general.flags = U64::new((1 << 63) | 0x246),
        "privileged",
    );
    general(|general| general.flags = U64::new(0x046), "always set");
    general(|general| general.fs_base = U64::new(1 << 63), "fs");
    general(|general| general.gs_base = U64::new(BOUNDS.task_size), "gs");
    general(|general| general.ds = U64::new(0x18), "data segment");
    general(|general| general.fs = U64::new(0x63), "data segment");
    let mut fine = samples::general();
    fine.sp = kernel;
    fine.flags = U64::new(0x24_4fd7);
    fine.ds = U64::new(0x2b);
    assert_eq!(verdict(&with(tag::GENERAL, fine.as_bytes())), Ok(true));
}

#[test]
fn the_xsave_area_is_one_that_the_processor_loads() {
    let xstate = |at: usize, value: u8, words| {
        let mut area = samples::xstate();
        area[at] = value;
        refused(tag::XSTATE, &area, words);
    };
    xstate(26, 1, "MXCSR");
    xstate(512, 0x0f, "feature");
    xstate(519, 0x80, "feature");
    xstate(527, 0x80, "format");
    xstate(528, 1, "format");
    xstate(575, 1, "format");
}

#[test]
fn signals_are_such_as_programs_have() {
    use crate::migration::image::signals::{
        Action,
        Signals, //
    };
    use zerocopy::FromZeros;
    let action = |signal: usize, change: fn(&mut Action), words| {
        let mut actions = [Action::new_zeroed(); 64];
        change(&mut actions[signal - 1]);
        refused(tag::ACTIONS, actions.as_bytes(), words);
    };
    action(9, |action| action.handler = U64::new(0x1000), "SIGKILL");
    action(19, |action| action.handler = U64::new(1), "SIGSTOP");
    action(2, |action| action.handler = U64::new(1 << 63), "handler");
    action(
        2,
        |action| action.restorer = U64::new(BOUNDS.task_size),
        "handler",
    );
    action(2, |action| action.flags = U64::new(0x80_0000), "flag");
    action(2, |action| action.mask = U64::new(1 << 8), "mask");
    let signals = |change: fn(&mut Signals), words| {
        let mut signals = Signals::new_zeroed();
        change(&mut signals);
        refused(tag::SIGNALS, signals.as_bytes(), words);
    };
    signals(|signals| signals.blocked = U64::new(1 << 18), "mask");
    signals(|signals| signals.saved = U64::new(1 << 8), "mask");
    signals(|signals| signals.restore = U32::new(2), "restored");
    signals(|signals| signals.altstack_flags = U32::new(1), "alternate");
    signals(|signals| signals.altstack = U64::new(1 << 63), "alternate");
    signals(
        |signals| signals.altstack_size = U64::new(u64::MAX),
        "alternate",
    );
    for signo in [0, 65, 9, 19, -1] {
        let mut pending = samples::pending();
        pending.info.signo = signo.into();
        refused(tag::PENDING, pending.as_bytes(), "number of a signal");
    }
}

#[test]
fn other_parts_are_such_as_processes_have() {
    use crate::migration::image::{
        attributes::Attributes,
        thread::{
            Restart,
            Thread, //
        }, //
    };
    let attributes = |change: fn(&mut Attributes), words| {
        let mut attributes = samples::attributes();
        change(&mut attributes);
        refused(tag::ATTRIBUTES, attributes.as_bytes(), words);
    };
    attributes(|attributes| attributes.policy = 1, "policy");
    attributes(|attributes| attributes.nice = -21, "nice");
    attributes(
        |attributes| attributes.flags = U32::new(1 << 9),
        "attribute",
    );
    attributes(
        |attributes| attributes.personality = U32::new(0x13),
        "personality",
    );
    attributes(|attributes| attributes.umask = 0o1000.into(), "umask");
    attributes(|attributes| attributes.ioprio = 0x8000.into(), "I/O");
    attributes(
        |attributes| attributes.oom_score_adj = 1001.into(),
        "memory",
    );
    attributes(|attributes| attributes.pdeath_signal = 65, "death");
    attributes(|attributes| attributes.dumpable = 3, "dumpable");
    let thread = |change: fn(&mut Thread), words| {
        let mut thread = samples::thread();
        change(&mut thread);
        refused(tag::THREAD, thread.as_bytes(), words);
    };
    thread(|thread| thread.robust_list = U64::new(1 << 63), "robust");
    thread(|thread| thread.robust_len = U64::new(23), "robust");
    thread(|thread| thread.rseq = U64::new(0x7f00_0000_0da8), "rseq");
    thread(|thread| thread.rseq = U64::ZERO, "rseq");
    thread(
        |thread| thread.clear_child_tid = U64::new(u64::MAX),
        "number",
    );
    let restart = |change: fn(&mut Restart), words| {
        let mut restart = samples::restart();
        change(&mut restart);
        refused(tag::RESTART, restart.as_bytes(), words);
    };
    restart(|restart| restart.kind = 4.into(), "kind");
    restart(|restart| restart.clock = (-6).into(), "clock");
    restart(|restart| restart.deadline = (-1).into(), "deadline");
    restart(|restart| restart.address = U64::new(1 << 63), "address");
    let mut credentials = samples::credentials();
    credentials.euid = U32::new(u32::MAX);
    let body = [credentials.as_bytes(), &[0; 8]].concat();
    refused(tag::CREDENTIALS, &body, "user");
    refused(tag::AFFINITY, &[0; 8], "empty");
    refused(tag::AFFINITY, &[1; 1032], "length");
}

/// The image with these mappings and nothing that needs others.
fn mapped(vmas: &[Vma]) -> Result<bool, Invalid> {
    let mut chunks = with(tag::VMAS, vmas.as_bytes());
    let mut header = samples::header();
    header.vmas = U32::new(vmas.len() as u32);
    chunks[0].body = header.as_bytes().to_vec();
    verdict(&chunks)
}

const RW: u32 = flag::READ | flag::WRITE | flag::MAYREAD | flag::MAYWRITE;

#[test]
fn mappings_are_such_as_can_be_made() {
    let plain = || vma(0x10_0000, 4, kind::ANONYMOUS, RW);
    assert_eq!(mapped(&[plain()]), Ok(true));
    let bad = |change: fn(&mut Vma), words: &str| {
        let mut vma = plain();
        change(&mut vma);
        let Err(Invalid(why)) = mapped(&[vma]) else {
            panic!("{words}: accepted");
        };
        assert!(why.contains(words), "{why}, not {words}");
    };
    bad(|vma| vma.start = U64::ZERO, "place");
    bad(|vma| vma.start = U64::new(0x8000), "place");
    bad(|vma| vma.start = U64::new(0x10_0001), "place");
    bad(|vma| vma.end = U64::new(0x10_4800), "place");
    bad(|vma| vma.end = vma.start, "place");
    bad(|vma| vma.end = U64::new(BOUNDS.task_size + 4096), "place");
    bad(|vma| vma.flags = U32::new(flag::WRITE), "more access");
    bad(|vma| vma.flags = U32::new(1 << 17), "flag");
    bad(|vma| vma.pkey = 16, "key");
    bad(|vma| vma.kind = 6, "kind");
    bad(|vma| vma.file = U32::new(1), "file where none");
    bad(|vma| vma.kind = kind::SHARED_FILE, "shared");
    bad(|vma| vma.kind = kind::VVAR, "shared");
    bad(
        |vma| {
            vma.kind = kind::PRIVATE_FILE;
            vma.file = U32::new(1);
        },
        "not there",
    );
    bad(|vma| vma.offset = U64::new(1), "offset");
    bad(
        |vma| vma.offset = U64::new(i64::MAX as u64 & !4095),
        "offset",
    );
    bad(
        |vma| {
            vma.kind = kind::VDSO;
            vma.flags = U32::new(flag::GROWSDOWN);
        },
        "stack",
    );
}

#[test]
fn pages_belong_to_mappings_that_have_them() {
    let vmas = samples::vmas();
    let run = |start, pages| Run {
        start: U64::new(start),
        pages: U32::new(pages),
        reserved: U32::ZERO,
    };
    assert!(in_mappings(&run(0x40_0000, 2), &vmas));
    assert!(in_mappings(&run(0x7ffd_0000_3000, 1), &vmas));
    for outside in [
        run(0x3f_f000, 1),
        run(0x40_0000, 3),
        run(0x40_3000, 1),
        run(0x7ffd_0000_3000, 2),
        run(0x7ffd_0001_0000, 1),
        run(0x7ffd_0001_4000, 1),
        run(0x7fff_0000_0000, 1),
    ] {
        assert!(!in_mappings(&outside, &vmas), "{:#x}", outside.start.get());
    }
    assert!(!in_mappings(&run(0x40_0000, 1), &[]));
}

#[test]
fn pages_are_as_many_as_their_data() {
    let mut chunks = samples::image();
    let at = chunks
        .iter()
        .position(|chunk| chunk.tag == tag::PAGES)
        .expect("there");
    for data in [0, 4096, 3 * 4096 - 1, 4 * 4096] {
        chunks[at].data = data;
        assert_eq!(verdict(&chunks), Err(Invalid("not as much data as pages")));
    }
}

#[test]
fn a_chunk_that_does_not_fit_leaves_the_message_as_it_is() {
    let mut room = [0xaa; 30];
    let mut writer = Writer::new(&mut room);
    assert_eq!(writer.push(1, &[b"ab", b"cd"]), Ok(()));
    assert_eq!(writer.used(), 12);
    assert_eq!(writer.push(2, &[&[0; 11]]), Err(Full));
    assert_eq!(writer.used(), 12);
    assert_eq!(writer.push(3, &[&[5; 10]]), Ok(()));
    assert_eq!(writer.push(4, &[]), Err(Full));
    assert_eq!(writer.used(), 30);
}

proptest! {
    #[test]
    fn what_is_written_is_read(chunks in prop::collection::vec((any::<u16>(), any::<Vec<u8>>()), 0..8)) {
        let mut room = vec![0; 1 << 12];
        let mut writer = Writer::new(&mut room);
        for (tag, body) in &chunks {
            let (first, second) = body.split_at(body.len() / 3);
            prop_assert_eq!(writer.push(*tag, &[first, second]), Ok(()));
        }
        let used = writer.used();
        let mut reader = Reader::new(&room[..used]);
        for (tag, body) in &chunks {
            let chunk = chunk::next(&mut reader);
            prop_assert_eq!(chunk, Ok(chunk::Chunk { tag: *tag, body }));
        }
        prop_assert!(reader.rest().is_empty());
    }

    #[test]
    fn mappings_are_accepted_if_and_only_if_they_are_in_order(
        places in prop::collection::vec((0_u64..40, 1_u64..6), 1..8),
        sorted: bool
    ) {
        let mut places = places;
        if sorted {
            let mut next = 0;
            for (start, pages) in &mut places {
                *start = next + *start % 3;
                next = *start + *pages;
            }
        }
        let vmas: Vec<_> = places
            .iter()
            .map(|(start, pages)| vma(0x10_0000 + start * 4096, *pages, kind::ANONYMOUS, RW))
            .collect();
        let fine = places.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0);
        prop_assert_eq!(mapped(&vmas).is_ok(), fine);
        prop_assert!(fine || !sorted);
    }

    #[test]
    fn every_changed_byte_is_survived(chunk in 0_usize..23, at: prop::sample::Index, value: u8) {
        let mut chunks = samples::image();
        let body = &mut chunks[chunk].body;
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] = value;
        }
        let mut check = Check::new(BOUNDS);
        for Chunk { tag, body, data } in &chunks {
            match check.chunk(chunk::Chunk { tag: *tag, body }, *data) {
                Ok(Part::General(general)) => prop_assert!(general.ip.get() < BOUNDS.task_size),
                Ok(_) => (),
                Err(_) => break,
            }
        }
    }
}
