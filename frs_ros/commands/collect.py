# SPDX-License-Identifier: Apache-2.0
"""`frs collect`: demonstrations of the scripted expert, for training the small generalist."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from frs_ros.commands.options import add_assets, add_seed, add_suite
from frs_ros.errors import ConfigError, choose
from frs_ros.folders import locked

# Option -> its default, that of `CollectionSettings`, and what share of the episodes it is.
_SHARES = {
    'stock-target': (
        0.2,
        "that certainly pursue the task's own goal; 1 demonstrates nothing else, others are for "
        'policies of many goals',
    ),
    'shuffled': (0.6, 'in a randomised layout'),
    'coarse-start': (0.4, 'that begin where a coarse approach ends'),
}
_ONE_TASK = {'stock-target': 1.0, 'shuffled': 0.0, 'coarse-start': 0.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option('--tasks', help="tasks in whose scenes the expert works (default: the suite's split)")
    option(
        '--held-out',
        help='object types that are never fetched, or instructions that are never followed, '
        "separated by commas (default: the suite's split)",
    )
    option(
        '--target',
        default='',
        metavar='TYPE',
        help='demonstrate one task, that of fetching this object, such as milk: the defaults are '
        '--stock-target 1 --shuffled 0 --coarse-start 0 then, and nothing is held out',
    )
    for name, (number, text) in _SHARES.items():
        option(
            f'--{name}',
            type=float,
            metavar='SHARE',
            help=f'share of episodes {text} (default: {number})',
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
    from frs_ros.datasets.collection import CollectionSettings
    from frs_ros.datasets.collector import collect
    from frs_ros.evaluation.report import write_json
    from frs_ros.policies.images import CAMERAS
    from frs_ros.policies.vocabulary import normalise
    from frs_ros.sim.splits import SPLITS
    from frs_ros.sim.standin.groceries import GROCERIES
    from frs_ros.sim.suites import tasks

    if args.episodes < 1 or args.workers < 1:
        raise ConfigError('--episodes and --workers must be at least 1')
    split = SPLITS[choose('suite', args.suite, SPLITS)]
    count = len(tasks(args.suite))
    scenes = split.tasks if args.tasks is None else parse_tasks(args.tasks, count, {})
    never = () if args.target else split.never
    if args.target:
        choose('target', args.target, GROCERIES)
    if args.held_out is not None:
        never = tuple(filter(None, map(normalise, args.held_out.split(','))))
    for name in never:
        if ' ' not in name:  # else it is an instruction
            choose('object type', name, GROCERIES)
    settings = replace(
        CollectionSettings(),
        suite=args.suite,
        tasks=tuple(scenes),
        held_out=never,
        target=args.target,
        assets=args.assets,
        seed=args.seed,
        **_shares(args),
    )
    with locked(args.out):
        totals = collect(settings, CAMERAS, args.out, args.episodes, args.workers)
    print(
        f'{totals["successes"]} of {totals["attempts"]} new episodes succeeded: '
        f'{totals["steps"]} steps, {totals["frames"]} frames, in {args.out}'
    )
    if args.json:
        write_json(args.json, dict(totals))
    return 0


def _shares(args: argparse.Namespace) -> dict[str, float]:
    """The options of `_SHARES`, as `CollectionSettings` calls them."""
    shares: dict[str, float] = {}
    for name, (number, _) in _SHARES.items():
        given = getattr(args, name.replace('-', '_'))
        default = _ONE_TASK[name] if args.target else number
        share = default if given is None else given
        if not 0 <= share <= 1:
            raise ConfigError(f'--{name} is a share from 0 to 1, not {share}')
        shares[name.replace('-', '_')] = share
    return shares
