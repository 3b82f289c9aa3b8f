# SPDX-License-Identifier: Apache-2.0
"""Everything that checks may ask a machine, and nothing else: tests put a fake in its place."""

from __future__ import annotations

import contextlib
import ctypes.util
import glob
import grp
import importlib.metadata
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_LIMITS = {'rtprio': resource.RLIMIT_RTPRIO, 'memlock': resource.RLIMIT_MEMLOCK}
_GRACE = 1.0  # s that a killed command has to go; one that hangs in the kernel is left behind


@dataclass(frozen=True)
class Output:
    """What a command printed.

    Attributes:
        status: Exit status; None if it was not there or ran into its time limit.
        out: Standard output.
        err: Standard error, or why there is no status.
    """

    status: int | None
    out: str = ''
    err: str = ''


class System(Protocol):
    """A machine. No call raises, and none takes longer than it was given."""

    environment: Mapping[str, str]
    python: tuple[int, int, int]  # version of this interpreter
    encoding: str  # of names of files and words of command lines

    def read(self, path: str) -> str | None:
        """Content of a file, stripped; None if it cannot be read."""
        ...

    def find(self, pattern: str) -> list[str]:
        """Paths that match a glob pattern, sorted."""
        ...

    def accessible(self, path: str) -> bool:
        """Whether this user may read and write a file."""
        ...

    def run(self, command: Sequence[str], timeout: float) -> Output:
        """Runs a command to its end, for at most `timeout` s."""
        ...

    def version(self, distribution: str) -> str | None:
        """Version of an installed Python distribution."""
        ...

    def files(self, distribution: str) -> list[str]:
        """Paths of the files of an installed Python distribution, relative to its folder."""
        ...

    def library(self, name: str) -> bool:
        """Whether the dynamic linker finds `lib<name>.so`."""
        ...

    def limit(self, name: str) -> int:
        """Soft limit of 'rtprio' or 'memlock' (bytes); -1 for none."""
        ...

    def groups(self) -> set[str]:
        """Groups of this process; 'root' counts the user as well."""
        ...

    def kernel(self) -> tuple[str, str]:
        """Release and version of the kernel, as `uname -r` and `uname -v` say."""
        ...

    def free(self, path: str) -> int | None:
        """Free bytes of the file system of a path that exists."""
        ...


class LocalSystem:
    """The machine this runs on; see `System`."""

    def __init__(self) -> None:
        self.environment: Mapping[str, str] = dict(os.environ)
        self.python = (sys.version_info[0], sys.version_info[1], sys.version_info[2])
        self.encoding = sys.getfilesystemencoding()

    def read(self, path: str) -> str | None:
        """See `System`."""
        try:
            return Path(path).read_text(encoding='utf-8', errors='replace').strip()
        except OSError:
            return None

    def find(self, pattern: str) -> list[str]:
        """See `System`."""
        return sorted(glob.glob(os.path.expanduser(pattern)))

    def accessible(self, path: str) -> bool:
        """See `System`."""
        return os.access(path, os.R_OK | os.W_OK)

    def run(self, command: Sequence[str], timeout: float) -> Output:
        """See `System`."""
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding='utf-8',
                errors='replace',
                start_new_session=True,
            )
        except OSError as error:
            return Output(None, err=f'{command[0]}: {error.strerror}')
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_GRACE)
            return Output(None, err=f'no end within {timeout:.0f} s')
        return Output(process.returncode, out, err)

    def version(self, distribution: str) -> str | None:
        """See `System`."""
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    def files(self, distribution: str) -> list[str]:
        """See `System`."""
        try:
            return [str(path) for path in importlib.metadata.files(distribution) or []]
        except importlib.metadata.PackageNotFoundError:
            return []

    def library(self, name: str) -> bool:
        """See `System`."""
        return ctypes.util.find_library(name) is not None

    def limit(self, name: str) -> int:
        """See `System`."""
        return resource.getrlimit(_LIMITS[name])[0]

    def groups(self) -> set[str]:
        """See `System`."""
        names = set()
        for number in {*os.getgroups(), os.getegid()}:
            with contextlib.suppress(KeyError):
                names.add(grp.getgrgid(number).gr_name)
        return names | ({'root'} if os.geteuid() == 0 else set())

    def kernel(self) -> tuple[str, str]:
        """See `System`."""
        return platform.release(), platform.version()

    def free(self, path: str) -> int | None:
        """See `System`."""
        try:
            return shutil.disk_usage(os.path.expanduser(path)).free
        except OSError:
            return None
