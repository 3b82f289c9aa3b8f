# SPDX-License-Identifier: Apache-2.0
"""A terminal that gives single keys at once, and is left as it was found."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import termios
import tty
from collections.abc import Iterator

from frs_ros.errors import ConfigError

# Cursor and function keys arrive as sequences whose last letter must not count as that key.
_ESCAPE = re.compile(r'\x1b(\[[0-9;]*[A-Za-z~]|O.|.)?')
_CLEAR_LINE = '\r\x1b[K'


class Terminal:
    """Keys in, one status line out; made by `open_terminal`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._status = ''

    def keys(self) -> str:
        """Characters typed since the last call, without waiting; EOFError once it is closed."""
        if not select.select([self._descriptor], [], [], 0.0)[0]:
            return ''
        try:
            data = os.read(self._descriptor, 1024)
        except OSError:
            data = b''
        if not data:
            raise EOFError
        return _ESCAPE.sub('', data.decode(errors='ignore'))

    def show(self, status: str) -> None:
        """Replaces the status line, if it has changed."""
        if status != self._status:
            self._status = status
            sys.stdout.write(_CLEAR_LINE + status)
            sys.stdout.flush()


@contextlib.contextmanager
def open_terminal(command: str) -> Iterator[Terminal]:
    """Switches stdin to single keys without echo; Ctrl-C keeps its meaning.

    The former settings are restored on every way out.

    Args:
        command: How to start the program in a terminal, for the error.

    Raises:
        ConfigError: If stdin is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigError(f'the keyboard needs a terminal; run in one of its own: {command}')
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield Terminal(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        sys.stdout.write('\n')
        sys.stdout.flush()
