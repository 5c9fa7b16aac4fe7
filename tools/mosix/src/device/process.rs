// SPDX-License-Identifier: GPL-2.0
//! Processes that move, as the module offers it.

use super::{Device, MESSAGE_LEN};
use crate::failure::{Exit, Failure, Result};
use mosix_core::control::abi::{
    process::{Report, Request, Target},
    Args, Op,
};
use nix::errno::Errno;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Most processes that are asked for in the end: as many as there can be.
const MOST: usize = 1 << 22;

impl Device {
    /// Moves a process, and waits until it has moved.
    pub fn migrate(&self, pid: u32, target: Target) -> Result {
        let request = Request {
            pid: pid.into(),
            to: (target as u32).into(),
            ..Request::default()
        };
        let mut message = [0; MESSAGE_LEN];
        let reply = self.call(Op::Migrate, Args::new(), request.as_bytes(), &mut message);
        let Some(errno) = reply.errno else {
            return Ok(());
        };
        let said = message.get(..reply.written).unwrap_or_default();
        let said = String::from_utf8_lossy(said);
        let what = format!("cannot move process {pid}");
        if said.trim().is_empty() {
            return Err(self.failure(&what, errno));
        }
        let exit = match errno {
            Errno::EPERM => Exit::NotPermitted,
            _ => Exit::Failure,
        };
        Err(Failure::new(exit, format!("{what}: {}", said.trim())))
    }

    /// The processes that have moved.
    pub fn processes(&self) -> Result<Vec<Report>> {
        let what = "cannot read the processes";
        let mut bytes = vec![0; 64 * size_of::<Report>()];
        // Between two calls there can only be so many more.
        for _ in 0..8 {
            let reply = self.call(Op::Processes, Args::new(), &[], &mut bytes);
            match reply.errno {
                None => {
                    let written = bytes.get(..reply.written).unwrap_or_default();
                    return <[Report]>::ref_from_bytes(written)
                        .map(<[Report]>::to_vec)
                        .map_err(|_| {
                            Failure::new(Exit::Failure, "the module gave a bad list of processes")
                                .cure("install the module and the command from the same source")
                        });
                }
                Some(Errno::EOVERFLOW) if reply.needed <= MOST * size_of::<Report>() => {
                    // Some more, as they come and go.
                    bytes.resize(reply.needed + 64 * size_of::<Report>(), 0);
                }
                Some(errno) => return Err(self.failure(what, errno)),
            }
        }
        Err(self.failure(what, Errno::EOVERFLOW))
    }
}
