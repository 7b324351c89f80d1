# SPDX-License-Identifier: GPL-2.0-only
"""The lab's parts: see README.rst one folder up."""
