# SPDX-License-Identifier: Apache-2.0
"""Where LIBERO's meshes, scenes and textures come from: `auto | stock | standin | PATH`."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from frs_ros.errors import AssetError
from frs_ros.sim.standin import pack
from frs_ros.sim.suites import configure, libero_folder

log = logging.getLogger(__name__)

_NEEDED = ('scenes', 'textures', 'stable_hope_objects', 'stable_scanned_objects')


@dataclass(frozen=True)
class Assets:
    """A complete asset folder.

    Attributes:
        kind: 'stock', 'standin' or 'path'; results must name it.
        folder: Where it is.
    """

    kind: str
    folder: Path

    @property
    def choice(self) -> str:
        """What finds these very assets again: for results, and for other processes."""
        return str(self.folder) if self.kind == 'path' else self.kind


def resolve(choice: str, suite: str) -> Assets:
    """Finds the assets a user asks for.

    Args:
        choice: 'stock' (LIBERO's own, downloaded by hf-libero at first use), 'standin' (our
            primitives, for the suites of `standin.pack`), 'auto' (stock if they are there or can
            be downloaded, else standin), or a folder.
        suite: The suite they are for.

    Raises:
        AssetError: The folder is missing or incomplete, or the suite has no stand-in pack.
    """
    if choice == 'standin':
        return _standin(suite)
    if choice == 'stock':
        return Assets('stock', _local_stock() or _download())
    if choice == 'auto':
        return _auto(suite)
    return Assets('path', _checked(Path(choice).expanduser()))


def use(assets: Assets) -> None:
    """Makes the LIBERO of this process load these assets."""
    configure()
    import libero.libero as stock

    stock._assets_path_cache = str(assets.folder)


def _auto(suite: str) -> Assets:
    local = _local_stock()
    if local:
        return Assets('stock', local)
    try:
        return Assets('stock', _download())
    except AssetError as error:
        log.info('%s; using the stand-in pack', error)
        return _standin(suite)


def _standin(suite: str) -> Assets:
    if suite not in pack.SUITES:
        raise AssetError(
            f'no stand-in assets for {suite} (only {", ".join(pack.SUITES)}); '
            'give a folder with LIBERO assets, or stock'
        )
    return Assets('standin', pack.build_pack())


def _local_stock() -> Path | None:
    """The folders in which hf-libero looks before it downloads."""
    for folder in (libero_folder() / 'assets', Path.home() / '.cache' / 'libero' / 'assets'):
        if all((folder / part).is_dir() for part in _NEEDED):
            return folder
    return None


def _download() -> Path:
    configure()
    if os.environ.get('HF_HUB_OFFLINE') == '1':
        raise AssetError('stock LIBERO assets are not on this machine and HF_HUB_OFFLINE is set')
    try:
        from libero.libero.utils.download_utils import download_assets_from_huggingface

        return _checked(Path(download_assets_from_huggingface()))
    except ImportError as error:
        raise AssetError(
            'stock LIBERO assets are not on this machine; to download them: '
            'pip install huggingface_hub'
        ) from error
    except AssetError:
        raise
    except Exception as error:  # the hub library raises dozens of unrelated types
        raise AssetError(f'stock LIBERO assets could not be downloaded: {error}') from error


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise AssetError(f'assets folder {folder} does not exist')
    missing = [part for part in _NEEDED if not (folder / part).is_dir()]
    if missing:
        raise AssetError(f'assets folder {folder} has no {", ".join(missing)} inside')
    return folder.resolve()
