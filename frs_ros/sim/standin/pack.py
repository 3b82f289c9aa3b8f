# SPDX-License-Identifier: Apache-2.0
"""The whole pack, and where it is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from frs_ros.files import write_atomically
from frs_ros.sim.cache import cache_dir
from frs_ros.sim.standin import furniture, groceries, scenes, tableware, textures

SUITES = ('libero_spatial', 'libero_object', 'libero_goal')
# Folders that LIBERO expects.
FOLDERS = ('scenes', 'textures', 'stable_hope_objects', 'stable_scanned_objects')


def pack_files() -> dict[str, bytes]:
    """The pack: relative path -> content."""
    xml = {
        path: text
        for part in (groceries, tableware, furniture, scenes)
        for path, text in part.files().items()
    }
    return {path: text.encode() for path, text in xml.items()} | textures.files()


def build_pack() -> Path:
    """Writes the pack into the user's cache, once per version of it, and returns its folder."""
    files = pack_files()
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    folder = cache_dir('standin_assets', digest)
    for path, data in files.items():
        write_atomically(folder / path, data)
    return folder
