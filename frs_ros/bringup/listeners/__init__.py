# SPDX-License-Identifier: Apache-2.0
"""Nodes in this process that listen to running graphs."""
