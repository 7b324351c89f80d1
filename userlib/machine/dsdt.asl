/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dsdt.asl - the devices that a guest cannot find by probing.
 *
 * There is no PIC, so Linux gives interrupts of ISA devices only to those
 * that are declared here. The clock has none: it is polled.
 * \_S5 repeats PM_S5_TYPE of pm.h.
 */
DefinitionBlock ("", "DSDT", 2, "WARD", "WARDVM", 1)
{
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_STA, 0x0F)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				IRQ (Edge, ActiveHigh, Exclusive) { 4 }
			})
		}

		Device (RTC0)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_STA, 0x0F)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0070, 0x0070, 1, 2)
			})
		}
	}
}
