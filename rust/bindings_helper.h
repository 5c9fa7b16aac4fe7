/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for the second bindgen pass; what is taken from them is in bindgen_parameters. */
#include <linux/backing-file.h>
#include <linux/exportfs.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_struct.h>
#include <linux/fsnotify_backend.h>
#include <linux/kprobes.h>
#include <linux/namei.h>
#include <linux/posix_acl_xattr.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/regset.h>
#include <linux/sched/cputime.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/tcp.h>
#include <linux/xattr.h>
#include <net/sock.h>
#include <asm/prctl.h>
#include <crypto/chacha20poly1305.h>
#include "helpers.h"

/* Macros that bindgen does not take for constants. */
const unsigned int MOSIX_CONST_ACL_TYPE_ACCESS = ACL_TYPE_ACCESS;
const unsigned int MOSIX_CONST_ACL_TYPE_DEFAULT = ACL_TYPE_DEFAULT;
const unsigned int MOSIX_CONST_FMODE_EXEC = __FMODE_EXEC;
const unsigned int MOSIX_CONST_FSNOTIFY_OBJ_TYPE_VFSMOUNT = FSNOTIFY_OBJ_TYPE_VFSMOUNT;
const unsigned int MOSIX_CONST_LOOKUP_CREATE = LOOKUP_CREATE;
const unsigned int MOSIX_CONST_LOOKUP_DIRECTORY = LOOKUP_DIRECTORY;
const unsigned int MOSIX_CONST_LOOKUP_EXCL = LOOKUP_EXCL;
const unsigned int MOSIX_CONST_LOOKUP_OPEN = LOOKUP_OPEN;
const unsigned int MOSIX_CONST_LOOKUP_PARENT = LOOKUP_PARENT;
const unsigned int MOSIX_CONST_LOOKUP_RCU = LOOKUP_RCU;
const unsigned int MOSIX_CONST_LOOKUP_REVAL = LOOKUP_REVAL;
const unsigned long MOSIX_CONST_SB_POSIXACL = SB_POSIXACL;
const slab_flags_t MOSIX_CONST_SLAB_INODES = SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT;

const unsigned long MOSIX_CONST_VM_READ = VM_READ;
const unsigned long MOSIX_CONST_VM_WRITE = VM_WRITE;
const unsigned long MOSIX_CONST_VM_EXEC = VM_EXEC;
const unsigned long MOSIX_CONST_VM_SHARED = VM_SHARED;
const unsigned long MOSIX_CONST_VM_MAYSHARE = VM_MAYSHARE;
const unsigned long MOSIX_CONST_VM_GROWSDOWN = VM_GROWSDOWN;
const unsigned long MOSIX_CONST_VM_PFNMAP = VM_PFNMAP;
const unsigned long MOSIX_CONST_VM_MIXEDMAP = VM_MIXEDMAP;
const unsigned long MOSIX_CONST_VM_IO = VM_IO;
const unsigned long MOSIX_CONST_VM_LOCKED = VM_LOCKED | VM_LOCKONFAULT;
const unsigned long MOSIX_CONST_VM_SEQ_READ = VM_SEQ_READ;
const unsigned long MOSIX_CONST_VM_RAND_READ = VM_RAND_READ;
const unsigned long MOSIX_CONST_VM_DONTCOPY = VM_DONTCOPY;
const unsigned long MOSIX_CONST_VM_DONTDUMP = VM_DONTDUMP;
const unsigned long MOSIX_CONST_VM_WIPEONFORK = VM_WIPEONFORK;
const unsigned long MOSIX_CONST_VM_NORESERVE = VM_NORESERVE;
const unsigned long MOSIX_CONST_VM_HUGETLB = VM_HUGETLB;
const unsigned long MOSIX_CONST_VM_HUGEPAGE = VM_HUGEPAGE;
const unsigned long MOSIX_CONST_VM_NOHUGEPAGE = VM_NOHUGEPAGE;
const unsigned long MOSIX_CONST_VM_MERGEABLE = VM_MERGEABLE;
const unsigned long MOSIX_CONST_VM_DROPPABLE = VM_DROPPABLE;
const unsigned long MOSIX_CONST_VM_SEALED = VM_SEALED;
const unsigned long MOSIX_CONST_VM_SHADOW_STACK = VM_SHADOW_STACK;
const unsigned long MOSIX_CONST_VM_MAYBE_GUARD = VM_MAYBE_GUARD;
const unsigned long MOSIX_CONST_VM_PKEY = VM_PKEY_BIT0 | VM_PKEY_BIT1 | VM_PKEY_BIT2 | VM_PKEY_BIT3;
