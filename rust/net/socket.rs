// SPDX-License-Identifier: GPL-2.0

//! TCP sockets for use by the kernel itself.

use core::{
    net::SocketAddr,
    ptr::{
        null_mut,
        NonNull, //
    },
};

use kernel::{
    alloc::{
        Allocator,
        Vec, //
    },
    error::to_result,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
};

use super::addr::RawAddr;
use crate::linux::{
    bindings,
    errno::*, //
};

/// The protocol number that IANA gave TCP.
const IPPROTO_TCP: c_int = 6;

/// More parts than a frame ever has.
const MAX_PARTS: usize = 4;

/// Whether a send may sleep until there is room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Take what fits now; `EAGAIN` when nothing does. The only choice in the context of a user's
    /// process, whose signals would otherwise cut a frame in half.
    No,
    /// Sleep, up to the send timeout of the socket.
    Yes,
}

/// How [`Socket::recv_exact`] ended when nothing went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// The whole buffer was filled.
    All,
    /// The peer had closed the stream before the first byte.
    Closed,
}

/// A TCP socket in the initial network namespace, closed when dropped.
///
/// All methods may sleep and may be called from several threads at once; the order of bytes between
/// several senders or several receivers is the callers' business.
///
/// # Invariants
///
/// The pointer is valid and owned: `sock_release()` is called on it once, by `drop`. Its `sk` is set.
pub(crate) struct Socket(NonNull<bindings::socket>);

// SAFETY: A `struct socket` is not tied to the thread that made it.
unsafe impl Send for Socket {}
// SAFETY: The socket layer takes the socket's own lock for every operation used here.
unsafe impl Sync for Socket {}

impl Socket {
    pub(super) fn as_ptr(&self) -> *mut bindings::socket {
        self.0.as_ptr()
    }

    fn create(addr: &SocketAddr) -> Result<Self> {
        let family = match addr {
            SocketAddr::V4(_) => bindings::AF_INET,
            SocketAddr::V6(_) => bindings::AF_INET6,
        };
        let mut sock = null_mut();
        // SAFETY: `init_net` lives for ever; `sock` is a place for the result.
        to_result(unsafe {
            bindings::sock_create_kern(
                &raw mut bindings::init_net,
                family as c_int,
                bindings::sock_type_SOCK_STREAM as c_int,
                IPPROTO_TCP,
                &mut sock,
            )
        })?;
        // INVARIANT: `sock_create_kern()` succeeded, so the socket is valid and ours.
        let sock = Self(NonNull::new(sock).ok_or(ENOMEM)?);
        sock.prepare();
        Ok(sock)
    }

    /// Settings without which the user of a socket could come back into itself.
    fn prepare(&self) {
        // SAFETY: The socket is valid by the type's invariant.
        unsafe {
            // RPCs are made while file system locks are held: reclaim must not wait for us.
            bindings::mosix_sock_allocate_nofs(self.0.as_ptr());
            // A send in the context of a user's task must not touch that task's page fragment.
            bindings::mosix_sock_forbid_task_frag(self.0.as_ptr());
            bindings::mosix_tcp_set_nodelay(self.0.as_ptr());
        }
    }

    /// A socket that listens on `addr`, with room for `backlog` connections not yet accepted.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` and the like, from `bind()`.
    pub(crate) fn listen(addr: &SocketAddr, backlog: u16) -> Result<Self> {
        let sock = Self::create(addr)?;
        let (mut raw, len) = RawAddr::new(addr);
        // SAFETY: The socket is valid; `raw` holds `len` bytes of a socket address.
        unsafe {
            bindings::mosix_sock_set_reuseaddr(sock.0.as_ptr());
            to_result(bindings::kernel_bind(
                sock.0.as_ptr(),
                raw.as_mut_ptr(),
                len as c_int,
            ))?;
            to_result(bindings::kernel_listen(sock.0.as_ptr(), backlog.into()))?;
        }
        Ok(sock)
    }

    /// Connects to `addr`, waiting at most `timeout` milliseconds.
    pub(crate) fn connect(addr: &SocketAddr, timeout: Msecs) -> Result<Self> {
        let sock = Self::create(addr)?;
        sock.set_send_timeout(timeout);
        let (mut raw, len) = RawAddr::new(addr);
        // SAFETY: The socket is valid; `raw` holds `len` bytes of a socket address.
        to_result(unsafe {
            bindings::kernel_connect(sock.0.as_ptr(), raw.as_mut_ptr(), len as c_int, 0)
        })
        .map_err(|e| match e {
            e if e == errno(EINPROGRESS) || e == errno(EALREADY) => ETIMEDOUT,
            e => e,
        })?;
        Ok(sock)
    }

    /// Waits for the next connection. [`Self::shutdown`] ends the wait with an error.
    pub(crate) fn accept(&self) -> Result<Self> {
        let mut new = null_mut();
        // SAFETY: The socket is valid; `new` is a place for the result.
        to_result(unsafe { bindings::kernel_accept(self.0.as_ptr(), &mut new, 0) })?;
        // INVARIANT: `kernel_accept()` succeeded, so the new socket is valid and ours.
        let sock = Self(NonNull::new(new).ok_or(errno(ECONNABORTED))?);
        sock.prepare();
        Ok(sock)
    }

    /// Sends the concatenation of `parts` (at most 4); returns how many bytes were taken, which may be
    /// fewer than there are. Never raises SIGPIPE.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nothing could be taken in time; `EPIPE` and others when the connection is gone.
    pub(crate) fn send(&self, parts: &[&[u8]], wait: Wait) -> Result<usize> {
        let mut vec = [bindings::kvec::default(); MAX_PARTS];
        let mut total = 0usize;
        if parts.len() > MAX_PARTS {
            return Err(EINVAL);
        }
        for (to, from) in vec.iter_mut().zip(parts) {
            to.iov_base = from.as_ptr().cast_mut().cast();
            to.iov_len = from.len();
            total = total.checked_add(from.len()).ok_or(EMSGSIZE)?;
        }
        let mut flags = bindings::MSG_NOSIGNAL;
        if wait == Wait::No {
            flags |= bindings::MSG_DONTWAIT;
        }
        let mut msg = bindings::msghdr {
            msg_flags: flags,
            ..Default::default()
        };
        // SAFETY: The socket is valid; `vec` describes `parts`, which outlive the call and are only
        // read by a send.
        let sent = unsafe {
            bindings::kernel_sendmsg(
                self.0.as_ptr(),
                &mut msg,
                vec.as_mut_ptr(),
                parts.len(),
                total,
            )
        };
        to_result(sent)?;
        Ok(sent as usize)
    }

    /// Fills `buf` from the stream.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the receive timeout passed, `ECONNRESET` when the stream ended in the middle.
    pub(crate) fn recv_exact(&self, buf: &mut [u8]) -> Result<Received> {
        // SAFETY: `buf` is writable for its length, and borrowed for the call.
        unsafe { self.recv_raw(buf.as_mut_ptr(), buf.len()) }
    }

    /// Appends to `bytes` what is there, at most `max` bytes and what there is room for; gives how many
    /// bytes came, 0 when the peer has closed the stream. Does not wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nothing is there.
    pub(crate) fn recv_some<A: Allocator>(
        &self,
        bytes: &mut Vec<u8, A>,
        max: usize,
    ) -> Result<usize> {
        let spare = bytes.spare_capacity_mut();
        let mut vec = bindings::kvec {
            iov_base: spare.as_mut_ptr().cast(),
            iov_len: spare.len().min(max),
        };
        let len = vec.iov_len;
        if len == 0 {
            return Err(EINVAL);
        }
        let mut msg = bindings::msghdr::default();
        // SAFETY: The socket is valid; `vec` describes the first `len` bytes of the spare room, which
        // nobody else has.
        let got = unsafe {
            bindings::kernel_recvmsg(
                self.0.as_ptr(),
                &mut msg,
                &mut vec,
                1,
                len,
                (bindings::MSG_DONTWAIT | bindings::MSG_NOSIGNAL) as c_int,
            )
        };
        to_result(got)?;
        let got = (got as usize).min(len);
        // SAFETY: The first `got` bytes of the spare room were written.
        unsafe { bytes.inc_len(got) };
        Ok(got)
    }

    /// Whether [`Self::recv_some`] has something to say: bytes, as many as the low-water mark, or the
    /// end of the stream. Takes no lock: what comes in right now may be missed.
    pub(crate) fn is_readable(&self) -> bool {
        // SAFETY: The socket is valid and of TCP.
        unsafe { bindings::mosix_tcp_is_readable(self.0.as_ptr()) }
    }

    /// As many bytes have to be there before anybody is told; more than there is room for does no harm.
    pub(crate) fn set_low_water(&self, bytes: usize) {
        let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX).max(1);
        // SAFETY: The socket is valid by the type's invariant.
        unsafe { bindings::mosix_sock_set_rcvlowat(self.0.as_ptr(), bytes) }
    }

    /// # Safety
    ///
    /// `to` is writable for `len` bytes.
    unsafe fn recv_raw(&self, to: *mut u8, len: usize) -> Result<Received> {
        let mut filled = 0usize;
        while filled < len {
            let mut vec = bindings::kvec {
                iov_base: to.wrapping_add(filled).cast(),
                iov_len: len - filled,
            };
            let mut msg = bindings::msghdr::default();
            // SAFETY: The socket is valid; `vec` describes what is left of the memory that is writable
            // by this function's contract.
            let got = unsafe {
                bindings::kernel_recvmsg(
                    self.0.as_ptr(),
                    &mut msg,
                    &mut vec,
                    1,
                    len - filled,
                    (bindings::MSG_WAITALL | bindings::MSG_NOSIGNAL) as c_int,
                )
            };
            to_result(got)?;
            match (got, filled) {
                (0, 0) => return Ok(Received::Closed),
                (0, _) => return Err(errno(ECONNRESET)),
                _ => filled = filled.saturating_add(got as usize),
            }
        }
        Ok(Received::All)
    }

    /// Ends both directions: threads that wait in this socket return.
    pub(crate) fn shutdown(&self) {
        // SAFETY: The socket is valid by the type's invariant. The result only tells that it was not
        // connected.
        unsafe {
            bindings::kernel_sock_shutdown(self.0.as_ptr(), bindings::sock_shutdown_cmd_SHUT_RDWR)
        };
    }

    /// The other end's address; `None` once the connection is gone.
    pub(crate) fn peer_addr(&self) -> Option<SocketAddr> {
        let mut raw = RawAddr::empty();
        // SAFETY: The socket is valid; TCP writes at most a `struct sockaddr_in6`, for which `raw` has
        // room.
        let len = unsafe { bindings::kernel_getpeername(self.0.as_ptr(), raw.as_mut_ptr()) };
        if len < 0 {
            return None;
        }
        raw.decode()
    }

    /// Bounds each wait of a receive; 0 is no bound.
    pub(crate) fn set_recv_timeout(&self, ms: Msecs) {
        // SAFETY: The socket is valid by the type's invariant.
        unsafe { bindings::mosix_sock_set_rcvtimeo(self.0.as_ptr(), timeout(ms)) }
    }

    /// Bounds each wait of a send or connect; 0 is no bound.
    pub(crate) fn set_send_timeout(&self, ms: Msecs) {
        // SAFETY: The socket is valid by the type's invariant.
        unsafe { bindings::mosix_sock_set_sndtimeo(self.0.as_ptr(), timeout(ms)) }
    }
}

fn timeout(ms: Msecs) -> c_long {
    if ms == 0 {
        return c_long::MAX;
    }
    msecs_to_jiffies(ms) as c_long
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: By the type's invariant the socket is ours and is released here only.
        unsafe { bindings::sock_release(self.0.as_ptr()) }
    }
}
