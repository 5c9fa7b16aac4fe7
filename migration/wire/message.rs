// SPDX-License-Identifier: GPL-2.0

//! Messages, taken apart.

use super::{
    call::{
        Interrupt,
        Request, //
    },
    life::{
        Exit,
        Fork,
        Recall,
        Return, //
    },
    op,
    reply::Reply,
    signal::{
        is_mask,
        Disposition,
        Mask,
        Signal, //
    }, //
};
use crate::rpc::{
    message::{
        ensure,
        only,
        Malformed, //
    },
    wire::Kind, //
};

/// A message of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromBody<'a> {
    /// [`op::CALL`].
    Call(Request<'a>),
    /// [`op::INTERRUPT`].
    Interrupt(&'a Interrupt),
    /// [`op::ACTION`].
    Action(&'a Disposition),
    /// [`op::MASK`].
    Mask(&'a Mask),
    /// [`op::FORK`].
    Fork(&'a Fork),
    /// [`op::EXIT`].
    Exit(&'a Exit),
    /// [`op::RETURN`].
    Return(&'a Return),
    /// [`op::IMAGE`]: chunks and pages, not looked at yet.
    Image(&'a [u8], &'a [u8]),
}

/// A message of a deputy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromDeputy<'a> {
    /// [`op::REPLY`].
    Reply(Reply<'a>),
    /// [`op::SIGNAL`].
    Signal(&'a Signal),
    /// [`op::STOP`].
    Stop,
    /// [`op::CONTINUE`].
    Continue,
    /// [`op::RECALL`].
    Recall(&'a Recall),
    /// [`op::IMAGE`]: chunks and pages, not looked at yet.
    Image(&'a [u8], &'a [u8]),
}

/// What passes the check.
fn sound<T>(message: &T, check: impl FnOnce(&T) -> bool) -> Result<&T, Malformed> {
    ensure(check(message))?;
    Ok(message)
}

impl<'a> FromBody<'a> {
    /// Takes a message of a body apart.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if no sound body says so.
    pub(crate) fn decode(kind: Kind, msg: &'a [u8], data: &'a [u8]) -> Result<Self, Malformed> {
        ensure(data.is_empty() || matches!(kind, op::CALL | op::IMAGE))?;
        Ok(match kind {
            op::CALL => Self::Call(Request::decode(msg, data)?),
            op::INTERRUPT => {
                let check = |interrupt: &Interrupt| interrupt.id.get() != 0;
                Self::Interrupt(sound(only(msg)?, check)?)
            }
            op::ACTION => Self::Action(sound(only(msg)?, Disposition::is_sound)?),
            op::MASK => Self::Mask(sound(only(msg)?, |mask: &Mask| is_mask(mask.mask.get()))?),
            op::FORK => Self::Fork(sound(only(msg)?, Fork::is_sound)?),
            op::EXIT => Self::Exit(sound(only(msg)?, Exit::is_sound)?),
            op::RETURN => Self::Return(sound(only(msg)?, Return::is_sound)?),
            op::IMAGE => Self::Image(msg, data),
            _ => return Err(Malformed),
        })
    }
}

impl<'a> FromDeputy<'a> {
    /// Takes a message of a deputy apart.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if no sound deputy says so.
    pub(crate) fn decode(kind: Kind, msg: &'a [u8], data: &'a [u8]) -> Result<Self, Malformed> {
        ensure(data.is_empty() || matches!(kind, op::REPLY | op::IMAGE))?;
        Ok(match kind {
            op::REPLY => Self::Reply(Reply::decode(msg, data)?),
            op::SIGNAL => Self::Signal(sound(only(msg)?, Signal::is_sound)?),
            op::STOP | op::CONTINUE => {
                ensure(msg.is_empty())?;
                if kind == op::STOP {
                    Self::Stop
                } else {
                    Self::Continue
                }
            }
            op::RECALL => Self::Recall(sound(only(msg)?, Recall::is_sound)?),
            op::IMAGE => Self::Image(msg, data),
            _ => return Err(Malformed),
        })
    }
}
