# SPDX-License-Identifier: Apache-2.0
"""Parameters of every node, a file each: the source of names, defaults and ranges.

`config/<node>.yaml` and the tables of docs/graph.md repeat them; a test compares the three.
Imports no ROS, so that `frs up` can read the defaults.
"""
