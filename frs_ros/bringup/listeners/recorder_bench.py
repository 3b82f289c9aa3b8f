# SPDX-License-Identifier: Apache-2.0
"""Runs a recorder against programs that publish, and measures what it costs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_ros.bringup.supervisor import ENVIRONMENT
from frs_ros.errors import DataError, FrsError
from frs_ros.lifeline import PARENT
from frs_ros.nodes import topics
from frs_ros.program import command

END_LIMIT = 30.0  # s for the recorder to close its bag
SETTLE = 1.0  # s for what is on its way when the last message was acknowledged


class RecorderBenchError(FrsError):
    """The recorder or a program that publishes has failed."""


@dataclass(frozen=True)
class Load:
    """One program that publishes `count` messages on `topic` at `rate` Hz."""

    kind: str
    name: str
    topic: str
    rate: float
    count: int

    @property
    def command(self) -> list[str]:
        """Command line that starts it."""
        words = [self.kind, self.name, str(self.rate), str(self.count)]
        return command('frs_ros.bringup.listeners.bench_load', *words)


def loads(seconds: float) -> list[Load]:
    """Two raw cameras at 30 Hz and an arm at 200 Hz."""
    cameras = [
        Load('camera', name, f'/{topics.raw_image(name)}', 30.0, round(30 * seconds))
        for name in ('left', 'right')
    ]
    return [*cameras, Load('arm', 'arm', f'/{topics.ROBOT_STATE}', 200.0, round(200 * seconds))]


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        bag: The bag.
        seconds: For which was published.
        cpu: Processor time of the recorder meanwhile, s.
        memory: Its largest resident memory, bytes.
    """

    bag: Path
    seconds: float
    cpu: float
    memory: int


def measure(
    programs: Sequence[Load], folder: Path, domain: int, parameters: Mapping[str, str]
) -> Cost:
    """Records what the programs publish into a bag below `folder`.

    Raises:
        RecorderBenchError: A process has failed, with its last words.
        DataError: There is no bag.
    """
    environment = {**ENVIRONMENT, **os.environ, 'ROS_DOMAIN_ID': str(domain)}
    environment |= {'PYTHONUNBUFFERED': '1', PARENT: str(os.getpid())}
    words = command('frs_ros.nodes.recorder_node', '--ros-args')
    for name, value in {'directory': str(folder), 'images': 'raw', **parameters}.items():
        words += ['-p', f'{name}:={value}']
    log = folder / 'recorder.log'
    with (
        log.open('w', encoding='utf-8') as stream,
        _process(words, environment, stream) as recorder,
    ):
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(_process(p.command, environment)) for p in programs]
            seconds, cpu = _run(running, recorder, log)
        memory = _memory(recorder.pid)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(END_LIMIT)
    bags = [path for path in folder.iterdir() if path.is_dir()]
    if len(bags) != 1:
        raise DataError(f'{folder}: {len(bags)} bags instead of one')
    return Cost(bags[0], seconds, cpu, memory)


def _run(
    running: Sequence[subprocess.Popen], recorder: subprocess.Popen, log: Path
) -> tuple[float, float]:
    """Seconds and processor seconds from the word to go to the last message's arrival."""
    for process in running:
        _expect(process, 'ready', recorder, log)
    before, began = _cpu(recorder.pid), time.monotonic()
    for process in running:
        assert process.stdin is not None
        process.stdin.write('go\n')
        process.stdin.flush()
    for process in running:
        _expect(process, 'sent', recorder, log)
    seconds = time.monotonic() - began
    time.sleep(SETTLE)
    return seconds, _cpu(recorder.pid) - before


def _expect(process: subprocess.Popen, word: str, recorder: subprocess.Popen, log: Path) -> None:
    """Waits for a line that begins with the word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if recorder.poll() is not None:
        last = (log.read_text(encoding='utf-8').splitlines() or ['without a word'])[-1]
        raise RecorderBenchError(f'the recorder has failed: {last}')
    if not line.startswith(word):
        raise RecorderBenchError(f'a publisher has failed: {line.strip() or "without a word"}')


@contextlib.contextmanager
def _process(
    words: Sequence[str], environment: Mapping[str, str], log: object = None
) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        words,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=log or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
        errors='replace',
    )
    try:
        yield process
        if log is None:  # a publisher, which ends by itself
            process.wait(END_LIMIT)
    finally:
        process.kill()
        process.wait()


def _cpu(pid: int) -> float:
    """User and system time of a process and its threads so far, s."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def _memory(pid: int) -> int:
    """Largest resident memory of a process, bytes."""
    for line in Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) * 1024
    return 0
