/* SPDX-License-Identifier: GPL-2.0 */
/* Prototypes of helpers.c; bindgen reads them too. */
#ifndef MOSIX_HELPERS_H
#define MOSIX_HELPERS_H

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/path.h>
#include <linux/tcp.h>
#include <linux/types.h>

struct workqueue_struct;

unsigned int mosix_memalloc_nofs_save(void);
void mosix_memalloc_nofs_restore(unsigned int flags);
void mosix_memzero_explicit(void *p, size_t len);
struct workqueue_struct *mosix_alloc_workqueue(const char *name, unsigned int flags, int max_active);
void mosix_sock_set_rcvtimeo(struct socket *sock, long jiffies);
void mosix_sock_set_sndtimeo(struct socket *sock, long jiffies);
void mosix_sock_allocate_nofs(struct socket *sock);
void mosix_sock_forbid_task_frag(struct socket *sock);
void mosix_tcp_set_nodelay(struct socket *sock);
int mosix_tcp_set_user_timeout(struct socket *sock, int ms);
void mosix_sock_set_reuseaddr(struct socket *sock);

void mosix_hook_enter(void);
void mosix_hook_leave(void);
unsigned long mosix_hook_entered(unsigned int cpu);
unsigned long mosix_hook_left(unsigned int cpu);
bool mosix_cpu_possible(unsigned int cpu);
bool mosix_current_is_native64(void);
void mosix_tracepoint_synchronize_unregister(void);

void mosix_dget(struct dentry *dentry);
struct inode *mosix_d_inode(struct dentry *dentry);
bool mosix_d_is_hashed(struct dentry *dentry);
void mosix_d_drop_hashed(struct dentry *dentry);
void *mosix_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache);
void mosix_inode_lock_attributes(struct inode *inode);
void mosix_inode_unlock_attributes(struct inode *inode);
void mosix_i_size_write(struct inode *inode, loff_t size);
void mosix_file_set_created(struct file *file);
unsigned short mosix_current_umask(void);
const struct pt_regs *mosix_current_pt_regs(void);
const struct cred *mosix_override_creds(const struct cred *cred);
const struct cred *mosix_revert_creds(const struct cred *cred);
void mosix_put_group_info(struct group_info *groups);
bool mosix_exportfs_may_export(const struct super_block *sb);
bool mosix_is_delegated(struct delegated_inode *delegated);
int mosix_break_deleg_wait(struct delegated_inode *delegated);
void mosix_do_delayed_call(struct delayed_call *call);
void mosix_file_64bithash(struct file *file);
void mosix_file_forget_append(struct file *file);
void mosix_file_lock_pos(struct file *file);
void mosix_file_unlock_pos(struct file *file);
int mosix_inode_lock_killable(struct inode *inode);
void mosix_inode_unlock(struct inode *inode);
void mosix_current_root(struct path *root);
bool mosix_fs_is_own(void);
umode_t mosix_swap_umask(umode_t mask);
u64 mosix_swap_fsize_limit(u64 bytes);
struct mnt_idmap *mosix_mnt_idmap(const struct vfsmount *mnt);

#endif
