// SPDX-License-Identifier: GPL-2.0

//! The control surface: `/dev/mosix`, by which the `mosix` command speaks to the module.
//!
//! Reading is for all, changing is for CAP_SYS_ADMIN; the records are those of [`abi`].

#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the mosix command, which shares these files, uses the other half"
)]
pub(crate) mod abi;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    },
};

use zerocopy::{
    little_endian::U32,
    FromZeros as _, //
};

use abi::{
    config::Config,
    ping,
    process,
    Args,
    ArgsError,
    HookCounters,
    HookOp,
    Op,
    VersionInfo, //
};

use crate::{
    cluster::{
        version_text,
        Refusal,
        Seat, //
    },
    linux::{
        chrdev::Device,
        cred,
        crypto::SecretBuf,
        errno::*,
        hook::diag::Trial, //
    },
    rpc::wire,
};

/// Moves processes: the room that does so, as the device sees it.
pub(crate) trait Mover: Send + Sync {
    /// Moves a process and waits until it has moved; a signal ends the wait.
    ///
    /// # Errors
    ///
    /// Why it does not move, and its error number.
    fn migrate(&self, pid: i32, target: process::Target) -> Result<(), Refusal>;

    /// Reports on the processes that have moved, one after the other.
    fn processes(&self) -> Result<KVec<process::Report>>;
}

/// The device: one per module.
pub(crate) struct Control {
    seat: Arc<Seat>,
    mover: Arc<dyn Mover>,
}

impl Control {
    /// Controls the membership in `seat`.
    /// Moves processes by `mover`.
    pub(crate) fn new(seat: Arc<Seat>, mover: Arc<dyn Mover>) -> Self {
        Self { seat, mover }
    }

    fn migrate(&self, input: &[u8]) -> Result<(), Refusal> {
        let wrong = |what| Refusal::new(EINVAL, &what);
        let request =
            process::Request::ref_from_bytes(input).map_err(|_| wrong("a short request"))?;
        if request.reserved.iter().any(|word| word.get() != 0) {
            return Err(wrong("a reserved field is set"));
        }
        let target =
            process::Target::from_raw(request.to.get()).ok_or_else(|| wrong("no such target"))?;
        let pid = i32::try_from(request.pid.get()).map_err(|_| wrong("no such process"))?;
        self.mover.migrate(pid, target)
    }

    fn up(&self, blob: &SecretBuf) -> Result<(), Refusal> {
        let config = Config::decode(blob).map_err(|e| Refusal::new(EINVAL, &e))?;
        self.seat.join(&config)
    }

    fn reconfigure(&self, blob: &SecretBuf) -> Result<(), Refusal> {
        let config = Config::decode(blob).map_err(|e| Refusal::new(EINVAL, &e))?;
        self.seat.reconfigure(&config)
    }

    fn version(&self) -> VersionInfo {
        VersionInfo {
            abi: U32::new(abi::ABI_VERSION),
            protocol: U32::new(wire::VERSION.into()),
            // The module does not load without a hook that works.
            features: U32::new(abi::FEATURE_HOOK),
            reserved: U32::new(0),
            module: version_text(crate::VERSION),
            build_id: self.seat.build_id(),
            reserved_tail: [0; 4],
        }
    }
}

/// An open file of the device.
#[pin_data]
pub(crate) struct OpenFile {
    /// A trial of the system call hook that was started by this file.
    #[pin]
    trial: Mutex<Option<Trial>>,
}

impl OpenFile {
    fn hook_try(&self, op: HookOp, watch: u32) -> Result<HookCounters> {
        let mut trial = self.trial.lock();
        let counts = match op {
            HookOp::Start if trial.is_some() => return Err(errno(EALREADY)),
            HookOp::Start => trial.insert(Trial::start(watch)?).counts(),
            HookOp::Read => trial.as_ref().ok_or(ENOENT)?.counts(),
            HookOp::Stop => trial.take().ok_or(ENOENT)?.stop(),
        };
        Ok(HookCounters {
            total: counts.total.into(),
            watched: counts.watched.into(),
        })
    }
}

/// The caller's argument record, and where it lies.
struct Request {
    at: UserPtr,
    args: Args,
}

impl Request {
    fn read(op: Op, arg: usize) -> Result<Self> {
        let at = UserPtr::from_addr(arg);
        let mut args = Args::new_zeroed();
        UserSlice::new(at, Args::LEN)
            .reader()
            .read_slice(args.as_mut_bytes())?;
        args.check(op).map_err(|e| match e {
            ArgsError::Version => errno(EPROTONOSUPPORT),
            ArgsError::Reserved => EINVAL,
            ArgsError::TooLong => E2BIG,
        })?;
        Ok(Self { at, args })
    }

    /// The input buffer, which may hold the cluster key.
    fn input(&self) -> Result<SecretBuf> {
        let len = self.args.in_len.get() as usize;
        let addr = UserPtr::from_addr(self.args.in_ptr.get() as usize);
        SecretBuf::read_user(UserSlice::new(addr, len))
    }

    /// Room in the output buffer.
    fn room(&self) -> usize {
        self.args.out_len.get() as usize
    }

    /// Stores `bytes` in the output buffer if they fit and says in the record how many there are.
    fn answer(&mut self, bytes: &[u8]) -> Result<c_long> {
        self.store(bytes, bytes.len())
    }

    fn store(&mut self, bytes: &[u8], needed: usize) -> Result<c_long> {
        let fits = bytes.len() == needed && needed <= self.room();
        let written = if fits { needed } else { 0 };
        if fits {
            let addr = UserPtr::from_addr(self.args.out_ptr.get() as usize);
            UserSlice::new(addr, needed).writer().write_slice(bytes)?;
        }
        self.args.out_written = U32::new(written as u32);
        self.args.out_needed = U32::new(u32::try_from(needed).unwrap_or(u32::MAX));
        UserSlice::new(self.at, Args::LEN)
            .writer()
            .write_slice(self.args.as_bytes())?;
        if fits {
            Ok(0)
        } else {
            Err(EOVERFLOW)
        }
    }

    /// Ends a change: nothing to say when it went well, else one line that says why it did not.
    fn outcome(&mut self, outcome: Result<(), Refusal>) -> Result<c_long> {
        let Err(refusal) = outcome else {
            return self.answer(&[]);
        };
        let text = refusal.text().as_bytes();
        let text = text.get(..self.room()).unwrap_or(text);
        self.answer(text)?;
        Err(refusal.error())
    }
}

impl Device for Control {
    type File = OpenFile;

    fn open(&self) -> Result<Pin<KBox<OpenFile>>> {
        KBox::pin_init(
            pin_init!(OpenFile { trial <- new_mutex!(None, "mosix::OpenFile::trial") }),
            GFP_KERNEL,
        )
    }

    fn ioctl(&self, file: &OpenFile, cmd: u32, arg: usize) -> Result<c_long> {
        let op = Op::from_request(cmd).ok_or(ENOTTY)?;
        let mut request = Request::read(op, arg)?;
        if op.needs_admin() {
            cred::require_sys_admin()?;
        }
        match op {
            Op::Up => {
                let outcome = self.up(&request.input()?);
                request.outcome(outcome)
            }
            Op::Reconfigure => {
                let outcome = self.reconfigure(&request.input()?);
                request.outcome(outcome)
            }
            Op::Down => {
                self.seat.leave()?;
                request.answer(&[])
            }
            Op::Status => {
                let (blob, needed) = self.seat.status(request.room())?;
                request.store(&blob, needed)
            }
            Op::Version => request.answer(self.version().as_bytes()),
            Op::Ping => {
                let input = request.input()?;
                let ping = ping::Request::ref_from_bytes(&input).map_err(|_| EINVAL)?;
                let report = self.seat.ping(ping)?;
                request.answer(&report)
            }
            Op::Migrate => {
                let outcome = self.migrate(&request.input()?);
                request.outcome(outcome)
            }
            Op::Processes => {
                let reports = self.mover.processes()?;
                let bytes = reports.as_slice().as_bytes();
                let needed = bytes.len();
                let fits = needed <= request.room();
                request.store(if fits { bytes } else { &[] }, needed)
            }
            Op::HookTry => {
                let op = HookOp::from_raw(request.args.op.get()).ok_or(EINVAL)?;
                let counters = file.hook_try(op, request.args.arg.get())?;
                request.answer(counters.as_bytes())
            }
        }
    }
}
