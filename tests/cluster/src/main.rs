// SPDX-License-Identifier: GPL-2.0
//! `cluster`: brings QEMU clusters up, works with their nodes, breaks them, takes them down.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
