// SPDX-License-Identifier: GPL-2.0

//! Calls that are carried to a deputy and back: the process sees what it would see at home.

mod hostile;
mod kernel;
mod memory;
mod pieces;
mod scene;

use self::{
    memory::{
        Deputy,
        Process,
        Reach, //
    },
    scene::Scene, //
};
use crate::migration::{
    marshal::{
        collect::{
            collect,
            Part, //
        },
        pack::Packed,
        place::lay_out,
        plan::Plan,
        unpack::unpack, //
    },
    table::{
        call::Call,
        row::{
            Route,
            Row, //
        },
        FAMILIES, //
    }, //
};
use proptest::prelude::*;

/// Every call of the table, by name.
fn calls() -> Vec<(String, &'static Call)> {
    fn add(calls: &mut Vec<(String, &'static Call)>, name: &str, route: &Route) {
        match route {
            Route::Deputy(call) | Route::Signal(Some(call)) => calls.push((name.to_owned(), call)),
            Route::Pick(pick) => {
                for Row {
                    name: value, route, ..
                } in pick.rows
                {
                    add(calls, &format!("{name} {value}"), route);
                }
                add(calls, name, &pick.other);
            }
            _ => (),
        }
    }
    let mut calls = Vec::new();
    for row in FAMILIES.iter().flat_map(|(_, rows)| *rows) {
        add(&mut calls, row.name, &row.route);
    }
    calls
}

/// What the deputy does with a packed call: the result and the data of its reply.
fn serve(
    call: &Call,
    packed: &Packed,
    data: &[u8],
    deputy: &mut Deputy,
    make: &mut dyn FnMut(&[u64; 6], &mut dyn Reach) -> i64,
) -> (i64, Vec<u8>) {
    let span = deputy.span;
    let own = lay_out(call, &packed.args, data, span, deputy).expect("a sound call");
    let result = make(&own, deputy);
    let mut parts = Vec::new();
    let taken = collect(
        call,
        &packed.args,
        data,
        result,
        (span, deputy),
        &mut |part| {
            parts.push(part);
            Ok(())
        },
    );
    taken.expect("a sound call");
    let mut reply = Vec::new();
    for part in parts {
        match part {
            Part::Count(count) => reply.extend(count),
            Part::Arena { offset, len } => {
                let bytes = deputy.get(span.at(offset), len.into());
                assert_eq!(bytes.len(), len as usize, "beyond the arena");
                reply.extend(bytes);
            }
        }
    }
    assert!(
        reply.len() <= span.size as usize,
        "the reply is larger than the arena"
    );
    (result, reply)
}

/// Makes a call of one piece away from home; none if it is too large for that.
fn away(call: &'static Call, args: [u64; 6], process: &mut Process, size: u32) -> Option<i64> {
    let plan = Plan::new(call, args);
    let mut data = vec![0; size as usize];
    let packed = plan.pack(process, &mut data, size).ok()?;
    if packed.is_short {
        return None;
    }
    data.truncate(packed.len);
    let mut deputy = Deputy::new(size);
    let mut make = |args: &[u64; 6], memory: &mut dyn Reach| kernel::make(call, args, memory);
    let (result, reply) = serve(call, &packed, &data, &mut deputy, &mut make);
    let took = unpack(call, &packed.args, (&data, size), &reply, process);
    assert_eq!(took, Ok(true));
    Some(result)
}

/// The same call at home and away, from the same state.
fn compare(name: &str, call: &'static Call, seed: u64, size: u32) -> Option<i64> {
    let scene = Scene::new(call, seed);
    let mut native = scene.process.clone();
    let expected = kernel::make(call, &scene.args, &mut native);
    let mut process = scene.process.clone();
    let result = away(call, scene.args, &mut process, size)?;
    assert_eq!(result, expected, "{name} {:x?}, seed {seed}", scene.args);
    let is_same = process == native;
    assert!(
        is_same,
        "{name} {:x?}, seed {seed}: memory differs",
        scene.args
    );
    Some(result)
}

#[test]
fn every_call_of_the_table_is_the_same_away() {
    for (name, call) in calls() {
        let results: Vec<_> = (0..150)
            .filter_map(|seed| compare(&name, call, seed, 1 << 16))
            .collect();
        let has = |wanted: fn(&i64) -> bool| results.iter().any(wanted);
        assert!(has(|result| *result >= 0), "{name} never succeeds");
        assert!(results.len() > 100, "{name} is too large too often");
        let points = call.args.iter().any(|arg| arg.is_pointer());
        assert!(
            !points || has(|result| *result == kernel::EFAULT),
            "{name} never faults"
        );
    }
}

proptest! {
    #[test]
    fn any_call_is_the_same_away(seed: u64, call in 0..calls().len(), pages in 1_u32..20) {
        let (name, call) = calls().swap_remove(call);
        compare(&name, call, seed, pages * 4096);
    }
}
