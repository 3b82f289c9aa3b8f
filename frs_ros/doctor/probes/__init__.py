# SPDX-License-Identifier: Apache-2.0
"""One foreign library per file: `look(...)` runs in a child process, see `doctor/probe.py`."""
