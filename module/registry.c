// SPDX-License-Identifier: GPL-2.0-only
/*
 * registry.c - names, owners, limits, see registry.h.
 *
 * Holds no reference on a VM: a VM leaves the registry at the start of its
 * destruction, so what is found under the lock is still whole, and is only
 * handed out if its reference count has not reached zero.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "module/registry.h"
#include "module/vm.h"

static unsigned int max_vms_per_user = 64;
module_param(max_vms_per_user, uint, 0644);
MODULE_PARM_DESC(max_vms_per_user, "VMs that one user may have (64)");

static unsigned int max_vcpus_per_user = 256;
module_param(max_vcpus_per_user, uint, 0644);
MODULE_PARM_DESC(max_vcpus_per_user, "vCPUs that one user may have, in all VMs together (256)");

/*
 * What one user has. All but @uid, which is constant, is under registry_lock.
 * The last of @vms frees it.
 */
struct ward_user {
	struct list_head link;
	kuid_t uid;
	unsigned int vms;
	unsigned int vcpus;
};

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(users);
static LIST_HEAD(vms);
static u64 last_id;

static bool name_is_valid(const char *name)
{
	size_t length = strnlen(name, WARD_NAME_BYTES);

	if (!length || length == WARD_NAME_BYTES || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		/* isalnum() would let Latin-1 letters pass. */
		if (!isascii(name[i]) || !(isalnum(name[i]) || strchr("._-", name[i])))
			return false;
	return true;
}

static struct ward_vm *find(kuid_t owner, const char *name)
{
	struct ward_vm *vm;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry(vm, &vms, link)
		if (uid_eq(vm->user->uid, owner) && !strcmp(vm->name, name))
			return vm;
	return NULL;
}

static struct ward_user *user_of(kuid_t uid)
{
	struct ward_user *user;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry(user, &users, link)
		if (uid_eq(user->uid, uid))
			return user;

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	user->uid = uid;
	list_add_tail(&user->link, &users);
	return user;
}

static void put_user_if_unused(struct ward_user *user)
{
	if (user->vms)
		return;
	list_del(&user->link);
	kfree(user);
}

/* "vm-" and the VM's id, or the next number that this user has not taken. */
static void make_name(struct ward_vm *vm, kuid_t owner)
{
	u64 number = vm->id;

	do {
		snprintf(vm->name, sizeof(vm->name), "vm-%llu", number++);
	} while (find(owner, vm->name));
}

int ward_registry_add(struct ward_vm *vm, const char name[WARD_NAME_BYTES])
{
	kuid_t owner = current_euid();
	struct ward_user *user;
	int ret;

	if (name[0] && !name_is_valid(name))
		return -EINVAL;

	guard(mutex)(&registry_lock);
	user = user_of(owner);
	if (!user)
		return -ENOMEM;
	if (name[0] && find(owner, name)) {
		ret = -EEXIST;
		goto err_put_user;
	}
	if (user->vms >= READ_ONCE(max_vms_per_user)) {
		ret = -EDQUOT;
		goto err_put_user;
	}

	vm->id = ++last_id;
	if (name[0])
		strscpy(vm->name, name, sizeof(vm->name));
	else
		make_name(vm, owner);
	user->vms++;
	vm->user = user;
	vm->uid = owner;
	list_add_tail(&vm->link, &vms);
	return 0;

err_put_user:
	put_user_if_unused(user);
	return ret;
}

void ward_registry_publish(struct ward_vm *vm)
{
	guard(mutex)(&registry_lock);
	vm->published = true;
}

void ward_registry_del(struct ward_vm *vm)
{
	guard(mutex)(&registry_lock);
	list_del(&vm->link);
	vm->user->vms--;
	put_user_if_unused(vm->user);
	vm->user = NULL;
}

struct ward_vm *ward_registry_open(kuid_t owner, const char name[WARD_NAME_BYTES])
{
	struct ward_vm *vm;

	if (!name_is_valid(name))
		return NULL;
	guard(mutex)(&registry_lock);
	vm = find(owner, name);
	return vm && vm->published && kref_get_unless_zero(&vm->ref) ? vm : NULL;
}

u32 ward_registry_list(bool all, kuid_t owner, struct ward_vm_info *infos, u32 capacity)
{
	struct ward_vm *vm;
	u32 count = 0;

	guard(mutex)(&registry_lock);
	list_for_each_entry(vm, &vms, link) {
		if (!vm->published || !kref_read(&vm->ref))
			continue;
		if (!all && !uid_eq(vm->uid, owner))
			continue;
		if (count < capacity)
			ward_vm_fill_info(vm, &infos[count]);
		count++;
	}
	return count;
}

int ward_registry_charge_vcpu(struct ward_vm *vm)
{
	guard(mutex)(&registry_lock);
	if (vm->user->vcpus >= READ_ONCE(max_vcpus_per_user))
		return -EDQUOT;
	vm->user->vcpus++;
	return 0;
}

void ward_registry_uncharge_vcpu(struct ward_vm *vm)
{
	guard(mutex)(&registry_lock);
	vm->user->vcpus--;
}
