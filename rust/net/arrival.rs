// SPDX-License-Identifier: GPL-2.0

//! Being told when something comes in on a socket.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h)

use core::{
    marker::PhantomData,
    ptr::null_mut, //
};

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::Socket;
use crate::linux::bindings;

/// Who is told.
pub(crate) trait Arrival: Send + Sync + 'static {
    /// Bytes have come in, at least as many as the socket's low-water mark, or the connection has
    /// changed its state: [`Socket::is_readable`] may be true now.
    ///
    /// Called in any context, soft interrupts included: it must not sleep, nor take a lock.
    fn arrived(&self);
}

/// Tells `T` what comes in on a socket, as long as it lives. Nobody else is told: threads must not wait
/// in a receive meanwhile.
///
/// # Invariants
///
/// The socket's `sk_user_data` points into `hook`, which lives until the socket's callbacks are what
/// they were before; its two callbacks are those of this file for `T`.
pub(crate) struct ArrivalHook<T: Arrival> {
    socket: Arc<Socket>,
    hook: KBox<Hook<T>>,
    _who: PhantomData<T>,
}

/// What the callbacks find.
struct Hook<T> {
    who: Arc<T>,
    data_ready: bindings::mosix_sk_callback,
    state_change: bindings::mosix_sk_callback,
}

/// Calls `f` with what is hooked to `sk`, if something is.
///
/// # Safety
///
/// `sk` is a valid socket whose `sk_user_data` is null or was set by [`ArrivalHook::<T>::new`].
unsafe fn with_hook<T: Arrival>(sk: *mut bindings::sock, f: impl FnOnce(&Hook<T>)) {
    // SAFETY: `sk` is valid; the lock is taken for reading only, as is allowed in this context.
    unsafe { bindings::mosix_sk_callback_read_lock(sk) };
    // SAFETY: As above, and the lock is held.
    let hook = unsafe { bindings::mosix_sk_user_data(sk) }.cast::<Hook<T>>();
    // SAFETY: By this function's contract it is null or a hook of that type, which is not freed before
    // it was taken away under the lock, held for writing.
    if let Some(hook) = unsafe { hook.as_ref() } {
        f(hook);
    }
    // SAFETY: It was locked above.
    unsafe { bindings::mosix_sk_callback_read_unlock(sk) };
}

/// # Safety
///
/// As a socket's callback, where [`ArrivalHook::<T>::new`] has put it.
unsafe extern "C" fn data_ready<T: Arrival>(sk: *mut bindings::sock) {
    // SAFETY: By this function's contract.
    unsafe { with_hook::<T>(sk, |hook| hook.who.arrived()) };
}

/// # Safety
///
/// As a socket's callback, where [`ArrivalHook::<T>::new`] has put it.
unsafe extern "C" fn state_change<T: Arrival>(sk: *mut bindings::sock) {
    // SAFETY: By this function's contract.
    unsafe {
        with_hook::<T>(sk, |hook| {
            // Those who wait to send are woken by the original.
            if let Some(original) = hook.state_change {
                // SAFETY: It was the callback of this very socket, which is valid.
                original(sk);
            }
            hook.who.arrived();
        })
    };
}

impl<T: Arrival> ArrivalHook<T> {
    /// Has `who` told about `socket`, which may have something already.
    pub(crate) fn new(socket: Arc<Socket>, who: Arc<T>) -> Result<Self> {
        let mut hook = KBox::new(
            Hook {
                who,
                data_ready: None,
                state_change: None,
            },
            GFP_KERNEL,
        )?;
        let sock = socket.as_ptr();
        // SAFETY: The socket is valid. Callbacks run with the lock held for reading, so none sees the
        // hook before it is whole.
        unsafe {
            bindings::mosix_sock_callback_lock(sock);
            hook.data_ready = bindings::mosix_sock_xchg_data_ready(sock, Some(data_ready::<T>));
            hook.state_change =
                bindings::mosix_sock_xchg_state_change(sock, Some(state_change::<T>));
            bindings::mosix_sock_set_user_data(sock, (&raw mut *hook).cast());
            bindings::mosix_sock_callback_unlock(sock);
        }
        // INVARIANT: That was just done.
        Ok(Self {
            socket,
            hook,
            _who: PhantomData,
        })
    }
}

impl<T: Arrival> Drop for ArrivalHook<T> {
    fn drop(&mut self) {
        let sock = self.socket.as_ptr();
        // SAFETY: The socket is valid. The hook is not used any more by a callback that gets the lock
        // after this; none has it now.
        unsafe {
            bindings::mosix_sock_callback_lock(sock);
            bindings::mosix_sock_set_user_data(sock, null_mut());
            bindings::mosix_sock_xchg_data_ready(sock, self.hook.data_ready);
            bindings::mosix_sock_xchg_state_change(sock, self.hook.state_change);
            bindings::mosix_sock_callback_unlock(sock);
        }
    }
}
