# SPDX-License-Identifier: Apache-2.0
"""Configuration files of the nodes and of the robots, wherever this package is installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from frs_ros.errors import ConfigError, choose

ROBOTS = ('fr3', 'panda')  # with a file of limits and workspace: config/robots/<name>.yaml


def config_file(node: str) -> Path:
    """config/<node>.yaml beside the sources or in the install space; ConfigError if missing."""
    package = Path(__file__).resolve().parents[1]
    folders = [package.parent / 'config']
    folders += [parent / 'share' / 'frs_ros' / 'config' for parent in package.parents]
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    folders += [Path(p) / 'share' / 'frs_ros' / 'config' for p in (*prefixes, sys.prefix)]
    for folder in folders:
        if (folder / f'{node}.yaml').is_file():
            return folder / f'{node}.yaml'
    raise ConfigError(f'config/{node}.yaml is not installed; build frs_ros again')


def cell_file(robot: str) -> Path:
    """config/robots/<robot>.yaml, or the path itself where one is given."""
    if robot.endswith('.yaml'):
        return Path(robot)
    return config_file(f'robots/{choose("robot", robot, ROBOTS)}')
