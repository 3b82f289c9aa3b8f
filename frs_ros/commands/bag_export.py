# SPDX-License-Identifier: Apache-2.0
"""`frs bag export`: episodes of bags as a LeRobot dataset."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from frs_ros.commands.bag_convert import OUTCOMES
from frs_ros.commands.options import byte_bar
from frs_ros.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('bags', nargs='+', type=Path, metavar='BAG', help='bags, or folders of bags')
    option('--format', choices=('lerobot',), default='lerobot', help='LeRobot v3.0, the only one')
    option('--out', type=Path, required=True, help='folder of the new dataset')
    option(
        '--outcome',
        choices=tuple(OUTCOMES),
        default='success',
        help='which episodes are kept (default: %(default)s)',
    )
    option('--json', type=Path, help='write what was done to this file')


def run(args: argparse.Namespace) -> int:
    """Exports and prints what was left out."""
    from frs_ros.bags.read.bag_reader import open_bags
    from frs_ros.datasets.exchange.lerobot_export import export
    from frs_ros.evaluation.report import write_json

    bags = open_bags(args.bags)
    with byte_bar(sum(bag.size for bag in bags)) as show:
        made, notes = export(bags, args.out, OUTCOMES[args.outcome], show)
    for note in notes:
        print(printable(note), file=sys.stderr)
    print(f'{made.frames} rows of {made.episodes} episodes in {args.out}')
    dropped = dict(+made.dropped)
    for reason, count in sorted(dropped.items()):
        print(f'  left out: {count} {printable(reason)}')
    if args.json:
        found = {'episodes': made.episodes, 'rows': made.frames, 'dropped': dropped}
        write_json(args.json, {**found, 'notes': notes, 'dataset': str(args.out)})
    return 0
