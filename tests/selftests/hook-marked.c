// SPDX-License-Identifier: GPL-2.0
/*
 * hook-marked [SECONDS]: marks itself time and again; each of its system calls must come to the hook
 * exactly once and return what it returns without the hook.
 */
#include "selftest.h"
#include <signal.h>

enum { CALLS = 1000 };

static void round_trip(int fd, pid_t parent)
{
	struct mosix_hook_counters seen;
	char byte;
	int ends[2];

	if (pipe(ends) || write(ends[1], "x", 1) != 1)
		FAIL("pipe: %s", strerror(errno));

	hook_must(fd, HOOK_START, SYS_getppid);
	for (int i = 0; i < CALLS; i++)
		if (syscall(SYS_getppid) != parent)
			FAIL("getppid is wrong in a marked process");
	if (syscall(SYS_close, -1) != -1 || errno != EBADF)
		FAIL("an error does not arrive in a marked process");
	if (syscall(SYS_read, ends[0], &byte, 1) != 1 || byte != 'x')
		FAIL("data does not arrive in a marked process");
	if (syscall(-1) != -1 || errno != ENOSYS)
		FAIL("system call -1 gave no ENOSYS");

	/* close, read, -1 and the ioctl itself. */
	seen = hook_must(fd, HOOK_READ, 0);
	if (seen.watched != CALLS || seen.total != CALLS + 4)
		FAIL("hook saw %lu of %d calls, %lu of %d in all", seen.watched, CALLS, seen.total,
		     CALLS + 4);

	/* A number is 32 bits: what is above them must not hide a call from the hook. */
	if (syscall(SYS_getppid | 0xdead00000000L) != parent)
		FAIL("getppid with high bits is wrong");
	seen = hook_must(fd, HOOK_READ, 0);
	if (seen.watched != CALLS + 1)
		FAIL("the hook was deceived about a number");

	seen = hook_must(fd, HOOK_STOP, 0);
	if (seen.total != CALLS + 7)
		FAIL("hook saw %lu calls instead of %d before the stop", seen.total, CALLS + 7);
	if (syscall(SYS_getppid) != parent)
		FAIL("getppid is wrong after the stop");
	if (hook_try(fd, HOOK_READ, 0, &seen) != -ENOENT)
		FAIL("counters without a trial");
	close(ends[0]);
	close(ends[1]);
}

static void start_twice(int fd)
{
	struct mosix_hook_counters seen;
	int other = hook_open();

	hook_must(fd, HOOK_START, SYS_getppid);
	if (hook_try(fd, HOOK_START, SYS_getppid, &seen) != -EALREADY)
		FAIL("a trial could be started twice");
	if (hook_try(other, HOOK_START, SYS_getppid, &seen) != -EALREADY)
		FAIL("a thread could be marked twice");
	close(other);
	hook_must(fd, HOOK_STOP, 0);
}

/* A call that sleeps and is interrupted, and one that is restarted. */
static void sleeping_calls(int fd)
{
	struct timespec brief = { .tv_nsec = 20 * 1000 * 1000 };
	struct mosix_hook_counters seen;

	hook_must(fd, HOOK_START, SYS_nanosleep);
	if (syscall(SYS_nanosleep, &brief, NULL))
		FAIL("nanosleep: %s", strerror(errno));
	seen = hook_must(fd, HOOK_STOP, 0);
	if (seen.watched != 1)
		FAIL("hook saw %lu nanosleeps instead of 1", seen.watched);
}

/* The last close takes the mark off. */
static void closed_device(pid_t parent)
{
	int fd = hook_open();

	hook_must(fd, HOOK_START, SYS_getppid);
	close(fd);
	for (int i = 0; i < 10; i++)
		if (syscall(SYS_getppid) != parent)
			FAIL("getppid is wrong after the last close");
}

/* A marked process that is killed leaves nothing behind that hurts. */
static void killed(void)
{
	pid_t child = fork();

	if (!child) {
		hook_must(hook_open(), HOOK_START, SYS_getppid);
		syscall(SYS_kill, getpid(), SIGKILL);
		_exit(1);
	}
	if (await(child) != 128 + SIGKILL)
		FAIL("a marked process could not be killed");
}

int main(int argc, char **argv)
{
	double end = seconds() + duration(argc, argv, 0);
	pid_t parent = getppid();
	long rounds = 0;
	int fd = hook_open();

	do {
		round_trip(fd, parent);
		start_twice(fd);
		sleeping_calls(fd);
		closed_device(parent);
		killed();
		rounds++;
	} while (seconds() < end);
	PASS("%ld rounds", rounds);
}
