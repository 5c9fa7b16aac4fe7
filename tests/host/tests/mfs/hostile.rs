// SPDX-License-Identifier: GPL-2.0

//! Requests that were cut, lengthened, changed or made up.

use crate::fuzz_api::mfs::samples::{
    self,
    CALLER_LEN, //
};
use crate::mfs::wire::request::Request;
use crate::rpc::wire::Kind;
use proptest::prelude::*;

#[test]
fn sound_requests_are_accepted() {
    for (index, sample) in samples::all().iter().enumerate() {
        let Some((caller, _)) = sample.decode() else {
            panic!("sample {index}, {}", sample.kind);
        };
        if index > 0 {
            assert_eq!((caller.head.uid.get(), caller.head.gid.get()), (1000, 100));
            assert!(caller.groups.iter().map(|group| group.get()).eq([4, 20]));
        }
    }
}

#[test]
fn no_shorter_and_no_longer_message_is_accepted() {
    for sample in samples::all() {
        for len in 0..sample.msg.len() {
            let mut cut = sample.clone();
            cut.msg.truncate(len);
            assert!(!cut.is_accepted(), "{} of {len} bytes", sample.kind);
        }
        let mut longer = sample.clone();
        longer.msg.push(0);
        assert!(!longer.is_accepted(), "{} with a byte more", sample.kind);
    }
}

#[test]
fn data_comes_only_where_it_belongs() {
    use Request::*;
    for mut sample in samples::all() {
        let takes_data = matches!(
            sample.decode(),
            Some((_, Write(..) | Symlink { .. } | SetXattr(..)))
        );
        sample.data.push(b'x');
        assert_eq!(sample.is_accepted(), takes_data, "{}", sample.kind);
    }
}

#[test]
fn every_changed_bit_is_survived() {
    for sample in samples::all() {
        for bit in 0..sample.msg.len() * 8 {
            let mut changed = sample.clone();
            changed.msg[bit / 8] ^= 1 << (bit % 8);
            if let Some((caller, _)) = changed.decode() {
                assert!(caller.groups.len() <= 2 || bit < CALLER_LEN * 8);
            }
        }
    }
}

#[test]
fn kinds_that_are_not_requests_are_refused() {
    let kinds: Vec<_> = samples::all().iter().map(|sample| sample.kind).collect();
    let root = &samples::all()[0];
    for number in 0..=u16::MAX {
        let kind = Kind(number);
        if !kinds.contains(&kind) {
            assert!(Request::decode(kind, &root.msg, b"").is_err(), "{kind}");
        }
    }
}

#[test]
fn callers_are_who_they_can_be() {
    let root = samples::all().remove(1);
    let with = |at: usize, bytes: &[u8]| {
        let mut sample = root.clone();
        sample.msg[at..at + bytes.len()].copy_from_slice(bytes);
        sample.is_accepted()
    };
    assert!(with(0, &[0; 4]));
    for id_at in [0, 4, 22, 26] {
        assert!(with(id_at, &[0xfe, 0xff, 0xff, 0xff]));
        assert!(!with(id_at, &[0xff; 4]), "no user or group is {id_at}");
    }
    assert!(with(16, &[0xff, 0x01]));
    assert!(!with(16, &[0x00, 0x02]));
    for groups in [0_u16, 1, 3, 4096, 4097, u16::MAX] {
        assert!(!with(18, &groups.to_le_bytes()), "{groups} groups");
    }
    let mut many = root.clone();
    many.msg.resize(22 + 4096 * 4, 1);
    many.msg[18..20].copy_from_slice(&4096_u16.to_le_bytes());
    assert!(many.is_accepted());
    many.msg.resize(22 + 4097 * 4, 1);
    many.msg[18..20].copy_from_slice(&4097_u16.to_le_bytes());
    assert!(!many.is_accepted());
}

proptest! {
    #[test]
    fn any_message_is_survived(
        sample in 0..samples::all().len(), change: Vec<(usize, u8)>, data: Option<Vec<u8>>
    ) {
        let mut sample = samples::all().remove(sample);
        for (at, byte) in change {
            let at = at % sample.msg.len();
            sample.msg[at] = byte;
        }
        sample.data = data.unwrap_or(sample.data);
        sample.is_accepted();
    }
}
