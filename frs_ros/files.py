# SPDX-License-Identifier: Apache-2.0
"""Files written whole or not at all; the only place that replaces a file of the user."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from frs_ros.errors import DataError


def write_atomically(path: str | Path, data: bytes | str) -> None:
    """Replaces a file in one step: readers see the old content or the new one, never a part.

    The folder is made if it is missing. A file that already has this content is left alone. The
    name of the temporary file cannot be foreseen, and nothing stays behind after an error.

    Args:
        path: File to write.
        data: Its new content; text is written as UTF-8 whatever the locale.

    Raises:
        OSError: It cannot be written (full disk, no permission); the old file is as it was.
    """
    path = Path(path)
    content = data.encode('utf-8') if isinstance(data, str) else data
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name[:32]}.{secrets.token_hex(8)}')
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink()
        raise


@contextlib.contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """A new folder that appears whole or not at all: files go into the one that this yields.

    That is a sibling with a name of its own. It takes the place of `folder` at the end, and is
    removed after an error; of a process that was killed it is left, and is in nobody's way.

    Args:
        folder: Folder to make; nothing, or an empty folder, may be there.

    Raises:
        DataError: There is something in the folder already.
        OSError: It cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f'{folder} exists; name a new folder or remove it')
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.absolute()
    unfinished = path.with_name(f'.{path.name[:32]}.{secrets.token_hex(8)}')
    unfinished.mkdir()
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
