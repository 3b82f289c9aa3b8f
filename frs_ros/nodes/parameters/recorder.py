# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `recorder`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter

SESSION, EPISODE = 'session', 'episode'


@dataclass(frozen=True)
class RecorderParameters:
    """Parameters of the node `recorder`."""

    directory: str = parameter('bags', 'Folder of the bags; made if it is not there.')
    storage: str = parameter(
        'mcap', 'Format of the bags, as rosbag2 calls it.', choices=('mcap', 'sqlite3')
    )
    split: str = parameter(
        SESSION,
        'session: one bag from start to stop. episode: one bag per episode, nothing in between.',
        choices=(SESSION, EPISODE),
    )
    label: str = parameter('', 'Words for the names of the bags, behind the date.')
    images: str = parameter(
        'compressed',
        'Which images of the cameras are recorded.',
        choices=('compressed', 'raw', 'both', 'none'),
    )
    extra_topics: str = parameter('', 'Further topics of any type, with commas between them.')
    autostart: bool = parameter(True, 'Whether recording begins with activation, or with ~/start.')
    instruction: str = parameter('', 'Task in words, for the episodes that begin by ~/begin.')
    seed: int = parameter(
        7, 'Seed of the first of them; each has the next one.', low=0, high=2**31 - 1
    )
    min_free_gb: float = parameter(
        2.0, 'Room that stays free on the disk, GB; recording stops before.', low=0.0, high=1e4
    )
    queue_mb: int = parameter(
        256, 'Memory for what a slow disk has not taken yet, MB.', low=8, high=65536
    )
    sync_period: float = parameter(
        5.0,
        'Time between two waits for the disk, s: what a power cut may cost; 0 for none but that '
        'at the end.',
        low=0.0,
        high=3600.0,
    )
    managed: bool = parameter(
        False,
        'Whether a lifecycle manager configures and activates the node, not the node itself.',
    )
