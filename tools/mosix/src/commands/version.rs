// SPDX-License-Identifier: GPL-2.0
//! `mosix version`.

use crate::{
    build_id::running_kernel,
    cli::Cli,
    device::Device,
    failure::{Exit, Result},
    output::{build_id, print, print_json},
};
use mosix_core::control::abi::{ABI_VERSION, FEATURE_HOOK};
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    command: Command,
    module: Option<Module>,
    kernel: Kernel,
}

/// This command.
#[derive(Serialize)]
struct Command {
    version: &'static str,
    abi: u32,
}

/// The loaded module.
#[derive(Serialize)]
struct Module {
    version: String,
    abi: u32,
    protocol: u32,
    hook: bool,
}

/// The running kernel.
#[derive(Serialize)]
struct Kernel {
    release: Option<String>,
    build_id: Option<String>,
}

/// Shows the versions; that the module is not loaded is one of the answers.
pub fn run(cli: &Cli) -> Result {
    let module = match Device::open_any(&cli.device) {
        Ok(device) => Some(Module {
            version: device.version().module.get().unwrap_or("unknown").into(),
            abi: device.version().abi.get(),
            protocol: device.version().protocol.get(),
            hook: device.version().features.get() & FEATURE_HOOK != 0,
        }),
        Err(failure) if failure.exit == Exit::NoModule => None,
        Err(failure) => return Err(failure),
    };
    let report = Report {
        command: Command {
            version: env!("CARGO_PKG_VERSION"),
            abi: ABI_VERSION,
        },
        module,
        kernel: Kernel {
            release: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .ok()
                .map(|text| text.trim().to_owned()),
            build_id: running_kernel().ok().and_then(|id| build_id(&id)),
        },
    };
    if cli.json {
        return print_json(&report, false);
    }
    let module = match &report.module {
        None => "not loaded".into(),
        Some(module) => format!(
            "{} (control interface {}, protocol {}, system call hook {})",
            module.version,
            module.abi,
            module.protocol,
            if module.hook { "proven" } else { "off" },
        ),
    };
    let unknown = || "unknown".to_owned();
    print(&format!(
        "command  {} (control interface {})\nmodule   {module}\nkernel   {} (build id {})\n",
        report.command.version,
        report.command.abi,
        report.kernel.release.unwrap_or_else(unknown),
        report.kernel.build_id.unwrap_or_else(unknown),
    ))
}
