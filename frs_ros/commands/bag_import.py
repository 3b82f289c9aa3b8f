# SPDX-License-Identifier: Apache-2.0
"""`frs bag import`: demonstrations of other projects."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from frs_ros.errors import ConfigError, DataError

if TYPE_CHECKING:
    from frs_ros.datasets.exchange.imported import Foreign, ImportSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option(
        'path',
        type=Path,
        metavar='PATH',
        help='folder of a LeRobot dataset (v2.1, v3.0), an HDF5 file of LIBERO or robomimic, or a '
        'folder of such files',
    )
    option('--out', type=Path, required=True, help='folder of the new demonstrations')
    option('--instruction', default='', help="in the place of the file's own")
    option(
        '--turn',
        default='auto',
        help="auto: LIBERO's own files are upside down and are turned; 180: turn all; none "
        '(default: %(default)s)',
    )
    option('--cameras', default='', help='such as agentview=observation.images.image,wrist=...')
    option('--json', type=Path, help='write the totals to this file')


def run(args: argparse.Namespace) -> int:
    """Imports and prints the totals."""
    from frs_ros.datasets.exchange.imported import ImportSettings, import_demonstrations, left_out
    from frs_ros.evaluation.report import write_json

    settings = ImportSettings(args.turn, _cameras(args.cameras), args.instruction)
    totals = import_demonstrations(_found(args.path, settings), args.out, args.path, settings)
    said = [f'{totals["episodes"]} demonstrations of {totals["steps"]} steps in {args.out}']
    print('; '.join([*said, *left_out(totals)]))
    if args.json:
        write_json(args.json, dict(totals))
    return 0


def _found(path: Path, settings: ImportSettings) -> Iterator[Foreign]:
    from frs_ros.datasets.exchange.import_hdf5 import read_hdf5
    from frs_ros.datasets.exchange.import_lerobot import read_lerobot

    if not path.exists():
        raise DataError(f'there is no {path}')
    if (path / 'meta' / 'info.json').exists():
        yield from read_lerobot(path, settings)
        return
    inside = path.iterdir() if path.is_dir() else (path,)
    files = sorted(p for p in inside if p.suffix in ('.hdf5', '.h5'))
    if not files:
        raise DataError(f'{path} is neither a LeRobot dataset nor a file or folder of HDF5')
    for file in files:
        yield from read_hdf5(file, settings)


def _cameras(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (p.strip() for p in text.split(','))):
        camera, equals, name = part.partition('=')
        if not equals or not name:
            raise ConfigError(f"--cameras must be as agentview=NAME,wrist=NAME, not '{text}'")
        pairs.append((camera, name))
    return tuple(pairs)
