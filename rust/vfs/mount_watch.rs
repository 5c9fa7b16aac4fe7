// SPDX-License-Identifier: GPL-2.0

//! Hearing that a mount goes, without keeping it.
//!
//! A mark of fsnotify that waits for no event is all that is needed: it does not make the mount busy, and
//! when the mount goes the marks on it are freed first, before its file system may be shut down.
//!
//! C headers: [`include/linux/fsnotify_backend.h`](srctree/include/linux/fsnotify_backend.h)

use core::ptr::NonNull;

use kernel::{
    container_of,
    error::{
        from_err_ptr,
        to_result, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc,
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};

use super::path::Path;
use crate::linux::bindings;

/// Pause between two looks whether the last mark is gone, in milliseconds.
const PAUSE_MS: i64 = 2;

/// Which mount a [`Path`] is seen through, as a mere number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct MountAddress(usize);

impl MountAddress {
    /// That of `path`.
    pub(super) fn of(path: &Path) -> Self {
        Self::from_raw(path.mnt())
    }

    /// That of `mount`, which need not be there any more.
    pub(super) fn from_raw(mount: *mut bindings::vfsmount) -> Self {
        Self(mount.addr())
    }
}

/// Who is told.
pub(super) trait MountGone: Send + Sync + 'static {
    /// Nobody uses the mount any more. When this returns its file system may be shut down. May sleep.
    fn gone(&self, mount: MountAddress);
}

/// A mark on a mount.
#[repr(C)]
struct Mark {
    raw: Opaque<bindings::fsnotify_mark>,
    mount: MountAddress,
    watch: Arc<Watch>,
}

/// A reference to a mark.
struct MarkRef(NonNull<Mark>);

// SAFETY: Marks are counted and may be used from any thread.
unsafe impl Send for MarkRef {}

impl MarkRef {
    fn raw(&self) -> *mut bindings::fsnotify_mark {
        // SAFETY: There is a reference, so the mark is alive.
        unsafe { self.0.as_ref() }.raw.get()
    }

    fn mount(&self) -> MountAddress {
        // SAFETY: As above; it does not change.
        unsafe { self.0.as_ref() }.mount
    }
}

impl Drop for MarkRef {
    fn drop(&mut self) {
        // SAFETY: The reference is ours. With the last one `free_mark` is called later.
        unsafe { bindings::fsnotify_put_mark(self.raw()) };
    }
}

/// Tells somebody when mounts go.
///
/// # Invariants
///
/// `group` is valid, this owns a reference to it, and its operations are [`OPS`]; all its marks are the
/// first member of a [`Mark`].
#[pin_data(PinnedDrop)]
pub(super) struct Watch {
    group: NonNull<bindings::fsnotify_group>,
    who: Arc<dyn MountGone>,
    /// The marks of the mounts that are watched.
    #[pin]
    marks: Mutex<KVec<MarkRef>>,
    /// Marks that are not freed yet.
    left: Atomic<usize>,
}

// SAFETY: A group is not tied to a thread; the rest is.
unsafe impl Send for Watch {}
// SAFETY: The C functions lock by themselves.
unsafe impl Sync for Watch {}

static OPS: bindings::fsnotify_ops = bindings::fsnotify_ops {
    freeing_mark: Some(freeing_mark),
    free_mark: Some(free_mark),
    ..pin_init::zeroed()
};

/// # Safety
///
/// `mark` must be the first member of a [`Mark`] that is alive.
unsafe fn mark_of<'a>(mark: *mut bindings::fsnotify_mark) -> &'a Mark {
    // SAFETY: By this function's contract.
    unsafe { &*container_of!(Opaque::cast_from(mark.cast_const()), Mark, raw) }
}

/// # Safety
///
/// Called by fsnotify only, with a mark of a group with [`OPS`].
unsafe extern "C" fn freeing_mark(
    mark: *mut bindings::fsnotify_mark,
    _: *mut bindings::fsnotify_group,
) {
    // SAFETY: By this function's contract, and the caller has a reference.
    let mark = unsafe { mark_of(mark) };
    mark.watch.who.gone(mark.mount);
    let mut marks = mark.watch.marks.lock();
    let at = marks
        .iter()
        .position(|known| core::ptr::eq(known.0.as_ptr(), mark));
    let own = at.and_then(|at| marks.remove(at).ok());
    drop(marks);
    drop(own);
}

/// # Safety
///
/// Called by fsnotify only, with a mark of a group with [`OPS`] that nobody refers to any more.
unsafe extern "C" fn free_mark(mark: *mut bindings::fsnotify_mark) {
    // SAFETY: By this function's contract it is ours, and was made by `Watch::add`.
    let mark = unsafe {
        let mark: *const Mark = mark_of(mark);
        KBox::from_raw(mark.cast_mut())
    };
    let watch = mark.watch.clone();
    drop(mark);
    watch.left.fetch_sub(1, Release);
}

impl Watch {
    /// Tells `who`. Has to be ended by [`Self::end`].
    pub(super) fn new(who: Arc<dyn MountGone>) -> Result<Arc<Self>> {
        // SAFETY: The operations live as long as the module, and `end` waits for their last use.
        let group = from_err_ptr(unsafe { bindings::fsnotify_alloc_group(&OPS, 0) })?;
        let group = NonNull::new(group).ok_or(ENOMEM)?;
        // INVARIANT: The new group is ours.
        Arc::pin_init(
            pin_init!(Self {
                group,
                who,
                marks <- new_mutex!(KVec::new(), "mosix::Watch::marks"),
                left: Atomic::new(0),
            }),
            GFP_KERNEL,
        )
    }

    /// Watches the mount of `path` from now on, if it does not yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn add(self: &Arc<Self>, path: &Path) -> Result {
        let mount = MountAddress::of(path);
        let mut marks = self.marks.lock();
        if marks.iter().any(|mark| mark.mount() == mount) {
            return Ok(());
        }
        marks.reserve(1, GFP_KERNEL)?;
        let mark = KBox::new(
            Mark {
                raw: Opaque::zeroed(),
                mount,
                watch: self.clone(),
            },
            GFP_KERNEL,
        )?;
        self.left.fetch_add(1, Relaxed);
        let mark = MarkRef(NonNull::from(&mut *KBox::leak(mark)));
        // SAFETY: The mark is new memory of that type, and the group alive. It is freed by `free_mark` when
        // the last reference is put; this one is `mark`.
        to_result(unsafe {
            bindings::fsnotify_init_mark(mark.raw(), self.group.as_ptr());
            let kind = bindings::MOSIX_CONST_FSNOTIFY_OBJ_TYPE_VFSMOUNT;
            bindings::fsnotify_add_mark(mark.raw(), path.mnt().cast(), kind, 0)
        })?;
        marks.push_within_capacity(mark).map_err(|_| ENOMEM)
    }

    /// Does not watch any more; nobody is being told when this returns. Who is told has let go everything
    /// before. May sleep.
    pub(super) fn end(&self) {
        let marks = core::mem::take(&mut *self.marks.lock());
        for mark in &marks {
            // SAFETY: Mark and group are alive.
            unsafe { bindings::fsnotify_destroy_mark(mark.raw(), self.group.as_ptr()) };
        }
        drop(marks);
        loop {
            // SAFETY: Has no requirements. Nothing of the callbacks is running behind it.
            unsafe { bindings::fsnotify_wait_marks_destroyed() };
            if self.left.load(Acquire) == 0 {
                break;
            }
            fsleep(Delta::from_millis(PAUSE_MS));
        }
        // SAFETY: As above: the one that was counted last may have been on its way out still.
        unsafe { bindings::fsnotify_wait_marks_destroyed() };
    }
}

#[pinned_drop]
impl PinnedDrop for Watch {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The reference is ours.
        unsafe { bindings::fsnotify_put_group(self.group.as_ptr()) };
    }
}
