# SPDX-License-Identifier: Apache-2.0
"""`frs bench bag`: speed of making a dataset from a bag."""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict
from pathlib import Path

from frs_ros.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('bag', type=Path, metavar='BAG', help='a finished bag with episodes')
    option('--rounds', type=int, default=5, help='of both in turns (default: %(default)s)')
    option('--json', type=Path, help='write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    if args.rounds < 1:
        raise ConfigError('--rounds must be at least 1')
    from tqdm import tqdm

    from frs_ros.benchmarks.bag import LIMIT, measure
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.report import write_json

    found = measure(args.bag, args.rounds, lambda rounds: tqdm(rounds, unit='round', leave=False))
    print(f'{found.messages} messages, {found.size / 1e6:.1f} MB, {found.samples} chunks')
    print(f'{"":32} {"wall s":>8} {"CPU s":>8} {"msg/s":>8} {"MB/s":>8}')
    for name, taken in (('plain rosbags', found.plain), ('dataset', found.dataset)):
        wall = statistics.median(t.wall for t in taken)
        cpu = statistics.median(t.cpu for t in taken)
        print(
            f'{name:32} {wall:8.3f} {cpu:8.3f} {found.messages / wall:8.0f} '
            f'{found.size / 1e6 / wall:8.1f}'
        )
    ratio = found.ratio()
    verdict = 'within' if ratio >= LIMIT else 'BELOW'
    print(
        f'the dataset is made at {ratio:.2f} of the speed of plain deserialisation '
        f'({found.ratio("cpu"):.2f} by CPU time), {verdict} the limit of {LIMIT}'
    )
    if args.json:
        results = {
            **asdict(found),
            'bag': str(args.bag),
            'ratio': ratio,
            'ratio_cpu': found.ratio('cpu'),
            'limit': LIMIT,
            'within_limit': ratio >= LIMIT,
            'versions': software_versions('numpy', 'rosbags'),
        }
        write_json(args.json, results)
    return 0
