// SPDX-License-Identifier: GPL-2.0

//! Calls that no body sends.

use super::{
    calls,
    memory::{
        Deputy,
        Process,
        START, //
    },
    scene::Scene, //
};
use crate::migration::{
    marshal::{
        collect::{
            collect,
            Part, //
        },
        place::{
            lay_out,
            Refused, //
        },
        plan::Plan,
        unpack::unpack,
        Memory, //
    },
    table::call::Call, //
};
use proptest::prelude::*;

const SIZE: u32 = 1 << 15;

/// Lays a call out and collects its reply, whatever they are; whether the call was accepted.
fn survive(call: &Call, args: &[u64; 6], data: &[u8], result: i64) -> bool {
    let mut deputy = Deputy::new(SIZE);
    let span = deputy.span;
    let Ok(own) = lay_out(call, args, data, span, &mut deputy) else {
        return false;
    };
    for (arg, value) in call.args.iter().zip(own) {
        let within = span.base..=span.nothing();
        assert!(!arg.is_pointer() || value == 0 || within.contains(&value));
    }
    let mut total = 0;
    let collected = collect(call, args, data, result, (span, &mut deputy), &mut |part| {
        total += match part {
            Part::Count(_) => 4,
            Part::Arena { offset, len } => {
                assert!(u64::from(offset) + u64::from(len) <= SIZE.into());
                u64::from(len)
            }
        };
        Ok(())
    });
    assert_eq!(collected, Ok(()));
    assert!(total <= SIZE.into());
    true
}

/// A sound call: its arguments and data.
fn sound(call: &'static Call, seed: u64) -> Option<([u64; 6], Vec<u8>)> {
    let mut scene = Scene::new(call, seed);
    let mut data = vec![0; SIZE as usize];
    let plan = Plan::new(call, scene.args);
    let packed = plan.pack(&mut scene.process, &mut data, SIZE).ok()?;
    data.truncate(packed.len);
    Some((packed.args, data))
}

#[test]
fn data_is_neither_longer_nor_shorter_than_the_call_wants() {
    for (name, call) in calls() {
        let Some((args, mut data)) = sound(call, 7) else {
            continue;
        };
        assert!(survive(call, &args, &data, 0), "{name}");
        for len in 0..data.len().min(200) {
            assert!(
                !survive(call, &args, &data[..len], 0),
                "{name} of {len} bytes"
            );
        }
        data.push(0);
        assert!(!survive(call, &args, &data, 0), "{name} with a byte more");
    }
}

#[test]
fn more_than_the_arguments_say_is_refused() {
    let (_, write) = calls().swap_remove(1);
    let mut data = 5_u32.to_le_bytes().to_vec();
    data.extend(b"abcde");
    assert!(survive(write, &[1, 0x1000, 5, 0, 0, 0], &data, 5));
    assert!(!survive(write, &[1, 0x1000, 4, 0, 0, 0], &data, 5));
    assert!(!survive(write, &[1, 0x1000, 6, 0, 0, 0], &data, 5));
    assert!(!survive(write, &[1, 0, 5, 0, 0, 0], &data, 5));
    let mut deputy = Deputy::new(SIZE);
    let span = deputy.span;
    let args = [1, 0x1000, 4, 0, 0, 0];
    let refused = lay_out(write, &args, &data, span, &mut deputy);
    assert_eq!(refused, Err(Refused::Malformed));
}

/// Of several objects that cannot be reached to their end, one lies at the arena's end and the others
/// behind it, so that none runs into another.
#[test]
fn what_ends_early_has_nothing_behind_it() {
    let mut all = calls().into_iter();
    let (_, getresuid) = all.find(|(name, _)| name == "getresuid").expect("a row");
    let word = |len: u32| (len | (1 << 31)).to_le_bytes();
    let data = [word(3), word(2), 4_u32.to_le_bytes()].concat();
    let mut deputy = Deputy::new(SIZE);
    let span = deputy.span;
    let args = [0x1000, 0x2000, 0x3000, 0, 0, 0];
    let own = lay_out(getresuid, &args, &data, span, &mut deputy).expect("a sound call");
    let end = span.nothing();
    assert_eq!((own[2], own[1]), (end - 3, end));
    assert!(own[0] < end - 3 - 4);
}

/// Memory that takes no writes.
struct ReadOnly(Process);

impl Memory for ReadOnly {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> usize {
        self.0.read(address, bytes)
    }

    fn write(&mut self, _address: u64, _bytes: &[u8]) -> usize {
        0
    }

    fn reach(&mut self, _address: u64, _len: usize) -> usize {
        0
    }

    fn is_user(&self, address: u64, len: u64) -> bool {
        self.0.is_user(address, len)
    }
}

#[test]
fn read_only_memory_matters_only_if_it_is_written() {
    for (wanted, other_is_fault) in [("poll", true), ("select", false)] {
        let mut all = calls().into_iter();
        let (_, call) = all.find(|(name, _)| name == wanted).expect("a row");
        // The array of poll is at the first argument, the timeout of select at the last.
        let args = if wanted == "poll" {
            [START, 1, 0, 0, 0, 0]
        } else {
            [0, 0, 0, 0, START + 64, 0]
        };
        let mut memory = ReadOnly(Process::new(|| 7));
        let mut data = vec![0; SIZE as usize];
        let packed = Plan::new(call, args)
            .pack(&mut memory, &mut data, SIZE)
            .expect("fits");
        let sent = &data[..packed.len];
        let mut back = |changed: u8| {
            let mut reply = sent.to_vec();
            reply[5] = changed;
            unpack(call, &packed.args, (sent, SIZE), &reply, &mut memory)
        };
        assert_eq!(back(7), Ok(true));
        assert_eq!(back(8), Ok(!other_is_fault), "{wanted}");
    }
}

proptest! {
    #[test]
    fn changed_calls_are_survived(
        seed in 0_u64..1000,
        call in 0..calls().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        changed in prop::option::of((0_usize..6, any::<u64>())),
        result in prop_oneof![-2_i64..3000, any::<i64>()]
    ) {
        let (_, call) = calls().swap_remove(call);
        if let Some((mut args, mut data)) = sound(call, seed) {
            for (at, value) in changes {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] = value;
                }
            }
            if let Some((at, value)) = changed {
                args[at] = value;
            }
            survive(call, &args, &data, result);
        }
    }

    #[test]
    fn any_reply_is_survived(seed in 0_u64..1000, call in 0..calls().len(), reply: Vec<u8>) {
        let (_, call) = calls().swap_remove(call);
        if let Some((args, data)) = sound(call, seed) {
            let mut scene = Scene::new(call, seed);
            let _ = unpack(call, &args, (&data, SIZE), &reply, &mut scene.process);
        }
    }
}
