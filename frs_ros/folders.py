# SPDX-License-Identifier: Apache-2.0
"""Folders of results: one writer at a time, and new ones that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from frs_ros.errors import DataError
from frs_ros.files import make_folder

LOCK = '.lock'
_MOST_OF_A_NOTE = 500  # characters that are shown of what another process wrote
_WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextlib.contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Keeps the folder of a run that can be gone on with to this process; makes it if missing.

    The lock is the operating system's (flock): it ends with the process, however that ends. On
    Linux it holds between hosts of an NFS share too. Where a file system has none, that is said
    and the run goes on.

    Raises:
        DataError: Another process writes there; it is named.
        OSError: The folder cannot be written.
    """
    folder = Path(folder)
    make_folder(folder)
    with _held(folder / LOCK, folder):
        yield


@contextlib.contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """A new folder that appears whole or not at all: files go into the one that this yields.

    That is `.NAME.unfinished` beside it. It takes the place of `folder` at the end, and is removed
    after an error; that of a process that was killed is removed by the next one.

    Args:
        folder: Folder to make; nothing, or an empty folder, may be there.

    Raises:
        DataError: There is something in the folder already, or another process makes it.
        OSError: It cannot be written.
    """
    folder = Path(folder)
    path = folder.absolute()
    _require_new(folder)
    make_folder(path.parent)
    unfinished = path.with_name(f'.{path.name}.unfinished')
    with _held(path.with_name(f'.{path.name}{LOCK}'), folder) as alone:
        _require_new(folder)
        try:
            if alone and unfinished.exists():
                shutil.rmtree(unfinished)
            unfinished.mkdir()
        except OSError as error:
            error.filename = str(unfinished)
            raise
        try:
            yield unfinished
            os.replace(unfinished, path)
        except BaseException as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            named = str(getattr(error, 'filename', None) or unfinished)
            if isinstance(error, OSError) and named.startswith(str(unfinished)):
                error.filename = str(folder) + named.removeprefix(str(unfinished))
            raise


def _require_new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f'{folder} exists; name a new folder or remove it')


@contextlib.contextmanager
def _held(lock: Path, folder: Path) -> Iterator[bool]:
    """Holds a lock file for `folder`; yields whether the file system has locks."""
    handle = _open_locked(lock, folder)
    try:
        if handle is not None:
            os.ftruncate(handle, 0)
            os.pwrite(handle, _note().encode(), 0)
        yield handle is not None
    finally:
        if handle is not None:
            with contextlib.suppress(OSError):
                lock.unlink()  # before the lock ends: nobody else can have taken it
            os.close(handle)


def _open_locked(lock: Path, folder: Path) -> int | None:
    """Descriptor of the lock file with the lock; None where the file system has none."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(handle, lock):
                return handle
        except BlockingIOError:
            raise DataError(_in_use(handle, folder)) from None
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise
            print(
                f'{folder}: the file system has no locks; see that no other process writes there',
                file=sys.stderr,
            )
            with contextlib.suppress(OSError):
                lock.unlink()
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _same(handle: int, path: Path) -> bool:
    """Whether a file is still the one of this name: its holder removes it at the end."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), found)


def _in_use(handle: int, folder: Path) -> str:
    holder = os.pread(handle, _MOST_OF_A_NOTE, 0).decode(errors='replace').strip()
    os.close(handle)
    holder = ''.join(c if c.isprintable() else ' ' for c in holder)
    return (
        f'{folder} is in use by {holder or "another process"}; wait until it ends, or choose '
        'another --out'
    )


def _note() -> str:
    """Who holds a lock."""
    since = time.strftime('%Y-%m-%d %H:%M:%S %z')
    return f'process {os.getpid()} on {socket.gethostname()} since {since}\n'
