/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for the second bindgen pass; what is taken from them is in bindgen_parameters. */
#include <linux/backing-file.h>
#include <linux/exportfs.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_struct.h>
#include <linux/kprobes.h>
#include <linux/namei.h>
#include <linux/posix_acl_xattr.h>
#include <linux/prctl.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/tcp.h>
#include <linux/xattr.h>
#include <net/sock.h>
#include <crypto/chacha20poly1305.h>
#include "helpers.h"

/* Macros that bindgen does not take for constants. */
const unsigned int MOSIX_CONST_ACL_TYPE_ACCESS = ACL_TYPE_ACCESS;
const unsigned int MOSIX_CONST_ACL_TYPE_DEFAULT = ACL_TYPE_DEFAULT;
const unsigned int MOSIX_CONST_FMODE_EXEC = __FMODE_EXEC;
const unsigned int MOSIX_CONST_LOOKUP_CREATE = LOOKUP_CREATE;
const unsigned int MOSIX_CONST_LOOKUP_DIRECTORY = LOOKUP_DIRECTORY;
const unsigned int MOSIX_CONST_LOOKUP_EXCL = LOOKUP_EXCL;
const unsigned int MOSIX_CONST_LOOKUP_OPEN = LOOKUP_OPEN;
const unsigned int MOSIX_CONST_LOOKUP_PARENT = LOOKUP_PARENT;
const unsigned int MOSIX_CONST_LOOKUP_RCU = LOOKUP_RCU;
const unsigned int MOSIX_CONST_LOOKUP_REVAL = LOOKUP_REVAL;
const unsigned long MOSIX_CONST_SB_POSIXACL = SB_POSIXACL;
const slab_flags_t MOSIX_CONST_SLAB_INODES = SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT;
