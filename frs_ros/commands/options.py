# SPDX-License-Identifier: Apache-2.0
"""What several commands share: options, version, the command as written, progress over bytes."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import platform
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


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


def command_line(
    words: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    args: argparse.Namespace,
    omit: Sequence[str] = (),
) -> str:
    """`frs WORDS` with every option that is not at its default.

    Args:
        words: Of the command, such as 'eval'.
        add_arguments: Declares its options.
        args: What it was called with.
        omit: Names of options on which the result does not depend.
    """
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    parts = ['frs', *words.split()]
    for action in parser._actions:
        value = getattr(args, action.dest, action.default)
        if value == action.default or action.dest in omit:
            continue
        for item in value if isinstance(value, list) else [value]:
            parts += [action.option_strings[0], shlex.quote(str(item))]
    return ' '.join(parts)


def package_version() -> str:
    """Version from package.xml beside the sources or installed, else from pip's metadata."""
    package = Path(__file__).resolve().parents[1]
    manifests = [package.parent / 'package.xml']
    manifests += [parent / 'share' / 'frs_ros' / 'package.xml' for parent in package.parents]
    for manifest in manifests:
        if manifest.is_file():
            found = re.search(r'<version>\s*([^<\s]+)\s*</version>', manifest.read_text('utf-8'))
            if found:
                return found.group(1)
    try:
        return importlib.metadata.version('frs_ros')
    except importlib.metadata.PackageNotFoundError:
        return 'unknown'


def software_versions(*packages: str) -> dict[str, str]:
    """Versions of frs_ros, Python and the named PyPI packages that are installed."""
    versions = {'frs_ros': package_version(), 'python': platform.python_version()}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@contextlib.contextmanager
def byte_bar(total: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar on a terminal; the value is called with the bytes done so far.

    Args:
        total: Bytes in all.
    """
    from tqdm import tqdm

    quiet = None if sys.stderr.isatty() else True
    with tqdm(total=total, unit='B', unit_scale=True, leave=False, disable=quiet) as bar:

        def show(position: int) -> None:
            bar.update(position - bar.n)

        yield show
