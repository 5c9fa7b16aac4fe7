/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the self-tests share: how a test ends, and the part of the control device's interface
 * (src/control/abi.rs) that tries the system call hook.
 *
 * A test prints one line and exits with 0 (PASS), 1 (FAIL) or 4 (SKIP: the reason says what it
 * needs).
 */
#ifndef MOSIX_SELFTEST_H
#define MOSIX_SELFTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAIL(...) finish("FAIL", 1, __VA_ARGS__)
#define SKIP(...) finish("SKIP", 4, __VA_ARGS__)
#define PASS(...) finish("PASS", 0, __VA_ARGS__)

/* Does not return; stdio is flushed by hand so that children may use it, too. */
#define finish(word, status, ...) do {			\
	printf("%s %s: ", word, program_invocation_short_name);	\
	printf(__VA_ARGS__);				\
	printf("\n");					\
	fflush(stdout);					\
	_exit(status);					\
} while (0)

struct mosix_args {
	uint32_t version, flags;
	uint64_t in_ptr, out_ptr;
	uint32_t in_len, out_len, out_written, out_needed;
	uint32_t op, arg;
	uint64_t reserved[2];
};

struct mosix_hook_counters {
	uint64_t total, watched;
};

#define MOSIX_ABI_VERSION 3
#define MOSIX_HOOK_TRY _IOWR(0xBB, 6, struct mosix_args)

enum mosix_hook_op { HOOK_START = 1, HOOK_READ = 2, HOOK_STOP = 3 };

static inline int hook_open(void)
{
	int fd = open("/dev/mosix", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		SKIP("/dev/mosix: %s (load the module)", strerror(errno));
	return fd;
}

/* One ioctl system call; returns 0 or -errno. */
static inline int hook_try(int fd, enum mosix_hook_op op, uint32_t watch,
			   struct mosix_hook_counters *counters)
{
	struct mosix_args args = {
		.version = MOSIX_ABI_VERSION,
		.out_ptr = (uintptr_t)counters,
		.out_len = sizeof(*counters),
		.op = op,
		.arg = watch,
	};

	return syscall(SYS_ioctl, fd, MOSIX_HOOK_TRY, &args) ? -errno : 0;
}

static inline struct mosix_hook_counters hook_must(int fd, enum mosix_hook_op op, uint32_t watch)
{
	struct mosix_hook_counters counters;
	int error = hook_try(fd, op, watch, &counters);

	if (error)
		FAIL("hook operation %d: %s", op, strerror(-error));
	return counters;
}

/* Without a system call: the vDSO does it. */
static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* The test's duration: its first argument, in seconds, else what the test says. */
static inline double duration(int argc, char **argv, double otherwise)
{
	return argc > 1 ? atof(argv[1]) : otherwise;
}

/* How child `pid` (-1: any) ended: its exit status, or 128 + its signal. */
static inline int await(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		FAIL("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
