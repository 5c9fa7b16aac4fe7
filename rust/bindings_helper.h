/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for the second bindgen pass; what is taken from them is in bindgen_parameters. */
#include <linux/kprobes.h>
#include <linux/prctl.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <crypto/chacha20poly1305.h>
#include "helpers.h"
