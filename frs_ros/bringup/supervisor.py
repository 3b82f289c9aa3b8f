# SPDX-License-Identifier: Apache-2.0
"""Runs the processes of a graph together, for machines without `ros2 launch`."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_ros.bringup import shared_memory
from frs_ros.bringup.foreground import has_terminal
from frs_ros.lifeline import PARENT
from frs_ros.text import printable

EXIT_CONFIG = 2  # a node with wrong parameters: starting it again would not help
# SIGTERM ends a node as cleanly as SIGINT does. One that neither ends nor works on it is killed
# after IDLE; on a busy machine work takes its time.
IDLE = 2.5  # s
LAST = 1.0  # s for the kernel to end what was killed
LOOK = 0.05  # s between two looks at those that are to end
RESTART_DELAY = 1.0
CTRL_C = 0.2  # s between two deliveries of the same Ctrl-C, at most
MAX_RESTARTS = 5  # within RESTART_WINDOW
RESTART_WINDOW = 60.0  # s; crashes further apart are no crash loop
ENVIRONMENT = {  # unless the user has set these
    # nothing beyond this machine unless asked for
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    # the name of the node stands before every line already
    'RCUTILS_CONSOLE_OUTPUT_FORMAT': '{severity}: {message}',
}


@dataclass(frozen=True)
class Command:
    """A process to run.

    Attributes:
        name: Prefix of its output.
        words: Command line.
        respawn: Start it again after a crash.
        ends_all: Its regular end ends the others too, once no other process of this kind runs.
        outlives: The others need it to end well: it is ended after them.
        reads_keys: It reads the terminal, if we are in the foreground of one.
        patience: Seconds after which it is killed, though it still works on its end.
    """

    name: str
    words: Sequence[str]
    respawn: bool = False
    ends_all: bool = False
    outlives: bool = False
    reads_keys: bool = False
    patience: float = 10.0


class Supervisor:
    """Starts processes, shows their output, ends them all together.

    Args:
        commands: What to run, in the order of starting.
        say: Called with each line to show, from several threads.
        environment: Of the processes.
        keep_going: Whether the others go on when one fails.

    Attributes:
        interrupted: Whether a signal ended the run.
        failed: Name of the process whose failure ended the run; '' if none.
    """

    def __init__(
        self,
        commands: Iterable[Command],
        say: Callable[[str], None],
        environment: Mapping[str, str],
        *,
        keep_going: bool = False,
    ) -> None:
        self._commands, self._say, self._keep_going = list(commands), say, keep_going
        own = {'PYTHONUNBUFFERED': '1', PARENT: str(os.getpid())}
        self._environment = {**environment, **own}
        # (command, process) that ended, or None for a signal; SimpleQueue may be used in handlers
        self._events: queue.SimpleQueue[tuple[Command, subprocess.Popen] | None]
        self._events = queue.SimpleQueue()
        self._running: dict[str, subprocess.Popen] = {}
        self._in_foreground: set[int] = set()  # process ids
        self._readers: list[threading.Thread] = []
        self._restarts: list[float] = []
        self.interrupted = False
        self.failed = ''

    def finish(self) -> None:
        """Ends the run as if all had ended by themselves; may be called from any thread."""
        self._events.put(None)

    def run(self) -> int:
        """Runs until a signal, the regular end or a failure.

        Returns:
            0 after Ctrl-C, SIGTERM or the regular end, else the exit code of the process that
            failed (128 + n if signal n killed it).
        """
        with self._signals():
            try:
                for command in self._commands:
                    self._start(command)
                return self._watch()
            finally:
                self._stop()

    def _watch(self) -> int:
        code = 0
        while self._running:
            event = self._events.get()
            if event is not None and event[1].pid in self._in_foreground:
                time.sleep(CTRL_C)  # it may have ended by the Ctrl-C that we get, too
            if event is None or self.interrupted:
                self._say('stopping')
                return 0
            command, process = event
            del self._running[command.name]
            status = process.returncode
            code = status if status >= 0 else 128 - status
            if status == 0 and command.ends_all:
                if not any(c.ends_all for c in self._commands if c.name in self._running):
                    return 0
                continue
            how = f'killed by signal {-status}' if status < 0 else f'ended with exit code {status}'
            if self._again(command, status):
                self._say(f'{command.name}: {how}; starting it again')
                time.sleep(RESTART_DELAY)
                self._start(command)
            elif not self._keep_going:
                self._say(f'{command.name}: {how}; stopping the others')
                self.failed = command.name
                return code
            else:
                self._say(f'{command.name}: {how}; the others go on')
        return code

    def _again(self, command: Command, status: int) -> bool:
        if not command.respawn or status in (0, EXIT_CONFIG):
            return False
        now = time.monotonic()
        self._restarts = [t for t in self._restarts if now - t < RESTART_WINDOW] + [now]
        return len(self._restarts) <= MAX_RESTARTS

    def _start(self, command: Command) -> None:
        keys = command.reads_keys and has_terminal()
        # Ctrl-C of the terminal is not to hit the start of Python, see `program.run`
        held = {signal.SIGINT} if keys else set()
        signal.pthread_sigmask(signal.SIG_BLOCK, held)
        try:
            process = self._popen(command, keys)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
        self._running[command.name] = process
        if keys:
            self._in_foreground.add(process.pid)
        reader = threading.Thread(target=self._read, args=(command, process), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _popen(self, command: Command, keys: bool) -> subprocess.Popen:
        return subprocess.Popen(
            command.words,
            stdin=None if keys else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding='utf-8',  # whatever the locale
            errors='replace',
            env=self._environment,
            # a Ctrl-C of the terminal reaches us only: we end the others; but who reads keys must
            # stay in the foreground of the terminal, and gets it too
            start_new_session=not keys,
        )

    def _read(self, command: Command, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._say(f'[{command.name}] {printable(line.rstrip())}')
        process.wait()
        self._events.put((command, process))

    def _stop(self) -> None:
        """Ends every process and what it has started, those that outlive the others last."""
        last = {command.name for command in self._commands if command.outlives}
        for final in (False, True):
            self._end({n: p for n, p in self._running.items() if (n in last) == final})
        for reader in self._readers:
            reader.join(0.5)
        shared_memory.clean()

    def _end(self, processes: Mapping[str, subprocess.Popen]) -> None:
        """Ends these processes and what they have started, in the end by force."""
        patience = {command.name: command.patience for command in self._commands}
        waiting = {name: _Patience(p, patience[name]) for name, p in processes.items()}
        for process in processes.values():
            self._signal(process, signal.SIGTERM)
        while waiting:
            for name, one in list(waiting.items()):
                if one.process.poll() is None and not one.over():
                    continue
                if one.process.poll() is None:
                    self._say(f'{name} does not end; killing it')
                self._signal(one.process, signal.SIGKILL)  # and what it leaves behind
                del waiting[name]
            time.sleep(LOOK if waiting else 0.0)
        for process in processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LAST)

    def _signal(self, process: subprocess.Popen, number: int) -> None:
        """Sends a signal to a process and to what it has started."""
        with contextlib.suppress(ProcessLookupError):
            if process.pid in self._in_foreground:
                process.send_signal(number)
            else:
                os.killpg(process.pid, number)

    def _interrupt(self, *_: object) -> None:
        self.interrupted = True
        self._events.put(None)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {n: signal.signal(n, self._interrupt) for n in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Patience:
    """How long a process that was told to end is waited for.

    Args:
        process: The process.
        longest: Seconds for which one that works is waited for.
    """

    def __init__(self, process: subprocess.Popen, longest: float) -> None:
        self.process = process
        self._end = time.monotonic() + longest
        self._idle_since, self._work = time.monotonic(), self._worked()

    def over(self) -> bool:
        """Whether it has done nothing for a while, or works for too long."""
        now, work = time.monotonic(), self._worked()
        if work != self._work:
            self._idle_since, self._work = now, work
        return now > min(self._idle_since + IDLE, self._end)

    def _worked(self) -> object:
        """Changes while it gets processor time, or waits for a disk or a processor."""
        try:
            stat = Path(f'/proc/{self.process.pid}/stat').read_text(encoding='utf-8')
        except OSError:  # no Linux, or it has ended
            return None
        fields = stat.rpartition(')')[2].split()
        return time.monotonic() if fields[0] in 'DR' else (fields[11], fields[12])
