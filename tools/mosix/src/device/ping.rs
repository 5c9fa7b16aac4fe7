// SPDX-License-Identifier: GPL-2.0
//! Trying the link to a node, as the module offers it.

use super::{not_up, Device};
use crate::failure::{Exit, Failure, Result};
use mosix_core::control::abi::{
    ping::{encoded_len, Report, Request},
    Args, Op,
};
use nix::errno::Errno;
use zerocopy::{little_endian::U64, FromBytes as _, IntoBytes as _};

/// What some requests, one after the other, came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The round trip of each request that was answered, in nanoseconds.
    pub round_trips_ns: Vec<u64>,
    /// What went wrong with the request after those; there was none behind it.
    pub error: Option<Errno>,
    /// How many requests of the run the node had executed when it answered the last one; 0 unless
    /// it counts them.
    pub executed: u64,
}

impl Batch {
    /// Reads what the module wrote.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (report, times) = Report::read_from_prefix(bytes).ok()?;
        let times = <[U64]>::ref_from_bytes(times).ok()?;
        let error = i32::try_from(report.error.get()).ok()?;
        (times.len() == report.answered.get() as usize).then(|| Self {
            round_trips_ns: times.iter().map(|time| time.get()).collect(),
            error: (error != 0).then(|| Errno::from_raw(error)),
            executed: report.executed.get(),
        })
    }
}

impl Device {
    /// Sends the requests to the node. A signal ends it with what has been answered and `EINTR`.
    pub fn ping(&self, request: &Request) -> Result<Batch> {
        let mut out = vec![0; encoded_len(request.count.get() as usize)];
        let reply = self.call(Op::Ping, Args::new(), request.as_bytes(), &mut out);
        match reply.errno {
            None => {}
            Some(Errno::ENOTCONN) => return Err(not_up()),
            Some(Errno::ENOENT) => {
                let node = request.node;
                return Err(Failure::new(
                    Exit::Config,
                    format!("the cluster has no node {node} any more"),
                )
                .cure("\"mosix status\" shows those it has"));
            }
            Some(errno) => return Err(self.failure("cannot try the link", errno)),
        }
        let written = out.get(..reply.written).unwrap_or_default();
        Batch::decode(written).ok_or_else(|| {
            Failure::new(
                Exit::Failure,
                "the module gave a bad report of the requests",
            )
            .cure("install the module and the command from the same source")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(answered: u32, error: u32, times: &[u64]) -> Vec<u8> {
        let head = Report {
            answered: answered.into(),
            error: error.into(),
            executed: 7.into(),
        };
        let mut bytes = head.as_bytes().to_vec();
        for time in times {
            bytes.extend(time.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_report_is_read() {
        let batch = Batch::decode(&report(2, 110, &[5, 6])).unwrap();
        assert_eq!(batch.round_trips_ns, [5, 6]);
        assert_eq!(batch.error, Some(Errno::ETIMEDOUT));
        assert_eq!(batch.executed, 7);
        let batch = Batch::decode(&report(0, 0, &[])).unwrap();
        assert_eq!((batch.round_trips_ns.len(), batch.error), (0, None));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let good = report(2, 0, &[5, 6]);
        for len in 0..good.len() {
            assert_eq!(Batch::decode(&good[..len]), None, "{len} bytes");
        }
        assert_eq!(Batch::decode(&report(1, 0, &[5, 6])), None);
        assert_eq!(Batch::decode(&report(1, u32::MAX, &[5])), None);
    }
}
