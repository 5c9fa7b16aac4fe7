// SPDX-License-Identifier: GPL-2.0
/*
 * hook-cost: prints what a getppid costs, in nanoseconds: with the module not loaded or the process
 * not marked, and marked. The best of several rounds, since other processes only ever add.
 */
#include "selftest.h"

enum { CALLS = 100000, ROUNDS = 7 };

static double cost(void)
{
	double best = 1;

	for (int round = 0; round < ROUNDS; round++) {
		double begin = seconds(), each;

		for (int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		each = (seconds() - begin) / CALLS;
		if (each < best)
			best = each;
	}
	return best * 1e9;
}

int main(void)
{
	double unmarked = cost(), marked;
	int fd = open("/dev/mosix", O_RDWR);

	if (fd < 0)
		PASS("getppid %.0f ns (module not loaded)", unmarked);
	hook_must(fd, HOOK_START, SYS_getppid);
	marked = cost();
	hook_must(fd, HOOK_STOP, 0);
	PASS("getppid %.0f ns, marked %.0f ns", unmarked, marked);
}
