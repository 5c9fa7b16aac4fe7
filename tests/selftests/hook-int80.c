// SPDX-License-Identifier: GPL-2.0
/*
 * hook-int80: a marked 64-bit program that uses int $0x80. The calls must come to the hook, run
 * natively, and never be taken for those that have the same number in the 64-bit table.
 */
#include "selftest.h"

enum { IA32_GETPID = 20, X64_WRITEV = 20, CALLS = 100 };

static long int80(long nr)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return result;
}

int main(void)
{
	struct mosix_hook_counters seen;
	int fd = hook_open();
	pid_t self = getpid();

	if (int80(IA32_GETPID) != self)
		SKIP("int $0x80 does not work on this kernel (ia32 emulation is off)");

	hook_must(fd, HOOK_START, X64_WRITEV);
	for (int i = 0; i < CALLS; i++)
		if (int80(IA32_GETPID) != self)
			FAIL("int $0x80 is wrong in a marked process");
	seen = hook_must(fd, HOOK_READ, 0);
	if (seen.total != CALLS + 1)
		FAIL("hook saw %lu calls instead of %d", seen.total, CALLS + 1);
	if (seen.watched)
		FAIL("hook took %lu calls of int $0x80 for writev", seen.watched);

	/* The control: the watched number in its own table is counted. */
	if (syscall(X64_WRITEV, -1, NULL, 0) != -1 || errno != EBADF)
		FAIL("writev(-1) gave no EBADF");
	seen = hook_must(fd, HOOK_STOP, 0);
	if (seen.watched != 1)
		FAIL("hook did not see writev");
	PASS("%d calls", CALLS);
}
