# SPDX-License-Identifier: Apache-2.0
"""The argument `record` of every graph, and the node behind it."""

from __future__ import annotations

from frs_ros.bringup.graph import Argument, Row

RECORD = Argument(
    'record',
    ('recorder', 'directory'),
    'Folder for bags of all that makes up episodes (docs/recording.md); none is recorded if it is '
    'not given.',
    default='',
)


def recorder(nice: int = 0) -> Row:
    """The recorder, if `record` is given; it gives way to others by `nice`."""
    return Row('recorder', only_with=RECORD.name, respawn=True, nice=nice, outlives=True)
