/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WARD_DEVICE_H
#define WARD_DEVICE_H

/* /dev/ward appears and goes. Return: 0 or an error of misc_register(). */
int __must_check ward_device_register(void);
void ward_device_unregister(void);

#endif /* WARD_DEVICE_H */
