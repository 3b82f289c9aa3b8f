# SPDX-License-Identifier: Apache-2.0
"""What a recorder says about itself: log lines and /diagnostics."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from frs_ros.bags.write.bag_session import BagSession
from frs_ros.bags.write.recording import RecordingStatus
from frs_ros.ros.diagnostics import Diagnostics

CONCERN = 'recording'
DROPS_CONCERN = 'drops'
WORRY = 10.0  # s for which dropped messages are a warning
MB = 1e6


class RecorderStatus:
    """Publishes how the recording goes.

    Attributes:
        diagnostics: Where it is published.
    """

    def __init__(self, diagnostics: Diagnostics, session: BagSession, logger: Any) -> None:
        """Of a session; `logger` is the node's."""
        self.diagnostics = diagnostics
        self._session, self._logger = session, logger
        self._error = ''
        self._dropped = 0
        self._dropped_at = -WORRY

    def begun(self, folder: Path) -> None:
        """Says that a bag has begun."""
        self._error, self._dropped = '', 0
        self._logger.info(f'recording to {folder}')

    def failed(self, line: str) -> None:
        """Says until the next `begun` that recording has stopped, and why."""
        self._error = line
        self.diagnostics.report(CONCERN, f'recording has stopped: {line}', error=True)

    def publish(self) -> bool:
        """Publishes the state of now; False if recording has to stop."""
        for folder, ended in self._session.finished():
            self._closed(folder, ended)
        status = self._session.status()
        if status is None:
            if self._error:
                self.failed(self._error)
            else:
                self.diagnostics.well(CONCERN, {'state': 'not recording'})
            return True
        line = status.error or self._session.shortage()
        if line:
            self.failed(line)
            return False
        self._drops(status)
        self.diagnostics.well(CONCERN, self._values(status))
        return True

    def _closed(self, folder: Path, status: RecordingStatus) -> None:
        """Says what became of a bag."""
        lost, written = sum(status.dropped.values()), sum(status.written.values())
        self._logger.info(f'closed {folder}: {written} messages, {lost} dropped')
        if status.error and not self._error:
            self.failed(status.error)

    def _drops(self, status: RecordingStatus) -> None:
        total = sum(status.dropped.values())
        if total > self._dropped:
            self._dropped, self._dropped_at = total, time.monotonic()
        if time.monotonic() - self._dropped_at < WORRY:
            line = 'messages are dropped: the disk or this computer is too slow'
            self.diagnostics.report(DROPS_CONCERN, line, values=status.dropped)
        else:
            self.diagnostics.clear(DROPS_CONCERN)

    def _values(self, status: RecordingStatus) -> dict[str, object]:
        return {
            'state': 'recording',
            'bag': self._session.folder,
            'messages': sum(status.written.values()),
            'MB': f'{status.bytes / MB:.1f}',
            'waiting MB': f'{status.queued / MB:.1f}',
            'dropped': sum(status.dropped.values()),
            'free GB': f'{self._session.free():.1f}',
        }
