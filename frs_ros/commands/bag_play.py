# SPDX-License-Identifier: Apache-2.0
"""`frs bag play`: publishes a bag on its topics, for machines without `ros2 bag play`."""

from __future__ import annotations

import argparse
from pathlib import Path

from frs_ros.errors import ConfigError, DependencyError, how_to_get

PARAMETERS = (  # of the node, with options of the same names
    'rate',
    'as_fast_as_possible',
    'loop',
    'start_paused',
    'start_offset',
    'clock',
    'topics',
    'prefix',
    'wait_for',
    'wait_limit',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    parser.epilog = (
        'Keys: space pauses and goes on, S plays one message. Services of the node bag_player: '
        'pause, resume, toggle, step.'
    )
    option('bag', type=Path, metavar='BAG', help='folder of a bag, or a file of MCAP or SQLite')
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument(
        '--rate', type=float, default=1.0, help='seconds of the bag per second (default: 1)'
    )
    speed.add_argument(
        '--as-fast-as-possible',
        action='store_true',
        help='without pauses, only as fast as reliable subscribers acknowledge',
    )
    option('--loop', action='store_true', help='begin again at the end')
    option('--start-paused', action='store_true', help='wait for the space key')
    option(
        '--start-offset', type=float, default=0.0, metavar='S', help='leave out the first seconds'
    )
    option('--clock', type=float, default=0.0, metavar='HZ', help='publish /clock at this rate')
    option('--topics', default='', metavar='A,B', help='only these; ends of names will do')
    option('--prefix', default='', help='namespace before all topics')
    option(
        '--remap', action='append', default=[], metavar='OLD:=NEW', help='another name for a topic'
    )
    option(
        '--wait-for',
        type=int,
        default=0,
        metavar='N',
        help='begin when N subscribers are there, counted over all topics (default: those that '
        'are found within 3 s)',
    )
    option(
        '--wait-limit',
        type=float,
        default=30.0,
        metavar='S',
        help='and give up after so many seconds (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Plays until the end of the bag or Ctrl-C."""
    from importlib.util import find_spec

    if find_spec('rclpy') is None:
        raise DependencyError(f'ROS 2 is not in this environment; {how_to_get("rclpy")}')
    from frs_ros.nodes.bag_player_node import play

    words = []
    for remap in args.remap:
        if ':=' not in remap:
            raise ConfigError(f"--remap '{remap}' is not of the form /old:=/new")
        words += ['-r', remap]
    values = {name: getattr(args, name) for name in PARAMETERS}
    return play({'bag': str(args.bag), **values}, ['--ros-args', *words] if words else [])
