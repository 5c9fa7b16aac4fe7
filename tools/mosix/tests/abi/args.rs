// SPDX-License-Identifier: GPL-2.0
//! Request numbers, arguments and texts.

use mosix_core::control::abi::{text::Text, Args, ArgsError, HookOp, Op, ABI_VERSION};

#[test]
fn request_numbers_are_those_of_the_kernel_macro() {
    // _IOWR(0xBB, nr, 64 bytes); a number once given stays what it is.
    let requests: Vec<u32> = Op::ALL.iter().map(|op| op.request()).collect();
    let expected: Vec<u32> = (0xc040_bb01..).take(Op::ALL.len()).collect();
    assert_eq!(requests, expected);
    let first = [
        Op::Up,
        Op::Down,
        Op::Reconfigure,
        Op::Status,
        Op::Version,
        Op::HookTry,
    ];
    assert!(Op::ALL.starts_with(&first));
    for op in Op::ALL {
        assert_eq!(Op::from_request(op.request()), Some(op));
    }
    let beyond = 0xc040_bb01 + Op::ALL.len() as u32;
    for request in [
        0,
        0xc040_bb00,
        beyond,
        0xc041_bb01,
        0x8040_bb01,
        0xc040_bc01,
    ] {
        assert_eq!(Op::from_request(request), None);
    }
    assert_eq!(
        nix::request_code_readwrite!(0xBB, 1, 64),
        Op::Up.request().into()
    );
}

#[test]
fn arguments_are_checked() {
    for op in Op::ALL {
        let mut args = Args::new();
        if op == Op::HookTry {
            assert_eq!(
                args.check(op),
                Err(ArgsError::Reserved),
                "there is no operation 0"
            );
            args.op.set(HookOp::Start as u32);
            args.arg.set(110);
        }
        assert_eq!(args.check(op), Ok(()));

        let other = Args {
            version: (ABI_VERSION + 1).into(),
            ..args
        };
        let expected = if op == Op::Version {
            Ok(())
        } else {
            Err(ArgsError::Version)
        };
        assert_eq!(other.check(op), expected);

        args.in_len.set(op.max_in() as u32);
        assert_eq!(args.check(op), Ok(()));
        let long = Args {
            in_len: (op.max_in() as u32 + 1).into(),
            ..args
        };
        assert_eq!(long.check(op), Err(ArgsError::TooLong));

        for reserved in [
            Args {
                flags: 1.into(),
                ..args
            },
            Args {
                op: 4.into(),
                ..args
            },
            Args {
                reserved: [0.into(), 1.into()],
                ..args
            },
            Args {
                op: (HookOp::Read as u32).into(),
                arg: 1.into(),
                ..args
            },
        ] {
            assert_eq!(reserved.check(op), Err(ArgsError::Reserved));
        }
    }
}

#[test]
fn what_is_for_all_only_tells_or_looks_whose_the_process_is() {
    let open: Vec<Op> = Op::ALL.into_iter().filter(|op| !op.needs_admin()).collect();
    assert_eq!(open, [Op::Status, Op::Version, Op::Migrate, Op::Processes]);
}

#[test]
fn texts() {
    assert_eq!(Text::<4>::new("abc").unwrap().get(), Some("abc"));
    assert_eq!(Text::<4>::new("abcd"), None);
    assert_eq!(Text::<4>::new("a\0"), None);
    assert_eq!(Text::<4>::cut("abcd").get(), Some("abc"));
    assert_eq!(
        Text::<4>::cut("abü").get(),
        Some("ab"),
        "a character is not cut in two"
    );
    assert_eq!(Text::<4>::cut("a\0b").get(), Some("a"));
    let mut text = Text::<8>::EMPTY;
    use std::fmt::Write as _;
    assert!(write!(text, "{}-{}", 12, 34).is_ok());
    assert!(
        write!(text, "{}", 5678).is_err(),
        "what does not fit is an error"
    );
    assert_eq!(text.get(), Some("12-3456"), "what fits is kept");
}
