# SPDX-License-Identifier: Apache-2.0
"""`frs render`: the images of a dataset drawn again, with other assets."""

from __future__ import annotations

import argparse
from pathlib import Path

from frs_ros.commands.options import add_assets
from frs_ros.errors import ConfigError
from frs_ros.folders import locked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('--data', type=Path, required=True, help='dataset of frs collect')
    add_assets(parser)
    option('--workers', type=int, default=2, help='processes (default: %(default)s)')
    option('--out', type=Path, required=True, help='new dataset; a stopped run goes on there')


def run(args: argparse.Namespace) -> int:
    """Renders and prints the totals."""
    from frs_ros.datasets.collector import render_again, settings_of
    from frs_ros.policies.images import CAMERAS
    from frs_ros.sim import assets

    if args.workers < 1:
        raise ConfigError('--workers must be at least 1')
    if args.out.resolve() == args.data.resolve():
        raise ConfigError('--out must be another folder than --data')
    assets.resolve(args.assets, settings_of(args.data).suite)
    with locked(args.out):
        totals = render_again(args.data, args.out, args.assets, CAMERAS, args.workers)
    print(f'{totals["successes"]} episodes, {totals["frames"]} frames rendered in {args.out}')
    return 0
