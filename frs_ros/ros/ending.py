# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM for a node that has something to say before the middleware is gone."""

from __future__ import annotations

import signal
import threading
from typing import Any

from rclpy.signals import (
    SignalHandlerOptions,
    get_current_signal_handlers_options,
    install_signal_handlers,
    uninstall_signal_handlers,
)


class Ending:
    """Holds signals back for a loop that looks at `due` many times a second.

    rclpy's own handlers shut the middleware down at once: an arm that is led by topics could not
    be led to rest any more, nor the end of an episode be told. The loop ends the node by raising
    KeyboardInterrupt. Where rclpy has no handlers (a context of one's own), nothing is held back.

    Attributes:
        due: Whether a signal has come.
    """

    def __init__(self) -> None:
        self.due = False
        self._before: dict[int, Any] = {}
        self._options = SignalHandlerOptions.NO

    def hold(self) -> None:
        """From now on the loop runs."""
        options = get_current_signal_handlers_options()
        main = threading.current_thread() is threading.main_thread()
        if self._before or options == SignalHandlerOptions.NO or not main:
            return
        self._options = options
        uninstall_signal_handlers()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)

    def release(self) -> None:
        """The loop has ended; once a signal has come, further ones do nothing more."""
        if not self._before or self.due:
            return
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
        install_signal_handlers(self._options)

    def _on_signal(self, number: int, frame: object) -> None:
        self.due = True
