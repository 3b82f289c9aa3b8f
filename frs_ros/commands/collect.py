# SPDX-License-Identifier: Apache-2.0
"""`frs collect`: demonstrations of the scripted expert, for training the small generalist."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from frs_ros.commands.options import add_assets, add_seed, add_suite
from frs_ros.errors import ConfigError, choose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option(
        '--tasks',
        default='0,1,2,3,4,8,9',
        help='tasks in whose scenes the expert works (default: %(default)s)',
    )
    option(
        '--held-out',
        default='tomato_sauce,butter,milk',
        help='object types that are never fetched (default: %(default)s)',
    )
    option('--episodes', type=int, default=1000, help='attempts (default: %(default)s)')
    option('--workers', type=int, default=2, help='processes (default: %(default)s)')
    add_seed(parser, 0)
    add_assets(parser)
    option('--out', type=Path, required=True, help='dataset folder; a stopped run goes on there')
    option('--json', type=Path, help='write the totals to this file')


def run(args: argparse.Namespace) -> int:
    """Collects and prints the totals."""
    from frs_ros.commands.task_selection import parse_tasks
    from frs_ros.data.collection import CollectionSettings
    from frs_ros.data.collector import collect
    from frs_ros.learning.report import write_json
    from frs_ros.policies.images import CAMERAS
    from frs_ros.sim.standin.groceries import GROCERIES
    from frs_ros.sim.suites import tasks

    if args.episodes < 1 or args.workers < 1:
        raise ConfigError('--episodes and --workers must be at least 1')
    choose('suite', args.suite, ('libero_object',))
    held_out = tuple(t for t in args.held_out.split(',') if t)
    for thing in held_out:
        choose('object type', thing, GROCERIES)
    settings = replace(
        CollectionSettings(),
        suite=args.suite,
        tasks=tuple(parse_tasks(args.tasks, len(tasks(args.suite)), {})),
        held_out=held_out,
        assets=args.assets,
        seed=args.seed,
    )
    totals = collect(settings, CAMERAS, args.out, args.episodes, args.workers)
    print(
        f'{totals["successes"]} of {totals["attempts"]} new episodes succeeded: '
        f'{totals["steps"]} steps, {totals["frames"]} frames, in {args.out}'
    )
    if args.json:
        write_json(args.json, dict(totals))
    return 0
