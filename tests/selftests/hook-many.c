// SPDX-License-Identifier: GPL-2.0
/*
 * hook-many [PROCESSES]: many processes that are marked at the same time; each must see its own
 * calls and no others. They come and go in two waves, so that records are used again.
 */
#include "selftest.h"

enum { CALLS = 50 };

static int marked(int ready, int go, int calls)
{
	struct mosix_hook_counters seen;
	int fd = hook_open();
	char byte;

	hook_must(fd, HOOK_START, SYS_getppid);
	if (syscall(SYS_write, ready, "r", 1) != 1 || syscall(SYS_read, go, &byte, 1) != 0)
		return 1;
	for (int i = 0; i < calls; i++)
		syscall(SYS_getppid);
	seen = hook_must(fd, HOOK_READ, 0);
	/* write, read and the ioctl. */
	if (seen.watched != (uint64_t)calls || seen.total != (uint64_t)calls + 3)
		return 2;
	/* Every second one leaves the end to its exit. */
	if (calls % 2)
		hook_must(fd, HOOK_STOP, 0);
	return 0;
}

static void wave(int processes)
{
	int ready[2], go[2], failed = 0;
	char byte;

	if (pipe(ready) || pipe(go))
		FAIL("pipe: %s", strerror(errno));
	for (int i = 0; i < processes; i++) {
		pid_t child = fork();

		if (child < 0)
			FAIL("fork %d: %s", i, strerror(errno));
		if (!child) {
			close(go[1]);
			_exit(marked(ready[1], go[0], CALLS + i % CALLS));
		}
	}
	for (int i = 0; i < processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			FAIL("read: %s", strerror(errno));
	/* All are marked now, and the end of the pipe lets them go. */
	close(go[1]);
	for (int i = 0; i < processes; i++)
		failed += await(-1) != 0;
	if (failed)
		FAIL("%d of %d marked processes failed", failed, processes);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}

int main(int argc, char **argv)
{
	int processes = argc > 1 ? atoi(argv[1]) : 600;

	close(hook_open());
	wave(processes);
	wave(processes);
	PASS("%d processes at a time", processes);
}
