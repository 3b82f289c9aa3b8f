# SPDX-License-Identifier: Apache-2.0
"""A progress bar over the bytes of files."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


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
