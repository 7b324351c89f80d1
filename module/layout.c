// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout.c - the sorted array of regions behind a memory map, see layout.h.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "ward.h"
#include "ept/table.h"
#include "module/layout.h"
#include "module/region.h"

int ward_layout_check(const struct ward_map_op *op)
{
	if (op->reserved || op->prot & ~WARD_PROT_ALL)
		return -EINVAL;
	if (!op->bytes || !PAGE_ALIGNED(op->gpa | op->bytes))
		return -EINVAL;
	if (op->gpa >= WARD_GPA_END || op->bytes > WARD_GPA_END - op->gpa)
		return -EINVAL;
	if (op->op == WARD_MAP_REMOVE ? op->prot : !(op->prot & WARD_PROT_READ))
		return -EINVAL;

	switch (op->op) {
	case WARD_MAP_ADD:
		if (!PAGE_ALIGNED(op->origin) || op->origin + op->bytes < op->origin)
			return -EINVAL;
		if (op->source == WARD_MAP_FROM_FD)
			return 0;
		if (op->source != WARD_MAP_FROM_ADDRESS)
			return -EINVAL;
		break;
	case WARD_MAP_REMOVE:
	case WARD_MAP_PROTECT:
		if (op->source || op->origin)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	return op->fd == 0 || op->fd == -1 ? 0 : -EINVAL;
}

u32 ward_layout_find(const struct ward_layout *layout, u64 gpa)
{
	u32 low = 0, high = layout->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct ward_region *region = layout->entries[middle].region;

		if (region->gpa + region->bytes > gpa)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct ward_layout_entry *ward_layout_entry_of(const struct ward_layout *layout,
						     const struct ward_region *region)
{
	u32 at = ward_layout_find(layout, region->gpa);

	return at < layout->count && layout->entries[at].region == region ?
	       &layout->entries[at] : NULL;
}

int ward_layout_fits(const struct ward_layout *layout, u64 gpa, u64 bytes)
{
	u32 at = ward_layout_find(layout, gpa);

	if (at < layout->count && layout->entries[at].region->gpa < gpa + bytes)
		return -EEXIST;
	return layout->count == WARD_MAX_REGIONS ? -ENOSPC : 0;
}

void ward_layout_add(struct ward_layout *layout, struct ward_region *region, u32 prot)
{
	u32 at = ward_layout_find(layout, region->gpa);

	memmove(&layout->entries[at + 1], &layout->entries[at],
		(layout->count - at) * sizeof(layout->entries[0]));
	layout->entries[at] = (struct ward_layout_entry){ region, prot };
	layout->count++;
	layout->bytes += region->bytes;
}

int ward_layout_change(struct ward_layout *layout, const struct ward_map_op *op)
{
	u32 at = ward_layout_find(layout, op->gpa);
	const struct ward_region *region;

	if (at == layout->count)
		return -ENOENT;
	region = layout->entries[at].region;
	if (region->gpa != op->gpa || region->bytes != op->bytes)
		return -ENOENT;
	if (op->op == WARD_MAP_PROTECT) {
		layout->entries[at].prot = op->prot;
		return 0;
	}
	layout->count--;
	layout->bytes -= op->bytes;
	memmove(&layout->entries[at], &layout->entries[at + 1],
		(layout->count - at) * sizeof(layout->entries[0]));
	return 0;
}

bool ward_layout_lower(struct ept_table *table, const struct ward_layout *old,
		       const struct ward_layout *next, struct ward_layout_place *place,
		       struct ept_change *change)
{
	BUILD_BUG_ON(WARD_PROT_READ != EPT_R || WARD_PROT_WRITE != EPT_W ||
		     WARD_PROT_EXEC != EPT_X);

	for (; place->index < old->count; place->index++, place->done = 0) {
		const struct ward_layout_entry *entry = &old->entries[place->index];
		const struct ward_region *region = entry->region;
		const struct ward_layout_entry *now = ward_layout_entry_of(next, region);
		u32 prot = now ? now->prot : 0;
		u64 gpa, bytes;

		if (!(entry->prot & ~prot) || place->done == region->bytes)
			continue;
		gpa = region->gpa + place->done;
		bytes = min(EPT_SPAN(EPT_1G) - (gpa & (EPT_SPAN(EPT_1G) - 1)),
			    region->bytes - place->done);
		ept_protect(table, gpa, bytes, prot, change);
		place->done += bytes;
		return true;
	}
	return false;
}
