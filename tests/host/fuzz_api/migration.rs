// SPDX-License-Identifier: GPL-2.0

//! Images, messages between body and deputy, and the memory of calls.

pub(crate) mod samples;

use self::samples::BOUNDS;
use super::{
    altered,
    Input, //
};
use crate::migration::{
    image::{
        check::{
            in_mappings,
            Check,
            Part, //
        },
        chunk::{
            self,
            Writer, //
        },
        signals::UNBLOCKABLE, //
    },
    marshal::{
        collect::{
            collect,
            Part as Given, //
        },
        place::lay_out,
        Arena,
        Span, //
    },
    table::{
        self,
        row::Route, //
    },
    wire::{
        message::{
            FromBody,
            FromDeputy, //
        },
        reply, //
    }, //
};
use crate::rpc::message::Reader;

/// An image in one message, of which the input changes one chunk; the first byte chooses it. Whether it was
/// accepted as a whole.
pub fn image(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut chunks = samples::image();
    let at = usize::from(input.byte()) % chunks.len();
    let data: usize = chunks.iter().map(|chunk| chunk.data).sum();
    let body = std::mem::take(&mut chunks[at].body);
    chunks[at].body = altered(&mut input, body);
    let mut room = vec![0; 1 << 16];
    let mut writer = Writer::new(&mut room);
    for chunk in &chunks {
        writer.push(chunk.tag, &[&chunk.body]).expect("room");
    }
    let len = writer.used();
    // What is left of the input changes the heads, and everything else.
    for byte in &mut room[..len] {
        *byte ^= input.byte();
    }
    let mut check = Check::new(BOUNDS);
    let mut reader = Reader::new(&room[..len]);
    let mut vmas = Vec::new();
    while !reader.rest().is_empty() {
        let part = chunk::next(&mut reader).and_then(|chunk| check.chunk(chunk, data));
        let Ok(part) = part else {
            return false;
        };
        if let Part::Vmas(more) = part {
            vmas.extend_from_slice(more);
        }
        sound(part);
        if let Part::Pages(runs) = part {
            for run in runs.iter().filter(|run| in_mappings(run, &vmas)) {
                assert!(run.bytes() <= BOUNDS.task_size - run.start.get());
            }
        }
    }
    assert!(!check.is_whole() || vmas.is_sorted_by(|one, next| one.end <= next.start));
    check.is_whole()
}

/// What whoever restores a process relies on.
fn sound(part: Part<'_>) {
    let is_user = |address: u64| assert!(address < BOUNDS.task_size);
    match part {
        Part::General(general) => {
            is_user(general.ip.get());
            is_user(general.fs_base.get());
            is_user(general.gs_base.get());
            assert_eq!((general.cs.get(), general.ss.get()), (0x33, 0x2b));
            // IOPL, VM, VIF and VIP.
            assert_eq!(general.flags.get() & 0x1a_3000, 0);
            assert_ne!(general.flags.get() & 0x200, 0);
        }
        Part::Xstate(area) => assert_eq!(area.len(), BOUNDS.xstate_size as usize),
        Part::Mm(mm) => {
            is_user(mm.brk.get() - 1);
            assert!(mm.vvar.get() % 4096 == 0 && mm.arg_start <= mm.arg_end);
        }
        Part::Vmas(vmas) => {
            for vma in vmas {
                assert!(vma.start < vma.end && vma.start.get() >= BOUNDS.min_addr);
                is_user(vma.end.get() - 1);
                assert_eq!((vma.start.get() | vma.end.get()) % 4096, 0);
            }
        }
        Part::Actions(actions) => {
            assert_eq!(actions.len(), 64);
            for action in actions {
                is_user(action.handler.get());
                is_user(action.restorer.get());
            }
            assert!(!actions[8].is_handled() && !actions[18].is_handled());
        }
        Part::Signals(signals) => {
            assert_eq!(signals.blocked.get() & UNBLOCKABLE, 0);
            is_user(signals.altstack.get());
        }
        Part::Pending(pending) => {
            for one in pending {
                assert!((1..=64).contains(&one.info.signo.get()));
            }
        }
        Part::Credentials(own, groups) => {
            assert_eq!(own.groups.get() as usize, groups.len());
            assert_ne!(own.uid.get(), u32::MAX);
        }
        Part::Thread(thread) => is_user(thread.robust_list.get()),
        Part::Limits(limits) => {
            let mut limits = limits.limits.iter();
            assert!(limits.all(|limit| limit.current <= limit.max));
        }
        _ => (),
    }
}

/// A message of a body.
pub fn from_body(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut samples = samples::from_body();
    let index = usize::from(input.byte()) % samples.len();
    let mut sample = samples.swap_remove(index);
    sample.msg = altered(&mut input, sample.msg);
    sample.data = altered(&mut input, sample.data);
    match FromBody::decode(sample.kind, &sample.msg, &sample.data) {
        Ok(FromBody::Call(request)) => {
            assert_eq!(request.head.mask.get() & UNBLOCKABLE, 0);
            let route = table::route(request.head.number.get().into(), &request.head.args());
            let expected = [
                Route::Deputy(request.call),
                Route::Signal(Some(request.call)),
            ];
            assert!(expected.contains(&route));
            true
        }
        Ok(FromBody::Exit(exit)) => {
            let status = exit.status.get();
            assert!(status & 0x7f == 0 || status >> 8 == 0);
            true
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

/// A message of a deputy.
pub fn from_deputy(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let mut samples = samples::from_deputy();
    let index = usize::from(input.byte()) % samples.len();
    let mut sample = samples.swap_remove(index);
    sample.msg = altered(&mut input, sample.msg);
    sample.data = altered(&mut input, sample.data);
    match FromDeputy::decode(sample.kind, &sample.msg, &sample.data) {
        Ok(FromDeputy::Reply(answer)) => {
            assert!(answer.signals.len() <= reply::SIGNALS_MAX as usize);
            let is_new = answer.head.flags.get() & reply::flag::CREDENTIALS != 0;
            assert_eq!(answer.credentials.is_some(), is_new);
            true
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

/// An arena that must not be written to or read beyond its end.
struct Bounded(Vec<u8>);

impl Arena for Bounded {
    type Error = ();

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), ()> {
        let place = self
            .0
            .get_mut(offset as usize..offset as usize + bytes.len());
        place.expect("within the arena").copy_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        let place = self.0.get(offset as usize..offset as usize + bytes.len());
        bytes.copy_from_slice(place.expect("within the arena"));
        Ok(())
    }
}

/// A call with any arguments and any memory, laid out in an arena: number, arguments and result come first.
pub fn call(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let number = u16::from_le_bytes(input.array());
    let mut args = [0; 6];
    for arg in &mut args {
        // Small numbers, addresses, and what is neither.
        *arg = match input.byte() {
            0xff => u64::from_le_bytes(input.array()),
            0xfe => 0x10_0000 + u64::from(u16::from_le_bytes(input.array())),
            small => small.into(),
        };
    }
    let result = i64::from(i16::from_le_bytes(input.array()));
    let (Route::Deputy(call) | Route::Signal(Some(call))) = table::route(number.into(), &args)
    else {
        return false;
    };
    let span = Span {
        base: 0x7000_0000_0000,
        size: 1 << 14,
    };
    let mut arena = Bounded(vec![0; 1 << 14]);
    let data = input.0;
    let Ok(own) = lay_out(call, &args, data, span, &mut arena) else {
        return false;
    };
    for (arg, value) in call.args.iter().zip(own) {
        let is_inside = (span.base..=span.nothing()).contains(&value);
        assert!(!arg.is_pointer() || value == 0 || is_inside);
    }
    let mut total = 0;
    let taken = collect(call, &args, data, result, (span, &mut arena), &mut |part| {
        total += match part {
            Given::Count(_) => 4,
            Given::Arena { offset, len } => {
                assert!(offset + len <= span.size);
                len
            }
        };
        Ok(())
    });
    assert_eq!(taken, Ok(()));
    assert!(total <= span.size);
    true
}
