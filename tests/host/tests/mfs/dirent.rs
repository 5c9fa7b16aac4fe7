// SPDX-License-Identifier: GPL-2.0

//! Directory entries: what is put in comes out, nothing else does.

use crate::mfs::wire::dirent::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A directory as a file system goes over it: cookie, name.
type Directory = BTreeMap<u64, Vec<u8>>;

/// Entries from `cookie` on, as a server packs them, and whether that was all.
fn pack(directory: &Directory, cookie: u64, room: usize) -> (Vec<u8>, bool) {
    let mut data = vec![0xaa; room];
    let mut packer = Packer::new(&mut data);
    let mut position = cookie;
    for (at, name) in directory.range(cookie..) {
        position = *at;
        if !packer.push(name, *at, 1000 + at, 8) {
            break;
        }
        position = at + 1;
    }
    let full = packer.is_full();
    let used = packer.finish(position);
    data.truncate(used);
    (data, !full)
}

/// What a client gets of it, asking again and again.
fn list(directory: &Directory, room: usize) -> Vec<(u64, Vec<u8>)> {
    let mut listed = Vec::new();
    let mut cookie = 0;
    loop {
        let (data, end) = pack(directory, cookie, room);
        for item in Entries::new(&data) {
            let item = item.expect("well formed");
            assert!(item.next > cookie && item.kind == 8);
            cookie = item.next;
            listed.push((item.ino - 1000, item.name.to_vec()));
        }
        if end {
            return listed;
        }
        assert!(!data.is_empty(), "no progress");
    }
}

#[test]
fn dots_and_impossible_names_are_left_out() {
    let names: [&[u8]; 6] = [b".", b"a", b"..", b"b/c", b"", b"d"];
    let directory: Directory = (0..).zip(names.map(<[u8]>::to_vec)).collect();
    let names: Vec<_> = list(&directory, ROOM_MIN as usize)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names, [b"a", b"d"]);
}

#[test]
fn unknown_types_are_unknown() {
    let mut data = [0; 64];
    let mut packer = Packer::new(&mut data);
    assert!(packer.push(b"a", 0, 1, 77));
    let used = packer.finish(9);
    let items: Vec<_> = Entries::new(&data[..used]).collect();
    let expected = Item {
        ino: 1,
        next: 9,
        kind: 0,
        name: b"a",
    };
    assert!(items == [Ok(expected)]);
}

#[test]
fn what_does_not_fit_comes_next() {
    let mut data = [0; 40];
    let mut packer = Packer::new(&mut data);
    assert!(packer.push(b"first", 3, 1, 4));
    assert!(!packer.push(b"second", 8, 2, 4));
    assert!(
        !packer.push(b"t", 9, 3, 4),
        "nothing may be left out between"
    );
    assert!(packer.is_full());
    let used = packer.finish(10);
    let mut entries = Entries::new(&data[..used]);
    let first = entries
        .next()
        .and_then(Result::ok)
        .map(|item| (item.name, item.next));
    assert_eq!(first, Some((b"first".as_slice(), 8)));
    assert!(entries.next().is_none());
    assert_eq!(Packer::new(&mut []).finish(5), 0);
}

#[test]
fn every_cut_and_every_changed_bit_is_survived() {
    let directory: Directory = (1..5).map(|at| (at, vec![b'n'; at as usize])).collect();
    let (data, end) = pack(&directory, 0, 4096);
    assert!(end);
    for len in 0..data.len() {
        let whole = Entries::new(&data[..len]).filter(Result::is_ok).count();
        assert!(whole < 4);
    }
    for bit in 0..data.len() * 8 {
        let mut changed = data.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let items: Vec<_> = Entries::new(&changed).collect();
        let wrong = items.iter().position(Result::is_err);
        assert!(
            wrong.is_none_or(|at| at + 1 == items.len()),
            "goes on behind a wrong one"
        );
    }
}

#[test]
fn entries_that_no_server_sends_are_refused() {
    let entry = |kind: u8, name: &[u8], next: u64| {
        let mut data = vec![0; 8];
        data.extend(next.to_le_bytes());
        data.extend([kind, name.len() as u8]);
        data.extend(name);
        let items: Vec<_> = Entries::new(&data).collect();
        items.len() == 1 && items[0].is_ok()
    };
    assert!(entry(4, b"a", 1) && entry(14, b"a", i64::MAX as u64));
    assert!(!entry(3, b"a", 1) && !entry(4, b"", 1) && !entry(4, b"..", 1));
    assert!(!entry(4, b"a/b", 1) && !entry(4, b"a", u64::MAX));
}

proptest! {
    #[test]
    fn everything_is_listed_once(
        directory in prop::collection::btree_map(0_u64..1 << 62, "[a-z]{1,255}", 0..60),
        room in ROOM_MIN as usize..1200
    ) {
        let directory: Directory =
            directory.into_iter().map(|(at, name)| (at, name.into_bytes())).collect();
        let listed = list(&directory, room);
        prop_assert_eq!(listed, directory.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn any_data_is_survived(data: Vec<u8>) {
        for item in Entries::new(&data).flatten() {
            prop_assert!(!item.name.is_empty() && !item.name.contains(&b'/'));
        }
    }
}
