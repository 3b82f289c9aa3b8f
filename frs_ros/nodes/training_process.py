# SPDX-License-Identifier: Apache-2.0
"""A training as a process of its own, which gives way to everything else."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from collections import deque
from pathlib import Path

from frs_ros.program import command

CHECKPOINT = 'dsbc.safetensors'
KEPT_LINES = 20
STOP_TIMEOUT = 2.0  # s


class TrainingProcess:
    """Runs `frs train dsbc`.

    Args:
        data: Dataset.
        out: Folder for the results.
        options: Further words of the command line.
        nice: How much it gives way to others, 0 to 19.

    Attributes:
        out: As given.
    """

    def __init__(self, data: Path, out: Path, options: str, nice: int) -> None:
        self.out = out
        words = ['train', 'dsbc', '--data', str(data), '--out', str(out), *shlex.split(options)]
        environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = subprocess.Popen(
            ['nice', '-n', str(nice), *command('frs_ros.cli', *words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the node, which ends it
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def checkpoint(self) -> Path:
        """What it makes."""
        return self.out / CHECKPOINT

    @property
    def result(self) -> int | None:
        """Exit code; None while it runs."""
        if self._reader.is_alive():
            return None
        return self._process.wait()

    @property
    def line(self) -> str:
        """What it has said last."""
        return self._lines[-1] if self._lines else ''

    @property
    def lines(self) -> list[str]:
        """The last lines."""
        return list(self._lines)

    def stop(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _read(self) -> None:
        """Keeps what it says; a progress bar ends its lines with a carriage return."""
        stream = self._process.stdout
        assert stream is not None
        rest = b''
        while data := os.read(stream.fileno(), 4096):
            *whole, rest = re.split(rb'[\r\n]', rest + data)
            self._lines.extend(line.decode(errors='replace').strip() for line in whole if line)
        stream.close()
