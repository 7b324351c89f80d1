// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the module's beginning and end.
 *
 * Every descriptor that Ward hands out pins the module, so it is only unloaded
 * when no VM is left.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include "module/device.h"
#include "module/fault.h"
#include "module/stats.h"
#include "vmx/vmx.h"

static bool hold_vmx;
module_param(hold_vmx, bool, 0444);
MODULE_PARM_DESC(hold_vmx, "hold VMX root operation from load on, not only while a VM exists (N)");

/* Index of IA32_VMX_EPT_VPID_CAP (0x48c) in ward_probe.vmx_msrs. */
#define EPT_VPID_CAP	(0x48c - 0x480)

static int __init ward_init(void)
{
	struct ward_probe probe = { };
	int ret;

	ret = vmx_init();
	if (ret)
		return ret;
	vmx_probe(&probe);
	ward_fault_init(probe.vmx_msrs[EPT_VPID_CAP]);
	if (hold_vmx) {
		ret = vmx_root_get();
		if (ret)
			goto err_exit_vmx;
	}
	ward_debugfs_init();
	ret = ward_device_register();
	if (ret)
		goto err_exit_debugfs;
	return 0;

err_exit_debugfs:
	ward_debugfs_exit();
	if (hold_vmx)
		vmx_root_put();
err_exit_vmx:
	vmx_exit();
	return ret;
}

static void __exit ward_exit(void)
{
	ward_device_unregister();
	ward_debugfs_exit();
	if (hold_vmx)
		vmx_root_put();
	vmx_exit();
}

module_init(ward_init);
module_exit(ward_exit);

MODULE_DESCRIPTION("Ward hypervisor");
MODULE_AUTHOR("The Ward developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
