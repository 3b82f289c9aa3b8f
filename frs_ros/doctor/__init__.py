# SPDX-License-Identifier: Apache-2.0
"""Checks of a machine before anything is started on it: `frs doctor`.

One file per concern. Checks reach the machine only through `System`, and load foreign libraries
only in child processes (`probes`), so that a library that crashes or hangs is a finding too.
"""
