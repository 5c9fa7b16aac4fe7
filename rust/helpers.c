// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions, macros and fields of structs that bindgen cannot reach, one line each, sorted by
 * header. They are ordinary calls: measure before using one on a hot path.
 */
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "helpers.h"

/* linux/sched/mm.h */
unsigned int mosix_memalloc_nofs_save(void) { return memalloc_nofs_save(); }
void mosix_memalloc_nofs_restore(unsigned int flags) { memalloc_nofs_restore(flags); }

/* linux/string.h */
void mosix_memzero_explicit(void *p, size_t len) { memzero_explicit(p, len); }

/* linux/workqueue.h */
struct workqueue_struct *mosix_alloc_workqueue(const char *name, unsigned int flags, int max_active) { return alloc_workqueue("%s", flags, max_active, name); }

/* net/sock.h */
void mosix_sock_set_rcvtimeo(struct socket *sock, long jiffies) { sock->sk->sk_rcvtimeo = jiffies; }
void mosix_sock_set_sndtimeo(struct socket *sock, long jiffies) { sock->sk->sk_sndtimeo = jiffies; }
void mosix_sock_allocate_nofs(struct socket *sock) { sock->sk->sk_allocation = GFP_NOFS; }
void mosix_sock_forbid_task_frag(struct socket *sock) { sock->sk->sk_use_task_frag = false; }
void mosix_tcp_set_nodelay(struct socket *sock) { tcp_sock_set_nodelay(sock->sk); }
int mosix_tcp_set_user_timeout(struct socket *sock, int ms) { return tcp_sock_set_user_timeout(sock->sk, ms); }
void mosix_sock_set_reuseaddr(struct socket *sock) { sock_set_reuseaddr(sock->sk); }
