# SPDX-License-Identifier: Apache-2.0
"""`frs bag convert`: a dataset for noise policies from bags."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from frs_ros.commands.options import byte_bar
from frs_ros.errors import ConfigError
from frs_ros.text import printable

if TYPE_CHECKING:
    from frs_ros.policies.identity import PolicyInfo

OUTCOMES = {'success': ('success',), 'all': None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('bags', nargs='+', type=Path, metavar='BAG', help='bags, or folders of bags')
    option('--out', type=Path, required=True, help='folder of the new dataset')
    option(
        '--outcome',
        choices=tuple(OUTCOMES),
        default='success',
        help='which episodes are kept (default: %(default)s)',
    )
    option(
        '--limit',
        type=int,
        default=0,
        help='at most so many episodes, the first ones (default: all)',
    )
    option(
        '--image-size',
        type=int,
        default=84,
        help='height and width, pixels (default: %(default)s)',
    )
    option('--cameras', help='names, with commas between, in order (default: all, by name)')
    option(
        '--policy',
        metavar='CHECKPOINT',
        help="whose noise is wanted: 'mini', a .safetensors or a .yaml (default: that of the only "
        'policy there is)',
    )
    option('--json', type=Path, help='write what was done to this file')


def run(args: argparse.Namespace) -> int:
    """Converts and prints what was left out."""
    from frs_ros.bags.read.bag_reader import open_bags
    from frs_ros.datasets.conversion import ConversionSettings, convert
    from frs_ros.datasets.distillation import digest
    from frs_ros.evaluation.report import write_json

    settings = ConversionSettings(
        outcomes=OUTCOMES[args.outcome],
        image_size=args.image_size,
        cameras=_names(args.cameras),
        policy=_policy(args.policy),
        limit=args.limit,
    )
    bags = open_bags(args.bags)
    with byte_bar(sum(bag.size for bag in bags)) as show:
        done = convert(bags, args.out, settings, show)
    for note in done.notes:
        print(printable(note), file=sys.stderr)
    print(
        f'{done.samples} chunks of {done.episodes} episodes in {args.out}, '
        f'{", ".join(done.info.cameras)} at {done.info.image_size} pixels, {done.seconds:.1f} s'
    )
    for reason, count in sorted(done.info.dropped.items()):
        print(f'  left out: {count} {printable(reason)}')
    if args.json:
        found = {**asdict(done), 'dataset': str(args.out), 'digest': digest(args.out)}
        write_json(args.json, found)
    return 0


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(',') if name.strip())
    if not names:
        raise ConfigError('--cameras names no camera')
    return names


def _policy(checkpoint: str | None) -> PolicyInfo | None:
    if checkpoint is None:
        return None
    from frs_ros.policies.checkpoint import load_policy
    from frs_ros.policies.identity import policy_info

    return policy_info(load_policy(checkpoint))
