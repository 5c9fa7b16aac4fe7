// SPDX-License-Identifier: GPL-2.0

//! References to this module, which keep `rmmod` away.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use kernel::prelude::*;

use crate::linux::bindings;

/// While it lives, `rmmod` refuses.
///
/// Dropping it from the module's own text is a race with an unload only for those that nobody else
/// waits for: whoever drops one is in a stay of the hook, or in a probe.
pub(crate) struct ModuleRef(());

impl ModuleRef {
    /// Takes a reference. Any context.
    ///
    /// # Errors
    ///
    /// `ENODEV` when the module is being unloaded.
    pub(crate) fn get() -> Result<Self> {
        // SAFETY: Has no requirements: it is this module, whose text is running.
        if unsafe { bindings::mosix_try_module_get() } {
            Ok(Self(()))
        } else {
            Err(ENODEV)
        }
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: Gives back what `get` took.
        unsafe { bindings::mosix_module_put() };
    }
}
