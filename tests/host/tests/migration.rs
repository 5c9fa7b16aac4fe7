// SPDX-License-Identifier: GPL-2.0

//! Tests of the pure parts of migration.

mod image;
mod marshal;
mod page;
mod table;
mod wire;
