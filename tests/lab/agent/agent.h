/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent's parts need of each other. The agent is the lab host's
 * first process: setup.c makes the machine usable, command.c runs COMMAND and
 * carries its streams, watch.c shows that the host is alive and forwards its log.
 */
#ifndef LAB_AGENT_H
#define LAB_AGENT_H

#include <stdbool.h>

/* The job, as lablib/initramfs.py wrote it into /lab. */
struct job {
	char **argv;		/* COMMAND, NULL-terminated */
	char **get;		/* files to hand back, NULL-terminated */
	bool module;		/* load ward.ko, and unload it afterwards */
	bool coverage;		/* send which lines of ward.ko ran */
	bool interactive;	/* COMMAND gets a terminal, fed from ttyS1 */
	unsigned int rows, columns;
};

/* setup.c */
void setup_machine(void);
void setup_job(struct job *job);
void setup_module(void);
/* Unloads ward.ko when it is still loaded. Call with COMMAND's processes gone. */
void setup_module_remove(void);

/* watch.c: both start threads and return. */
void watch_start(void);
/* Sends what the kernel log still holds; call once nothing runs any more. */
void watch_drain_log(void);

/*
 * debug.c: what only a debug kernel can say. Call with COMMAND's processes gone,
 * and debug_leaks() while the functions of ward.ko still have names. The scans
 * take long in the emulator, so there is no second look after its unloading.
 */
void debug_leaks(void);
void debug_locks(void);
void debug_coverage(void);

/*
 * command.c. Call command_prepare() before any thread starts: one that has
 * SIGCHLD unblocked would swallow the news of COMMAND's end.
 */
void command_prepare(void);
/* Returns the status to exit with, as a shell gives it. */
int command_run(const struct job *job);
/* Ends every process but the agent. */
void command_kill_all(void);
void command_send_files(const struct job *job);

/* Says why the lab cannot go on, and stops here. Never returns. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif
