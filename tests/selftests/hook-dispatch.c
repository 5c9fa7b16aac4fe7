// SPDX-License-Identifier: GPL-2.0
/*
 * hook-dispatch [SECONDS]: a program that uses prctl(PR_SET_SYSCALL_USER_DISPATCH) itself goes on
 * working, whether the module is loaded or not; it cannot be marked, and a marked one that begins to
 * use it loses the mark.
 */
#include "selftest.h"
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif

enum { ALLOW, BLOCK, EMULATED = 4242 };

static volatile char selector = ALLOW;
static volatile int caught, wrong;

/* Emulates the blocked call; its own rt_sigreturn must be allowed. */
static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	(void)signal;
	selector = ALLOW;
	caught++;
	if (info->si_code != SYS_USER_DISPATCH || info->si_syscall != SYS_getppid)
		wrong = 1;
	user->uc_mcontext.gregs[REG_RAX] = EMULATED;
}

static void dispatch(int mode)
{
	if (syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, 0, 0,
		    mode == PR_SYS_DISPATCH_ON ? &selector : NULL))
		FAIL("prctl: %s", strerror(errno));
}

static void emulate(pid_t parent, int calls)
{
	caught = 0;
	for (int i = 0; i < calls; i++) {
		selector = BLOCK;
		if (syscall(SYS_getppid) != EMULATED)
			FAIL("a blocked call was done natively");
		if (syscall(SYS_getppid) != parent)
			FAIL("an allowed call was not done natively");
	}
	if (caught != calls || wrong)
		FAIL("%d of %d SIGSYS came%s", caught, calls, wrong ? ", with wrong contents" : "");
}

/* The words that only the module may write must stay out of prctl's reach. */
static void forge(void)
{
	if (syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 1UL << 63, 0, 0) !=
	    -1 || errno != EINVAL)
		FAIL("prctl can write the words of a mark");
}

static void with_module(int fd, pid_t parent)
{
	struct mosix_hook_counters seen;
	int error;

	dispatch(PR_SYS_DISPATCH_ON);
	error = hook_try(fd, HOOK_START, SYS_getppid, &seen);
	if (error != -EBUSY)
		FAIL("a program with its own dispatch was not refused: %s", strerror(-error));
	emulate(parent, 10);
	dispatch(PR_SYS_DISPATCH_OFF);

	hook_must(fd, HOOK_START, SYS_getppid);
	if (syscall(SYS_getppid) != parent)
		FAIL("getppid is wrong in a marked process");
	dispatch(PR_SYS_DISPATCH_ON);
	emulate(parent, 10);
	dispatch(PR_SYS_DISPATCH_OFF);
	seen = hook_must(fd, HOOK_STOP, 0);
	/* getppid and the prctl that ended it. */
	if (seen.watched != 1 || seen.total != 2)
		FAIL("the mark did not end with the prctl: %lu calls", seen.total);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	double end = seconds() + duration(argc, argv, 0);
	pid_t parent = getppid();
	long rounds = 0, marked = 0;

	sigaction(SIGSYS, &action, NULL);
	do {
		int fd = open("/dev/mosix", O_RDWR);

		forge();
		if (fd >= 0) {
			with_module(fd, parent);
			close(fd);
			marked++;
		}
		dispatch(PR_SYS_DISPATCH_ON);
		emulate(parent, 100);
		dispatch(PR_SYS_DISPATCH_OFF);
		rounds++;
	} while (seconds() < end);
	PASS("%ld rounds, %ld of them with the module loaded", rounds, marked);
}
