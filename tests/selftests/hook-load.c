// SPDX-License-Identifier: GPL-2.0
/*
 * hook-load [SECONDS]: system calls of processes that are not marked, with their results checked: a
 * pipe, a file, errors, fork, exec and signals. To be run while the module is loaded and unloaded.
 */
#include "selftest.h"
#include <signal.h>

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

static void pipe_echo(void)
{
	char out[64], in[64];
	int ends[2];

	if (pipe(ends))
		FAIL("pipe: %s", strerror(errno));
	memset(out, (int)random(), sizeof(out));
	if (write(ends[1], out, sizeof(out)) != sizeof(out) ||
	    read(ends[0], in, sizeof(in)) != sizeof(in) || memcmp(in, out, sizeof(in)))
		FAIL("a pipe returned something else than was written");
	close(ends[0]);
	close(ends[1]);
}

static void errors(void)
{
	if (close(-1) != -1 || errno != EBADF)
		FAIL("close(-1) gave no EBADF");
	if (syscall(100000) != -1 || errno != ENOSYS)
		FAIL("system call 100000 gave no ENOSYS");
	if (read(0, (void *)16, 0) == -1 && errno != EBADF)
		FAIL("an empty read failed: %s", strerror(errno));
}

static void children(void)
{
	pid_t self = getpid(), child = fork();

	if (child < 0)
		FAIL("fork: %s", strerror(errno));
	if (!child)
		_exit(getppid() == self ? 7 : 8);
	if (await(child) != 7)
		FAIL("a child saw another parent or died");

	child = vfork();
	if (!child) {
		execl("/proc/self/exe", "hook-load", "--exec", NULL);
		_exit(9);
	}
	if (await(child) != 5)
		FAIL("a child did not exec");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = count };
	double end = seconds() + duration(argc, argv, 5);
	long rounds = 0;

	if (argc > 1 && !strcmp(argv[1], "--exec"))
		return 5;
	sigaction(SIGUSR1, &action, NULL);
	for (; seconds() < end; rounds++) {
		pipe_echo();
		errors();
		kill(getpid(), SIGUSR1);
		if (rounds % 50 == 0)
			children();
	}
	if (signals != rounds)
		FAIL("%ld signals were sent, %d came", rounds, (int)signals);
	PASS("%ld rounds", rounds);
}
