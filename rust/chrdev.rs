// SPDX-License-Identifier: GPL-2.0

//! A character device with an owner, so that the module cannot go while a file is open.
//!
//! The kernel crate's `miscdevice` sets no owner: an `rmmod` under an open file would free the text
//! that its `release` runs in.
//!
//! C headers: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use core::pin::Pin;

use kernel::{
    container_of,
    error::{
        from_result,
        to_result, //
    },
    prelude::*,
    types::Opaque, //
};

use crate::linux::bindings;

/// What a device does.
pub(crate) trait Device: Send + Sync + 'static {
    /// What belongs to one open file.
    type File: Send + Sync;

    /// Called at `open()`.
    fn open(&self) -> Result<Pin<KBox<Self::File>>>;

    /// Called for each `ioctl()`, in the caller's context; may sleep.
    fn ioctl(&self, file: &Self::File, cmd: u32, arg: usize) -> Result<c_long>;
}

/// A registered device `/dev/NAME`; it goes when dropped.
///
/// Must be the last thing that a module's init does: a file could be open already when a later step
/// fails, and its owner would then go under it.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Device> {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    #[pin]
    fops: Opaque<bindings::file_operations>,
    device: T,
}

// SAFETY: `T` is `Send + Sync` and the C parts are only written by init and drop.
unsafe impl<T: Device> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: Device> Sync for Registration<T> {}

/// An open file's private data.
struct Open<T: Device> {
    registration: *const Registration<T>,
    file: Pin<KBox<T::File>>,
}

impl<T: Device> Registration<T> {
    /// Registers `device` as `/dev/name` with `mode`, owned by `module`.
    pub(crate) fn register(
        module: &'static ThisModule,
        name: &'static CStr,
        mode: u16,
        device: T,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(&this in Self {
            device,
            fops: Opaque::new(bindings::file_operations {
                owner: module.as_ptr(),
                open: Some(Self::open),
                release: Some(Self::release),
                unlocked_ioctl: Some(Self::ioctl),
                compat_ioctl: Some(Self::ioctl),
                ..pin_init::zeroed()
            }),
            misc <- Opaque::try_ffi_init(move |slot: *mut bindings::miscdevice| {
                // SAFETY: `slot` is ours to write; `this` is pinned and stays until `drop`, which
                // deregisters; `fops` is initialised before this field.
                unsafe {
                    slot.write(bindings::miscdevice {
                        minor: bindings::MISC_DYNAMIC_MINOR as c_int,
                        name: name.as_char_ptr(),
                        fops: Opaque::cast_into(&raw const (*this.as_ptr()).fops),
                        mode,
                        ..pin_init::zeroed()
                    });
                    to_result(bindings::misc_register(slot))
                }
            }),
        }? Error)
    }

    /// # Safety
    ///
    /// Called by the misc core only, as the `open` of these `fops`.
    unsafe extern "C" fn open(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        from_result(|| {
            // SAFETY: The misc core has put our `miscdevice` here, which is the field of a live
            // registration: the core's lock keeps `misc_deregister()` away, and from now on the
            // module's reference does.
            let misc = unsafe { (*file).private_data }.cast::<bindings::miscdevice>();
            let misc = Opaque::cast_from(misc.cast_const());
            // SAFETY: As above.
            let registration = unsafe { container_of!(misc, Self, misc) };
            // SAFETY: As above.
            let own = unsafe { &*registration }.device.open()?;
            let open = KBox::new(
                Open::<T> {
                    registration,
                    file: own,
                },
                GFP_KERNEL,
            )?;
            // SAFETY: The file is being opened: nobody else reads the field yet.
            unsafe { (*file).private_data = KBox::into_raw(open).cast() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the VFS only, once, for a file that `open` has opened.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: Set by `open`; this is the last call for this file.
        drop(unsafe { KBox::from_raw((*file).private_data.cast::<Open<T>>()) });
        0
    }

    /// # Safety
    ///
    /// Called by the VFS only, for a file that `open` has opened and `release` has not seen.
    unsafe extern "C" fn ioctl(file: *mut bindings::file, cmd: c_uint, arg: c_ulong) -> c_long {
        // SAFETY: Set by `open`, freed by `release` only, which comes after every `ioctl`.
        let open = unsafe { &*(*file).private_data.cast::<Open<T>>() };
        // SAFETY: A file is open, so the module and with it the registration are alive.
        let device = unsafe { &(*open.registration).device };
        match device.ioctl(&open.file, cmd, arg) {
            Ok(n) => n,
            Err(e) => e.to_errno() as c_long,
        }
    }
}

#[pinned_drop]
impl<T: Device> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by `register`, once.
        unsafe { bindings::misc_deregister(self.misc.get()) }
    }
}
