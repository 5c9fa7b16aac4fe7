// SPDX-License-Identifier: GPL-2.0
/*
 * hook-inherit [SECONDS]: a mark belongs to one thread and one program. Children, threads and the
 * program after an exec are not marked, and whoever has the device's file can end it.
 */
#include "selftest.h"
#include <pthread.h>

enum { CALLS = 100 };

static void calls(int count)
{
	for (int i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void *thread(void *unused)
{
	calls(CALLS);
	return unused;
}

static void children_and_threads(int fd)
{
	struct mosix_hook_counters seen;
	pthread_t other;
	pid_t child;

	hook_must(fd, HOOK_START, SYS_getppid);
	child = fork();
	if (!child) {
		calls(CALLS);
		/* A child can be marked for itself, and its end does not end its parent's mark. */
		hook_must(hook_open(), HOOK_START, SYS_getppid);
		calls(CALLS);
		_exit(0);
	}
	if (await(child))
		FAIL("the child of a marked process died");
	if (pthread_create(&other, NULL, thread, NULL) || pthread_join(other, NULL))
		FAIL("no thread");
	calls(1);
	seen = hook_must(fd, HOOK_STOP, 0);
	if (seen.watched != 1)
		FAIL("hook saw %lu calls of others", seen.watched - 1);
}

/* The second half of after_exec(), in the new program: the file came along. */
static int execed(int fd)
{
	struct mosix_hook_counters seen;

	calls(CALLS);
	seen = hook_must(fd, HOOK_READ, 0);
	if (seen.watched != 1)
		return 2;
	seen = hook_must(fd, HOOK_STOP, 0);
	hook_must(fd, HOOK_START, SYS_getppid);
	calls(CALLS);
	seen = hook_must(fd, HOOK_STOP, 0);
	return seen.watched == CALLS ? 0 : 3;
}

static void after_exec(void)
{
	pid_t child = fork();
	char number[16];
	int fd, status;

	if (!child) {
		fd = dup(hook_open());
		snprintf(number, sizeof(number), "%d", fd);
		hook_must(fd, HOOK_START, SYS_getppid);
		calls(1);
		execl("/proc/self/exe", "hook-inherit", "--exec", number, NULL);
		_exit(1);
	}
	status = await(child);
	if (status)
		FAIL("exec in a marked process: status %d", status);
}

/* A process stops the trial of another one, which sleeps meanwhile. */
static void stop_from_outside(void)
{
	struct mosix_hook_counters seen;
	int fd = hook_open(), ready[2], go[2];
	pid_t child;
	char byte;

	if (pipe(ready) || pipe(go))
		FAIL("pipe: %s", strerror(errno));
	child = fork();
	if (!child) {
		hook_must(fd, HOOK_START, SYS_getppid);
		calls(CALLS);
		write(ready[1], "r", 1);
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		calls(CALLS);
		_exit(hook_try(fd, HOOK_READ, 0, &seen) == -ENOENT ? 0 : 2);
	}
	if (read(ready[0], &byte, 1) != 1)
		FAIL("the marked child died");
	seen = hook_must(fd, HOOK_STOP, 0);
	if (seen.watched != CALLS)
		FAIL("hook saw %lu of %d calls of a child", seen.watched, CALLS);
	if (write(go[1], "g", 1) != 1 || await(child))
		FAIL("a process does not go on after its mark was taken off from outside");
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	double end;
	long rounds = 0;
	int fd;

	if (argc > 2 && !strcmp(argv[1], "--exec"))
		return execed(atoi(argv[2]));
	end = seconds() + duration(argc, argv, 0);
	fd = hook_open();
	do {
		children_and_threads(fd);
		after_exec();
		stop_from_outside();
		rounds++;
	} while (seconds() < end);
	PASS("%ld rounds", rounds);
}
