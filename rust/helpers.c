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
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/seccomp.h>
#include <linux/splice.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/wait.h>
#include <linux/xattr.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <asm/fpu/types.h>
#include "helpers.h"

/* linux/cpumask.h */
bool mosix_cpu_possible(unsigned int cpu) { return cpu_possible(cpu); }

/* linux/cred.h */
const struct cred *mosix_kernel_cred(void) { return kernel_cred(); }
const struct cred *mosix_override_creds(const struct cred *cred) { return override_creds(cred); }
const struct cred *mosix_revert_creds(const struct cred *cred) { return revert_creds(cred); }
void mosix_put_group_info(struct group_info *groups) { put_group_info(groups); }

/* linux/dcache.h */
void mosix_dget(struct dentry *dentry) { dget(dentry); }
struct inode *mosix_d_inode(struct dentry *dentry) { return smp_load_acquire(&dentry->d_inode); }
bool mosix_d_is_hashed(struct dentry *dentry) { return !d_unhashed(dentry); }
void mosix_d_lock(struct dentry *dentry) { spin_lock(&dentry->d_lock); }
void mosix_d_unlock(struct dentry *dentry) { spin_unlock(&dentry->d_lock); }

/* linux/exportfs.h */
bool mosix_exportfs_may_export(const struct super_block *sb) { return exportfs_may_export(sb->s_export_op); }

/* linux/filelock.h */
bool mosix_is_delegated(struct delegated_inode *delegated) { return is_delegated(delegated); }
struct file_lock_context *mosix_locks_context(struct inode *inode) { return locks_inode_context(inode); }
int mosix_wait_for_lock(struct file_lock *lock) { return wait_event_interruptible(lock->c.flc_wait, list_empty(&lock->c.flc_blocked_member)); }
int mosix_break_deleg_wait(struct delegated_inode *delegated) { return break_deleg_wait(delegated); }

/* linux/fs.h */
void *mosix_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache) { return alloc_inode_sb(sb, cache, GFP_KERNEL); }
void mosix_inode_lock_attributes(struct inode *inode) { spin_lock(&inode->i_lock); }
void mosix_inode_unlock_attributes(struct inode *inode) { spin_unlock(&inode->i_lock); }
void mosix_i_size_write(struct inode *inode, loff_t size) { i_size_write(inode, size); }
void mosix_file_allow_nowait_and_direct(struct file *file) { file->f_mode |= FMODE_NOWAIT | FMODE_CAN_ODIRECT; }
bool mosix_file_can_nowait(const struct file *file) { return file->f_mode & FMODE_NOWAIT; }
bool mosix_file_can_direct(const struct file *file) { return file->f_mode & FMODE_CAN_ODIRECT; }
bool mosix_file_is_opened(const struct file *file) { return file->f_mode & FMODE_OPENED; }
loff_t mosix_i_size_read(const struct inode *inode) { return i_size_read(inode); }
bool mosix_dir_emit_dots(struct file *file, struct dir_context *ctx) { return dir_emit_dots(file, ctx); }
bool mosix_dir_emit(struct dir_context *ctx, const char *name, int len, u64 ino, unsigned int type) { return dir_emit(ctx, name, len, ino, type); }
void mosix_file_set_created(struct file *file) { file->f_mode |= FMODE_CREATED; }
void mosix_do_delayed_call(struct delayed_call *call) { do_delayed_call(call); }
void mosix_file_64bithash(struct file *file) { file->f_mode |= FMODE_64BITHASH; }
void mosix_file_renew_iocb_flags(struct file *file) { file->f_iocb_flags = iocb_flags(file); }
/* Beneath that of a file of a file system above, if a file of this machine is used through it. */
void mosix_file_lock_pos(struct file *file) { mutex_lock_nested(&file->f_pos_lock, SINGLE_DEPTH_NESTING); }
void mosix_file_unlock_pos(struct file *file) { mutex_unlock(&file->f_pos_lock); }
int mosix_inode_lock_killable(struct inode *inode) { return inode_lock_killable(inode); }
void mosix_inode_unlock(struct inode *inode) { inode_unlock(inode); }

/* linux/fs_struct.h */
/* A task that is about to exit has none, but still closes files. */
unsigned short mosix_current_umask(void) { return current->fs ? current_umask() : 0; }
void mosix_current_root(struct path *root) { get_fs_root(current->fs, root); }
bool mosix_fs_is_own(void) { return current->fs->users == 1; }
umode_t mosix_swap_umask(umode_t mask) { return xchg(&current->fs->umask, mask); }

/* linux/mm.h */
unsigned long mosix_task_size(void) { return TASK_SIZE; }
void mosix_put_page(struct page *page) { put_page(page); }
const void *mosix_page_address(const struct page *page) { return page_address(page); }
bool mosix_page_is_anon(const struct page *page) { return PageAnon(page); }
bool mosix_page_is_zero(const struct page *page) { return is_zero_pfn(page_to_pfn(page)); }
void mosix_arg_lock(struct mm_struct *mm) { spin_lock(&mm->arg_lock); }
void mosix_arg_unlock(struct mm_struct *mm) { spin_unlock(&mm->arg_lock); }

/* linux/module.h */
bool mosix_try_module_get(void) { return try_module_get(THIS_MODULE); }
void mosix_module_put(void) { module_put(THIS_MODULE); }

/* linux/mount.h */
struct mnt_idmap *mosix_mnt_idmap(const struct vfsmount *mnt) { return mnt_idmap(mnt); }
bool mosix_is_idmapped_mnt(const struct vfsmount *mnt) { return is_idmapped_mnt(mnt); }

/* linux/namei.h */
int mosix_walk(const struct path *root, const char *name, struct path *path) { return vfs_path_lookup(root->dentry, root->mnt, name, LOOKUP_NO_SYMLINKS, path); }

/* linux/pagemap.h */
struct folio *mosix_readahead_folio(struct readahead_control *rac) { return readahead_folio(rac); }
loff_t mosix_readahead_pos(struct readahead_control *rac) { return readahead_pos(rac); }
size_t mosix_readahead_length(struct readahead_control *rac) { return readahead_length(rac); }
loff_t mosix_folio_pos(const struct folio *folio) { return folio_pos(folio); }
size_t mosix_folio_size(const struct folio *folio) { return folio_size(folio); }
void mosix_memcpy_to_folio(struct folio *folio, const char *from, size_t len) { memcpy_to_folio(folio, 0, from, len); }
void mosix_folio_zero_range(struct folio *folio, size_t start, size_t len) { folio_zero_range(folio, start, len); }

/* linux/percpu.h */
static DEFINE_PER_CPU(unsigned long, hook_entered);
static DEFINE_PER_CPU(unsigned long, hook_left);

void mosix_hook_enter(void) { this_cpu_inc(hook_entered); }
void mosix_hook_leave(void) { this_cpu_inc(hook_left); }
unsigned long mosix_hook_entered(unsigned int cpu) { return READ_ONCE(per_cpu(hook_entered, cpu)); }
unsigned long mosix_hook_left(unsigned int cpu) { return READ_ONCE(per_cpu(hook_left, cpu)); }

/* linux/posix_acl.h */
void mosix_posix_acl_release(struct posix_acl *acl) { posix_acl_release(acl); }

/* linux/posix_acl_xattr.h */
struct posix_acl *mosix_posix_acl_from_xattr(const void *value, size_t size) { return posix_acl_from_xattr(&init_user_ns, value, size); }
void *mosix_posix_acl_to_xattr(const struct posix_acl *acl, size_t *size) { return posix_acl_to_xattr(&init_user_ns, acl, size, GFP_KERNEL); }

/* linux/sched.h */
void mosix_cond_resched(void) { cond_resched(); }

/* linux/sched/mm.h */
unsigned int mosix_memalloc_nofs_save(void) { return memalloc_nofs_save(); }
void mosix_memalloc_nofs_restore(unsigned int flags) { memalloc_nofs_restore(flags); }

/* linux/sched/signal.h */
u64 mosix_swap_fsize_limit(u64 bytes) { return xchg(&current->signal->rlim[RLIMIT_FSIZE].rlim_cur, bytes); }
unsigned long mosix_rlimit(unsigned int limit) { return rlimit(limit); }
void mosix_send_sigxfsz(void) { send_sig(SIGXFSZ, current, 0); }

bool mosix_task_sigpending(struct task_struct *task) { return task_sigpending(task); }
bool mosix_fatal_signal_pending(struct task_struct *task) { return fatal_signal_pending(task); }
void mosix_stats_lock(struct signal_struct *signal) { write_seqlock_irq(&signal->stats_lock); }
void mosix_stats_unlock(struct signal_struct *signal) { write_sequnlock_irq(&signal->stats_lock); }

/* linux/sched/task_stack.h */
const struct pt_regs *mosix_current_pt_regs(void) { return task_pt_regs(current); }
bool mosix_current_is_native64(void)
{
	return user_64bit_mode(task_pt_regs(current)) && !test_thread_flag(TIF_ADDR32) &&
	       !(current_thread_info()->status & TS_COMPAT);
}

/* linux/seccomp.h */
bool mosix_is_seccomp(struct task_struct *task) { return task->seccomp.mode != SECCOMP_MODE_DISABLED; }

/* linux/task_work.h */
bool mosix_task_work_pending(void) { return task_work_pending(current); }

/* linux/thread_info.h */
bool mosix_has_io_bitmap(struct task_struct *task) { return test_tsk_thread_flag(task, TIF_IO_BITMAP); }

/* linux/spinlock.h */
void mosix_spin_lock_irq(spinlock_t *lock) { spin_lock_irq(lock); }
void mosix_spin_unlock_irq(spinlock_t *lock) { spin_unlock_irq(lock); }

/* linux/splice.h */
long mosix_splice_file_range(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len) { return splice_file_range(in, in_pos, out, out_pos, min_t(size_t, len, MAX_RW_COUNT)); }

/* linux/string.h */
void mosix_memzero_explicit(void *p, size_t len) { memzero_explicit(p, len); }

/* linux/tracepoint.h */
void mosix_tracepoint_synchronize_unregister(void) { tracepoint_synchronize_unregister(); }

/* net/sock.h */
void mosix_sock_set_rcvtimeo(struct socket *sock, long jiffies) { sock->sk->sk_rcvtimeo = jiffies; }
void mosix_sock_set_sndtimeo(struct socket *sock, long jiffies) { sock->sk->sk_sndtimeo = jiffies; }
void mosix_sock_allocate_nofs(struct socket *sock) { sock->sk->sk_allocation = GFP_NOFS; }
void mosix_sock_forbid_task_frag(struct socket *sock) { sock->sk->sk_use_task_frag = false; }
void mosix_tcp_set_nodelay(struct socket *sock) { tcp_sock_set_nodelay(sock->sk); }
int mosix_tcp_set_user_timeout(struct socket *sock, int ms) { return tcp_sock_set_user_timeout(sock->sk, ms); }
void mosix_sock_callback_lock(struct socket *sock) { write_lock_bh(&sock->sk->sk_callback_lock); }
void mosix_sock_callback_unlock(struct socket *sock) { write_unlock_bh(&sock->sk->sk_callback_lock); }
void mosix_sk_callback_read_lock(struct sock *sk) { read_lock_bh(&sk->sk_callback_lock); }
void mosix_sk_callback_read_unlock(struct sock *sk) { read_unlock_bh(&sk->sk_callback_lock); }
void *mosix_sk_user_data(struct sock *sk) { return sk->sk_user_data; }
void mosix_sock_set_user_data(struct socket *sock, void *data) { sock->sk->sk_user_data = data; }
mosix_sk_callback mosix_sock_xchg_data_ready(struct socket *sock, mosix_sk_callback fn) { return xchg(&sock->sk->sk_data_ready, fn); }
mosix_sk_callback mosix_sock_xchg_state_change(struct socket *sock, mosix_sk_callback fn) { return xchg(&sock->sk->sk_state_change, fn); }
void mosix_sock_set_rcvlowat(struct socket *sock, int bytes) { WRITE_ONCE(sock->sk->sk_rcvlowat, bytes); }
bool mosix_tcp_is_readable(struct socket *sock) { return tcp_epollin_ready(sock->sk, sock->sk->sk_rcvlowat) || READ_ONCE(sock->sk->sk_err) || READ_ONCE(sock->sk->sk_shutdown) & RCV_SHUTDOWN; }
void mosix_sock_set_reuseaddr(struct socket *sock) { sock_set_reuseaddr(sock->sk); }

/* asm/fpu/types.h; not x86_task_fpu(), which is no inline function with CONFIG_X86_DEBUG_FPU */
static struct fpstate *fpstate(void) { return ((struct fpu *)(current + 1))->fpstate; }
unsigned int mosix_xstate_size(void) { return fpstate()->user_size; }
u64 mosix_xstate_features(void) { return fpstate()->user_xfeatures; }

/* linux/xattr.h */
bool mosix_is_posix_acl_xattr(const char *name) { return is_posix_acl_xattr(name); }
