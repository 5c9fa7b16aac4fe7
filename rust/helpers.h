/* SPDX-License-Identifier: GPL-2.0 */
/* Prototypes of helpers.c; bindgen reads them too. */
#ifndef MOSIX_HELPERS_H
#define MOSIX_HELPERS_H

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/pagemap.h>
#include <linux/path.h>
#include <linux/posix_acl.h>
#include <linux/tcp.h>
#include <linux/sched/signal.h>
#include <linux/types.h>

typedef void (*mosix_sk_callback)(struct sock *sk);

unsigned int mosix_memalloc_nofs_save(void);
void mosix_memalloc_nofs_restore(unsigned int flags);
void mosix_memzero_explicit(void *p, size_t len);
void mosix_sock_set_rcvtimeo(struct socket *sock, long jiffies);
void mosix_sock_set_sndtimeo(struct socket *sock, long jiffies);
void mosix_sock_allocate_nofs(struct socket *sock);
void mosix_sock_forbid_task_frag(struct socket *sock);
void mosix_tcp_set_nodelay(struct socket *sock);
int mosix_tcp_set_user_timeout(struct socket *sock, int ms);
void mosix_sock_callback_lock(struct socket *sock);
void mosix_sock_callback_unlock(struct socket *sock);
void mosix_sk_callback_read_lock(struct sock *sk);
void mosix_sk_callback_read_unlock(struct sock *sk);
void *mosix_sk_user_data(struct sock *sk);
void mosix_sock_set_user_data(struct socket *sock, void *data);
mosix_sk_callback mosix_sock_xchg_data_ready(struct socket *sock, mosix_sk_callback fn);
mosix_sk_callback mosix_sock_xchg_state_change(struct socket *sock, mosix_sk_callback fn);
void mosix_sock_set_rcvlowat(struct socket *sock, int bytes);
bool mosix_tcp_is_readable(struct socket *sock);
void mosix_sock_set_reuseaddr(struct socket *sock);

void mosix_hook_enter(void);
void mosix_hook_leave(void);
unsigned long mosix_hook_entered(unsigned int cpu);
unsigned long mosix_hook_left(unsigned int cpu);
bool mosix_cpu_possible(unsigned int cpu);
bool mosix_current_is_native64(void);
bool mosix_try_module_get(void);
void mosix_module_put(void);
bool mosix_task_sigpending(struct task_struct *task);
bool mosix_fatal_signal_pending(struct task_struct *task);
bool mosix_has_io_bitmap(struct task_struct *task);
bool mosix_is_seccomp(struct task_struct *task);
unsigned long mosix_task_size(void);
unsigned int mosix_xstate_size(void);
u64 mosix_xstate_features(void);
void mosix_put_page(struct page *page);
const void *mosix_page_address(const struct page *page);
bool mosix_page_is_anon(const struct page *page);
bool mosix_page_is_zero(const struct page *page);
void mosix_spin_lock_irq(spinlock_t *lock);
void mosix_spin_unlock_irq(spinlock_t *lock);
bool mosix_task_work_pending(void);
void mosix_cond_resched(void);
void mosix_arg_lock(struct mm_struct *mm);
void mosix_arg_unlock(struct mm_struct *mm);
void mosix_stats_lock(struct signal_struct *signal);
void mosix_stats_unlock(struct signal_struct *signal);
void mosix_tracepoint_synchronize_unregister(void);

void mosix_dget(struct dentry *dentry);
struct inode *mosix_d_inode(struct dentry *dentry);
bool mosix_d_is_hashed(struct dentry *dentry);
void mosix_d_lock(struct dentry *dentry);
void mosix_d_unlock(struct dentry *dentry);
void *mosix_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache);
void mosix_inode_lock_attributes(struct inode *inode);
void mosix_inode_unlock_attributes(struct inode *inode);
void mosix_i_size_write(struct inode *inode, loff_t size);
void mosix_file_set_created(struct file *file);
unsigned short mosix_current_umask(void);
const struct pt_regs *mosix_current_pt_regs(void);
const struct cred *mosix_kernel_cred(void);
const struct cred *mosix_override_creds(const struct cred *cred);
const struct cred *mosix_revert_creds(const struct cred *cred);
void mosix_put_group_info(struct group_info *groups);
bool mosix_exportfs_may_export(const struct super_block *sb);
bool mosix_is_delegated(struct delegated_inode *delegated);
struct file_lock_context *mosix_locks_context(struct inode *inode);
int mosix_wait_for_lock(struct file_lock *lock);
int mosix_break_deleg_wait(struct delegated_inode *delegated);
void mosix_do_delayed_call(struct delayed_call *call);
void mosix_file_64bithash(struct file *file);
void mosix_file_renew_iocb_flags(struct file *file);
void mosix_file_lock_pos(struct file *file);
void mosix_file_unlock_pos(struct file *file);
int mosix_inode_lock_killable(struct inode *inode);
void mosix_inode_unlock(struct inode *inode);
void mosix_current_root(struct path *root);
bool mosix_fs_is_own(void);
umode_t mosix_swap_umask(umode_t mask);
u64 mosix_swap_fsize_limit(u64 bytes);
struct mnt_idmap *mosix_mnt_idmap(const struct vfsmount *mnt);
bool mosix_is_idmapped_mnt(const struct vfsmount *mnt);
int mosix_walk(const struct path *root, const char *name, struct path *path);
void mosix_posix_acl_release(struct posix_acl *acl);
bool mosix_is_posix_acl_xattr(const char *name);

void mosix_file_allow_nowait_and_direct(struct file *file);
bool mosix_file_can_nowait(const struct file *file);
bool mosix_file_can_direct(const struct file *file);
bool mosix_file_is_opened(const struct file *file);
loff_t mosix_i_size_read(const struct inode *inode);
bool mosix_dir_emit_dots(struct file *file, struct dir_context *ctx);
bool mosix_dir_emit(struct dir_context *ctx, const char *name, int len, u64 ino, unsigned int type);
struct folio *mosix_readahead_folio(struct readahead_control *rac);
loff_t mosix_readahead_pos(struct readahead_control *rac);
size_t mosix_readahead_length(struct readahead_control *rac);
loff_t mosix_folio_pos(const struct folio *folio);
size_t mosix_folio_size(const struct folio *folio);
void mosix_memcpy_to_folio(struct folio *folio, const char *from, size_t len);
void mosix_folio_zero_range(struct folio *folio, size_t start, size_t len);
struct posix_acl *mosix_posix_acl_from_xattr(const void *value, size_t size);
void *mosix_posix_acl_to_xattr(const struct posix_acl *acl, size_t *size);
unsigned long mosix_rlimit(unsigned int limit);
void mosix_send_sigxfsz(void);
long mosix_splice_file_range(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len);

#endif
