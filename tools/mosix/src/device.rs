// SPDX-License-Identifier: GPL-2.0
//! The module, as seen through its device.

use crate::failure::{Exit, Failure, Result};
use mosix_core::control::abi::{
    self, status, Args, HookCounters, HookOp, Op, VersionInfo, ABI_VERSION,
};
use nix::{errno::Errno, libc};
use std::{
    fs::File,
    io,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};
use zerocopy::{FromZeros as _, IntoBytes as _};

pub mod ping;
mod process;

/// Room for the module's word on why it refused a configuration.
const MESSAGE_LEN: usize = 256;

/// How long the device may take to appear when the module was loaded.
const DEVICE_DELAY: Duration = Duration::from_secs(3);

/// The open device of a module that speaks this command's ABI.
#[derive(Debug)]
pub struct Device {
    file: File,
    path: PathBuf,
    version: VersionInfo,
}

/// What a call of the module came to.
struct Reply {
    errno: Option<Errno>,
    written: usize,
    needed: usize,
}

impl Device {
    /// Opens the device; the module must be loaded.
    pub fn open(path: &Path) -> Result<Self> {
        let device = Self::open_any(path)?;
        let abi = device.version.abi.get();
        if abi != ABI_VERSION {
            return Err(Failure::new(
                Exit::Version,
                format!(
                    "the loaded module ({}) has control interface version {abi}, this command \
                     ({}) has version {ABI_VERSION}",
                    device.version.module.get().unwrap_or("unknown"),
                    env!("CARGO_PKG_VERSION"),
                ),
            )
            .cure("install the module and the command from the same source"));
        }
        Ok(device)
    }

    /// Opens the device of a module of whatever version.
    pub fn open_any(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| {
            if is_absent(&error) {
                Failure::new(
                    Exit::NoModule,
                    format!("the module is not loaded (there is no {shown})"),
                )
                .cure("join with \"mosix up\", which loads it, or run \"modprobe mosix\"")
            } else {
                Failure::io(Exit::Failure, format_args!("cannot open {shown}"), &error)
            }
        })?;
        let mut device = Self {
            file,
            path: path.to_owned(),
            version: VersionInfo::new_zeroed(),
        };
        device.version = device.read_version()?;
        Ok(device)
    }

    /// Opens the device; loads the module if that has not been done.
    pub fn open_or_load(path: &Path) -> Result<Self> {
        match Self::open(path) {
            Err(failure) if failure.exit == Exit::NoModule => {}
            opened => return opened,
        }
        modprobe()?;
        let deadline = Instant::now() + DEVICE_DELAY;
        loop {
            match Self::open(path) {
                Err(failure) if failure.exit == Exit::NoModule => {
                    if Instant::now() > deadline {
                        return Err(Failure::new(
                            Exit::NoModule,
                            format!("the module is loaded, but {} is missing", path.display()),
                        )
                        .cure("mount devtmpfs on /dev, or look into dmesg"));
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                opened => return opened,
            }
        }
    }

    /// Which module it is.
    pub fn version(&self) -> &VersionInfo {
        &self.version
    }

    fn read_version(&self) -> Result<VersionInfo> {
        let mut info = VersionInfo::new_zeroed();
        let reply = self.call(Op::Version, Args::new(), &[], info.as_mut_bytes());
        match reply.errno {
            None if reply.written >= size_of_val(&info.abi) => Ok(info),
            None | Some(Errno::ENOTTY) => Err(Failure::new(
                Exit::Failure,
                format!("{} is not the device of mosix.ko", self.path.display()),
            )
            .cure("look for what else made a device of that name")),
            Some(errno) => Err(self.failure("cannot ask the module for its version", errno)),
        }
    }

    /// Joins, or takes over the configuration when this node is up already.
    pub fn up_or_reconfigure(&self, blob: &[u8]) -> Result<Joined> {
        // Somebody else may join or leave in between; but not all the time.
        for _ in 0..8 {
            match self.configure(Op::Up, blob)? {
                None => return Ok(Joined::Joined),
                Some(Errno::EALREADY) => {}
                Some(errno) => return Err(self.failure("cannot join the cluster", errno)),
            }
            match self.configure(Op::Reconfigure, blob)? {
                None => return Ok(Joined::Reconfigured),
                Some(Errno::ENOTCONN) => {}
                Some(errno) => {
                    return Err(self.failure("cannot take over the configuration", errno));
                }
            }
        }
        Err(self.failure("cannot join the cluster", Errno::EBUSY))
    }

    /// Hands in a configuration. The module's refusal in words is a failure, without words an
    /// error number; [`Errno::EALREADY`] and [`Errno::ENOTCONN`] are always numbers.
    fn configure(&self, op: Op, blob: &[u8]) -> Result<Option<Errno>> {
        let mut message = [0; MESSAGE_LEN];
        let reply = self.call(op, Args::new(), blob, &mut message);
        let Some(errno) = reply.errno else {
            return Ok(None);
        };
        if matches!(errno, Errno::EALREADY | Errno::ENOTCONN | Errno::EPERM) {
            return Ok(Some(errno));
        }
        let said = message.get(..reply.written).unwrap_or_default();
        let said = String::from_utf8_lossy(said);
        if said.trim().is_empty() {
            return Ok(Some(errno));
        }
        let (exit, cure) = match errno {
            Errno::EINVAL | Errno::E2BIG => (
                Exit::Config,
                "correct the configuration; what cannot change while up needs \"mosix down\" first",
            ),
            Errno::EADDRINUSE => (
                Exit::Failure,
                "give the node another port in the configuration, or stop what uses this one",
            ),
            Errno::EADDRNOTAVAIL => (
                Exit::Config,
                "give this host that address, or correct the configuration",
            ),
            _ => (Exit::Failure, "look into dmesg"),
        };
        Err(Failure::new(exit, format!("the module refused: {}", said.trim())).cure(cure))
    }

    /// Leaves the cluster.
    pub fn down(&self) -> Result {
        match self.call(Op::Down, Args::new(), &[], &mut []).errno {
            None => Ok(()),
            Some(Errno::ENOTCONN) => Err(not_up()),
            Some(errno) => Err(self.failure("cannot leave the cluster", errno)),
        }
    }

    /// Reads the status blob.
    pub fn status(&self) -> Result<Vec<u8>> {
        let what = "cannot read the status";
        let mut blob = vec![0; status::encoded_len(16)];
        // Between two calls the cluster can only grow so often.
        for _ in 0..8 {
            let reply = self.call(Op::Status, Args::new(), &[], &mut blob);
            match reply.errno {
                None => {
                    blob.truncate(reply.written);
                    return Ok(blob);
                }
                Some(Errno::EOVERFLOW) if reply.needed <= status::MAX_LEN => {
                    blob.resize(reply.needed.max(blob.len()), 0);
                }
                Some(errno) => return Err(self.failure(what, errno)),
            }
        }
        Err(self.failure(what, Errno::EOVERFLOW))
    }

    /// Tries the hook on the calling thread; `watched` is the system call to watch from a start on.
    pub fn hook_try(&self, op: HookOp, watched: u32) -> Result<HookCounters> {
        let mut args = Args::new();
        args.op.set(op as u32);
        args.arg.set(watched);
        let mut counters = HookCounters::default();
        let reply = self.call(Op::HookTry, args, &[], counters.as_mut_bytes());
        match reply.errno {
            None if reply.written == size_of::<HookCounters>() => Ok(counters),
            None => Err(Failure::new(
                Exit::Failure,
                "the module gave no counters for the hook",
            )),
            Some(Errno::ENODEV) => Err(Failure::new(
                Exit::Failure,
                "the module's system call hook does not work on this kernel",
            )
            .cure("dmesg says why")),
            Some(errno) => Err(self.failure("cannot try the system call hook", errno)),
        }
    }

    /// Makes one ioctl.
    fn call(&self, op: Op, mut args: Args, input: &[u8], output: &mut [u8]) -> Reply {
        args.in_ptr.set(input.as_ptr() as u64);
        args.in_len.set(input.len() as u32);
        args.out_ptr.set(output.as_mut_ptr() as u64);
        args.out_len.set(output.len() as u32);
        // SAFETY: the module, like any device that does not know the request, accesses no more than
        // the bytes of `Args` and of the two buffers it describes, all of which outlive the call;
        // it writes to `args` and `output` only, which are borrowed mutably.
        let result = unsafe {
            libc::ioctl(
                self.file.as_raw_fd(),
                libc::c_ulong::from(op.request()),
                &raw mut args,
            )
        };
        Reply {
            errno: Errno::result(result).err(),
            written: (args.out_written.get() as usize).min(output.len()),
            needed: args.out_needed.get() as usize,
        }
    }

    /// A failure that has nothing but an error number.
    fn failure(&self, what: &str, errno: Errno) -> Failure {
        match errno {
            Errno::EPERM | Errno::EACCES => {
                Failure::new(Exit::NotPermitted, format!("{what}: not permitted"))
                    .cure("run it as root")
            }
            Errno::EPROTONOSUPPORT => Failure::new(
                Exit::Version,
                format!("{what}: the module and this command are of different versions"),
            )
            .cure("install both from the same source"),
            Errno::ENODEV => Failure::new(
                Exit::NoModule,
                format!("{what}: the module is being unloaded"),
            ),
            errno => Failure::new(Exit::Failure, format!("{what}: {}", errno.desc()))
                .cure("dmesg may say more"),
        }
    }
}

/// What a successful `up` was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The node was not up and has joined.
    Joined,
    /// The node was up and has taken over the configuration.
    Reconfigured,
}

/// The failure of what only works while up.
pub fn not_up() -> Failure {
    Failure::new(Exit::NotUp, "this node is not up").cure("join the cluster with \"mosix up\"")
}

/// Whether an open failed because the module is not loaded: no device node, or a stale one.
fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENODEV))
}

/// Loads the module.
fn modprobe() -> Result {
    const CURE: &str =
        "install the module for the running kernel (uname -r shows which that is) and run \
                        depmod, or load it with \"insmod mosix.ko\"; dmesg says why a module that \
                        is there was refused";
    let refused = |exit, why: &str| {
        Err(Failure::new(exit, format!("cannot load the module: {why}")).cure(CURE))
    };
    if !nix::unistd::geteuid().is_root() {
        return Err(Failure::new(
            Exit::NotPermitted,
            "the module is not loaded, and only root can load it",
        )
        .cure("run it as root"));
    }
    // Not every PATH has the sbin directories.
    let program = ["/usr/sbin/modprobe", "/sbin/modprobe"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("modprobe");
    match Command::new(program).arg(abi::DEVICE_NAME).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().lines().last().unwrap_or("modprobe failed");
            refused(Exit::NoModule, said)
        }
        Err(error) => refused(Exit::NoModule, &format!("{program}: {error}")),
    }
}
