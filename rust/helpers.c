// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions, macros and fields of structs that bindgen cannot reach, one line each, sorted by
 * header. They are ordinary calls: measure before using one on a hot path.
 */
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/exportfs.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "helpers.h"

/* linux/cpumask.h */
bool mosix_cpu_possible(unsigned int cpu) { return cpu_possible(cpu); }

/* linux/cred.h */
const struct cred *mosix_override_creds(const struct cred *cred) { return override_creds(cred); }
const struct cred *mosix_revert_creds(const struct cred *cred) { return revert_creds(cred); }
void mosix_put_group_info(struct group_info *groups) { put_group_info(groups); }

/* linux/dcache.h */
void mosix_dget(struct dentry *dentry) { dget(dentry); }
struct inode *mosix_d_inode(struct dentry *dentry) { return smp_load_acquire(&dentry->d_inode); }
bool mosix_d_is_hashed(struct dentry *dentry) { return !d_unhashed(dentry); }
void mosix_d_drop_hashed(struct dentry *dentry) { if (!d_unhashed(dentry)) d_drop(dentry); }

/* linux/exportfs.h */
bool mosix_exportfs_may_export(const struct super_block *sb) { return exportfs_may_export(sb->s_export_op); }

/* linux/filelock.h */
bool mosix_is_delegated(struct delegated_inode *delegated) { return is_delegated(delegated); }
int mosix_break_deleg_wait(struct delegated_inode *delegated) { return break_deleg_wait(delegated); }

/* linux/fs.h */
void *mosix_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache) { return alloc_inode_sb(sb, cache, GFP_KERNEL); }
void mosix_inode_lock_attributes(struct inode *inode) { spin_lock(&inode->i_lock); }
void mosix_inode_unlock_attributes(struct inode *inode) { spin_unlock(&inode->i_lock); }
void mosix_i_size_write(struct inode *inode, loff_t size) { i_size_write(inode, size); }
void mosix_file_set_created(struct file *file) { file->f_mode |= FMODE_CREATED; }
void mosix_do_delayed_call(struct delayed_call *call) { do_delayed_call(call); }
void mosix_file_64bithash(struct file *file) { file->f_mode |= FMODE_64BITHASH; }
void mosix_file_forget_append(struct file *file) { file->f_flags &= ~O_APPEND, file->f_iocb_flags = iocb_flags(file); }
void mosix_file_lock_pos(struct file *file) { mutex_lock(&file->f_pos_lock); }
void mosix_file_unlock_pos(struct file *file) { mutex_unlock(&file->f_pos_lock); }
int mosix_inode_lock_killable(struct inode *inode) { return inode_lock_killable(inode); }
void mosix_inode_unlock(struct inode *inode) { inode_unlock(inode); }

/* linux/fs_struct.h */
unsigned short mosix_current_umask(void) { return current_umask(); }
void mosix_current_root(struct path *root) { get_fs_root(current->fs, root); }
bool mosix_fs_is_own(void) { return current->fs->users == 1; }
umode_t mosix_swap_umask(umode_t mask) { return xchg(&current->fs->umask, mask); }

/* linux/mount.h */
struct mnt_idmap *mosix_mnt_idmap(const struct vfsmount *mnt) { return mnt_idmap(mnt); }

/* linux/percpu.h */
static DEFINE_PER_CPU(unsigned long, hook_entered);
static DEFINE_PER_CPU(unsigned long, hook_left);

void mosix_hook_enter(void) { this_cpu_inc(hook_entered); }
void mosix_hook_leave(void) { this_cpu_inc(hook_left); }
unsigned long mosix_hook_entered(unsigned int cpu) { return READ_ONCE(per_cpu(hook_entered, cpu)); }
unsigned long mosix_hook_left(unsigned int cpu) { return READ_ONCE(per_cpu(hook_left, cpu)); }

/* linux/sched/mm.h */
unsigned int mosix_memalloc_nofs_save(void) { return memalloc_nofs_save(); }
void mosix_memalloc_nofs_restore(unsigned int flags) { memalloc_nofs_restore(flags); }

/* linux/sched/signal.h */
u64 mosix_swap_fsize_limit(u64 bytes) { return xchg(&current->signal->rlim[RLIMIT_FSIZE].rlim_cur, bytes); }

/* linux/sched/task_stack.h */
const struct pt_regs *mosix_current_pt_regs(void) { return task_pt_regs(current); }
bool mosix_current_is_native64(void)
{
	return user_64bit_mode(task_pt_regs(current)) && !test_thread_flag(TIF_ADDR32) &&
	       !(current_thread_info()->status & TS_COMPAT);
}

/* linux/string.h */
void mosix_memzero_explicit(void *p, size_t len) { memzero_explicit(p, len); }

/* linux/tracepoint.h */
void mosix_tracepoint_synchronize_unregister(void) { tracepoint_synchronize_unregister(); }

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
