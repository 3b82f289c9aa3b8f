# SPDX-License-Identifier: Apache-2.0
"""`frs bench recorder`: two raw cameras and an arm into a bag; what is lost, and what it costs."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_ros.commands.demo import check_ros
from frs_ros.errors import ConfigError

if TYPE_CHECKING:
    from frs_ros.bringup.listeners.recorder_bench import Cost, Load

CPU_TARGET = 25.0  # % of a core
EXIT_LOST = 1
MB = 1e6
_BYTES_PER_SECOND = 60e6  # of the load, for the check of room


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('--seconds', type=float, default=60.0, help='for how long (default: %(default)s)')
    option(
        '--storage',
        choices=('mcap', 'sqlite3'),
        default='mcap',
        help='format of the bag (default: %(default)s)',
    )
    option(
        '--directory',
        type=Path,
        default=Path(tempfile.gettempdir()),
        help='where the bag is written, and deleted again (default: %(default)s)',
    )
    option('--keep', action='store_true', help='keep the bag')
    option('--json', type=Path, help='write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Measures, prints and writes the results; 1 if a message is missing."""
    if not 1.0 <= args.seconds <= 3600.0:
        raise ConfigError('--seconds must be from 1 to 3600')
    check_ros()
    from frs_ros.bringup.listeners.recorded_run import free_domain
    from frs_ros.bringup.listeners.recorder_bench import loads, measure
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.report import write_json

    args.directory.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(args.directory).free
    if room < 1.5 * args.seconds * _BYTES_PER_SECOND:
        raise ConfigError(f'--directory {args.directory}: {room / 1e9:.1f} GB free are too few')
    folder = Path(tempfile.mkdtemp(prefix='frs_bench_recorder_', dir=args.directory))
    programs = loads(args.seconds)
    print(f'two raw 640x480 cameras at 30 Hz and an arm at 200 Hz, {args.seconds:g} s ...')
    try:
        parameters = {'storage': args.storage, 'min_free_gb': '0.0'}
        cost = measure(programs, folder, free_domain(), parameters)
        results = _results(programs, cost)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(_text(results))
    if args.json:
        settings = {k: v for k, v in vars(args).items() if isinstance(v, (str, int, float))}
        versions = software_versions('numpy', 'ros-rclpy', 'mcap')
        write_json(args.json, {**results, 'settings': settings, 'versions': versions})
    return EXIT_LOST if results['lost'] else 0


def _results(programs: Sequence[Load], cost: Cost) -> dict[str, Any]:
    """What was sent, what is in the bag, what it took."""
    from collections import Counter

    from frs_ros.bags.read.bag_reader import Bag
    from frs_ros.bags.write.bag_metadata import DROPPED
    from frs_ros.documents import parse_yaml

    sent = {load.topic: load.count for load in programs}
    bag = Bag(cost.bag)
    found = Counter(message.topic for message in bag.messages(sent.__contains__))
    dropped = parse_yaml(bag.custom.get(DROPPED, '{}'), DROPPED)
    size = sum(file.stat().st_size for file in cost.bag.iterdir())
    cpu = 100.0 * cost.cpu / cost.seconds
    return {
        'seconds': round(cost.seconds, 2),
        'sent': sent,
        'recorded': {topic: found[topic] for topic in sent},
        'dropped': sum(dropped.values()),  # by the recorder, which says so
        'lost': sum(count - found[topic] for topic, count in sent.items()),
        'cpu_percent': round(cpu, 1),
        'cpu_target': CPU_TARGET,
        'cpu_reached': cpu < CPU_TARGET,
        'resident_mb': round(cost.memory / MB, 1),
        'bag_mb': round(size / MB, 1),
        'mb_per_second': round(size / MB / cost.seconds, 1),
    }


def _text(results: dict[str, Any]) -> str:
    reached = 'reached' if results['cpu_reached'] else 'MISSED'
    return '\n'.join(
        [
            f'messages   {sum(results["sent"].values())} sent in {results["seconds"]} s, '
            f'{results["lost"]} lost, {results["dropped"]} of them by the recorder',
            f'bag        {results["bag_mb"]} MB, {results["mb_per_second"]} MB/s',
            f'processor  {results["cpu_percent"]} % of a core, target below {CPU_TARGET:g} % '
            f'{reached}',
            f'memory     {results["resident_mb"]} MB resident',
        ]
    )
