# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, with one wording."""

from __future__ import annotations

import argparse


def add_suite(parser: argparse.ArgumentParser) -> None:
    """`--suite`."""
    parser.add_argument(
        '--suite', default='libero_object', help='LIBERO suite (default: %(default)s)'
    )


def add_assets(parser: argparse.ArgumentParser, default: str = 'standin') -> None:
    """`--assets`."""
    parser.add_argument(
        '--assets',
        default=default,
        help='auto, stock, standin (what the shipped policy was trained with) or a folder '
        '(default: %(default)s)',
    )


def add_checkpoint(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """`--checkpoint`, of one policy or of several training seeds."""
    also = '; several, with commas between, are pooled as training seeds' if several else ''
    parser.add_argument(
        '--checkpoint',
        default='mini',
        help="'mini' (libero_object) or 'mini_libero' (libero_object, _spatial and _goal), which "
        'come with the package, a .safetensors file with its .json '
        f'beside it, or the .yaml of a large policy, see docs/vla.md{also} (default: %(default)s)',
    )


def add_seed(parser: argparse.ArgumentParser, default: int) -> None:
    """`--seed`."""
    parser.add_argument(
        '--seed', type=int, default=default, help='seed of all random draws (default: %(default)s)'
    )
