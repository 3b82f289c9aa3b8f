# SPDX-License-Identifier: Apache-2.0
"""Files written whole or not at all; the only place that replaces a file of the user."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

# What a disk, a folder or a permission answers, as opposed to a fault of the program.
REFUSALS = frozenset(
    getattr(errno, name)
    for name in (
        'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'ENOENT', 'EEXIST',
        'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'ENAMETOOLONG', 'ELOOP', 'EBUSY', 'ETXTBSY', 'EXDEV',
        'EMFILE', 'ENFILE', 'ENODEV', 'ENXIO', 'ESTALE', 'EREMOTEIO', 'EMEDIUMTYPE', 'ENOLCK',
        'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'EOPNOTSUPP',
    )
)  # fmt: skip


def refusal(error: OSError) -> str:
    """One line about a file that cannot be used; '' where the error is of another sort.

    Libraries do not always name the file: then the line begins with what was tried.
    """
    if isinstance(error, (ConnectionError, TimeoutError)) and error.filename is None:
        return ''
    if error.filename is None and error.errno not in REFUSALS:
        return ''
    reason = error.strerror or str(error)
    if error.errno in REFUSALS:  # of pyarrow and others, strerror holds sentences
        reason = os.strerror(error.errno)
    if error.filename is None:
        return f'cannot read or write a file: {reason}'
    return f"cannot use '{os.fsdecode(error.filename)}': {reason}"


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it; OSError that names what stands in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        code = errno.ENOTDIR
        raise NotADirectoryError(code, os.strerror(code), error.filename) from error


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields the name of a new file beside `path`, which takes its place at the end.

    For what is written by a library: readers see the old content or the new one, never a part.
    The folder is made if it is missing. The name cannot be foreseen and has the same ending;
    nothing stays behind after an error.

    Raises:
        OSError: It cannot be written; `filename` is then `path`, the old file is as it was.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))  # a link stays one
    temporary = target.with_name(f'.{target.stem[:32]}.{secrets.token_hex(8)}{target.suffix}')
    try:
        if target.exists() and not target.is_file():
            code = errno.EISDIR if target.is_dir() else errno.EEXIST
            raise OSError(code, os.strerror(code), str(path))
        make_folder(target.parent)
        yield temporary
        with temporary.open('rb') as file:
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise


def write_atomically(path: str | Path, data: bytes | str) -> None:
    """Replaces a file in one step: readers see the old content or the new one, never a part.

    As `replacing`; a file that already has this content is left alone. Devices and pipes, such as
    `/dev/stdout`, are written to.

    Args:
        path: File to write.
        data: Its new content; text is written as UTF-8 whatever the locale.

    Raises:
        OSError: It cannot be written (full disk, no permission); the old file is as it was.
    """
    path = Path(path)
    content = data.encode('utf-8') if isinstance(data, str) else data
    if _is_stream(path):
        path.write_bytes(content)
        return
    with contextlib.suppress(OSError):
        if path.is_file() and path.read_bytes() == content:
            return
    with replacing(path) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(handle, 'wb') as file:
            file.write(content)


def _is_stream(path: Path) -> bool:
    """Whether a name stands for a device or pipe that must not be replaced."""
    try:
        special = path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False
    return (
        special
        or path.is_relative_to('/dev/fd')
        or path in (Path('/dev/stdout'), Path('/dev/stderr'))
    )


def append_line(path: str | Path, line: str) -> None:
    """Adds a line to a file in UTF-8; on the disk when this returns, and never a part of it.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    content = (line + '\n').encode('utf-8')
    try:
        with Path(path).open('ab', buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                written = 0
                while written < len(content):
                    written += file.write(content[written:])
                os.fsync(file.fileno())
            except BaseException as error:
                # a line that Ctrl-C has met on its way to the disk is whole, and stays
                if isinstance(error, OSError) or written < len(content):
                    file.truncate(before)
                raise
    except OSError as error:
        error.filename = str(path)
        raise
