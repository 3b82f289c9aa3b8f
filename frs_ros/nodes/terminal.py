# SPDX-License-Identifier: Apache-2.0
"""A terminal that gives single keys at once, and is left as it was found."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from typing import Any

STDIN = 0
CONTROLLING = '/dev/tty'
LINE_PERIOD = 0.2  # s between two lines of status where nothing can be drawn over

# Cursor and function keys arrive as sequences whose last letter must not count as that key.
_ESCAPE = re.compile(r'\x1b(\[[0-9;]*[A-Za-z~]|O.|.)?')
_CLEAR_LINE = '\r\x1b[K'
# Ends of a program before which the settings must be restored; rclpy takes SIGINT and SIGTERM
# over while it runs. Ctrl-C raises KeyboardInterrupt by itself.
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Terminal:
    """Keys in, a status line out; made by `open_terminal`.

    The status is drawn over in place if stdout is the terminal that the keys come from. Where
    stdout is read line by line, as under `ros2 launch`, it is a line of its own for each change.

    Args:
        descriptor: Of the terminal, None if there is none.
        in_place: Whether the status may be drawn over.
        problem: Why there is no terminal, '' if there is one.

    Attributes:
        in_place: As given.
        problem: As given.
    """

    def __init__(self, descriptor: int | None, *, in_place: bool, problem: str = '') -> None:
        self.problem = problem
        self._descriptor, self.in_place = descriptor, in_place
        self._status = ''
        self._shown_at = -LINE_PERIOD

    def keys(self) -> str:
        """Characters typed since the last call, without waiting; EOFError once it is closed."""
        if self._descriptor is None or not select.select([self._descriptor], [], [], 0.0)[0]:
            return ''
        try:
            data = os.read(self._descriptor, 1024)
        except OSError:
            data = b''
        if not data:
            raise EOFError
        return _ESCAPE.sub('', data.decode(errors='ignore'))

    def say(self, text: str) -> None:
        """Prints lines that stay."""
        sys.stdout.write((_CLEAR_LINE if self.in_place else '') + text + '\n')
        if self.in_place:
            sys.stdout.write(self._status)
        sys.stdout.flush()

    def show(self, status: str) -> None:
        """Replaces the status, if it has changed."""
        now = time.monotonic()
        if status == self._status:
            return
        if self.in_place:
            sys.stdout.write(_CLEAR_LINE + status)
        elif now - self._shown_at >= LINE_PERIOD:
            sys.stdout.write(status + '\n')
        else:
            return  # the next call shows what is true then
        sys.stdout.flush()
        self._status, self._shown_at = status, now


@contextlib.contextmanager
def open_terminal() -> Iterator[Terminal]:
    """Switches the terminal to single keys without echo; Ctrl-C keeps its meaning.

    The terminal is stdin, or else the controlling terminal of the process, which children of
    `ros2 launch` have although their stdin is a pipe. The former settings are restored on every
    way out but `kill -9`, and after Ctrl-Z they are switched again.

    Yields:
        The terminal; if there is none, one without keys that says so in `problem`.
    """
    descriptor, problem = _descriptor()
    if descriptor is None:
        yield Terminal(None, in_place=False, problem=problem)
        return
    in_place = descriptor == STDIN and sys.stdout.isatty()
    before = termios.tcgetattr(descriptor)
    with _restoring(descriptor, before):
        try:
            yield Terminal(descriptor, in_place=in_place)
        finally:
            if in_place:
                sys.stdout.write('\n')
                sys.stdout.flush()


@contextlib.contextmanager
def _restoring(descriptor: int, before: list[Any]) -> Iterator[None]:
    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def resume(number: int, frame: object) -> None:
        tty.setcbreak(descriptor)

    handlers = {number: signal.signal(number, end) for number in _ENDS}
    handlers[signal.SIGCONT] = signal.signal(signal.SIGCONT, resume)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        with contextlib.suppress(termios.error):  # it may be gone: a closed window
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if descriptor != STDIN:
            os.close(descriptor)


def _descriptor() -> tuple[int | None, str]:
    """A terminal to read keys from, or None and why there is none."""
    descriptor = STDIN
    if not os.isatty(STDIN):
        try:
            descriptor = os.open(CONTROLLING, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return None, 'there is no terminal here'
    if _in_background(descriptor):
        if descriptor != STDIN:
            os.close(descriptor)
        return None, 'it runs in the background of its terminal'
    return descriptor, ''


def _in_background(descriptor: int) -> bool:
    """Whether the kernel would stop us for touching the terminal."""
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:  # not our controlling terminal: no job control
        return False
