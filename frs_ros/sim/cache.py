# SPDX-License-Identifier: Apache-2.0
"""The folder in which generated simulator files are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """`$XDG_CACHE_HOME/frs_ros/...` (or `~/.cache/...`), created if missing."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    folder = Path(base, 'frs_ros', *parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
