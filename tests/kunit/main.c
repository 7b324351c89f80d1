// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the module's words about itself; the suites register themselves.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("KUnit tests of Ward's pure parts");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
