# SPDX-License-Identifier: Apache-2.0
"""The process runner behind `frs up`, with processes of a line or two."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from frs_ros.bringup import supervisor
from frs_ros.bringup.supervisor import Command, Supervisor

SLEEP = 'import time; print("up", flush=True); time.sleep(100)'
STUBBORN = f'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}'


def python(code: str, name: str = 'node', **options) -> Command:
    return Command(name, [sys.executable, '-S', '-c', code], **options)


class Run:
    """A supervisor in the main thread, watched by what it says.

    Attributes:
        seconds: How long it ran, from `then` on if that was called.
    """

    def __init__(self, *commands: Command, when: str = '', then=None, **options) -> None:
        self.lines: list[str] = []
        self._when, self._then = when, then
        self._since = time.monotonic()
        self.code = Supervisor(commands, self._say, os.environ, **options).run()
        self.seconds = time.monotonic() - self._since

    def _say(self, line: str) -> None:
        self.lines.append(line)
        if self._when and self._when in line and self._then:
            then, self._then = self._then, None
            self._since = time.monotonic()
            then()


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT) if threading.current_thread() is (
        threading.main_thread()
    ) else os.kill(os.getpid(), signal.SIGINT)


def test_output_is_prefixed_and_the_regular_end_ends_all():
    run = Run(python(SLEEP, 'a'), python('print("done")', 'b', ends_all=True))
    assert run.code == 0
    assert '[b] done' in run.lines
    assert run.seconds < 5


def test_interrupt_ends_all_even_the_stubborn_within_5_seconds():
    run = Run(python(SLEEP, 'a'), python(STUBBORN, 'b'), when='[b] up', then=interrupt)
    assert run.code == 0
    assert '[b] up' in run.lines
    assert 'b does not end; killing it' in run.lines
    assert 'a does not end; killing it' not in run.lines
    assert run.seconds < 5


WORKS_AT_ITS_END = (
    """
import signal, sys, time
def end(*_):
    finish = time.monotonic() + 1.0
    while time.monotonic() < finish:
        pass
    print("ended", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
"""
    + SLEEP
)


def test_one_that_works_on_its_end_is_given_time(monkeypatch):
    """On a busy machine the half second that a node computes at its end takes ten."""
    monkeypatch.setattr(supervisor, 'IDLE', 0.4)
    run = Run(python(WORKS_AT_ITS_END, 'a'), when='[a] up', then=interrupt)
    assert run.code == 0
    assert '[a] ended' in run.lines
    assert 'a does not end; killing it' not in run.lines


def test_one_that_works_for_ever_is_killed(monkeypatch):
    works = f'import signal; signal.signal(signal.SIGTERM, lambda *_: busy()); {SLEEP}'
    code = f'def busy():\n    while True: pass\n\n{works}'
    run = Run(python(code, 'a', patience=0.6), when='[a] up', then=interrupt)
    assert run.code == 0
    assert 'a does not end; killing it' in run.lines


def test_text_of_a_node_cannot_steer_the_terminal_or_forge_a_line():
    text = 'x\\x1b[2J\\x1b]0;t\\x07 \\u202e \\u00f6'
    code = f'import sys; sys.stdout.reconfigure(encoding="utf-8"); print("{text}")'
    run = Run(python(code, ends_all=True))
    (line,) = run.lines
    assert line == '[node] x\\x1b[2J\\x1b]0;t\\x07 \\u202e ö'


def test_children_of_a_node_end_with_it(tmp_path: Path):
    file = tmp_path / 'pid'
    code = (
        'import subprocess, sys, time\n'
        f'child = subprocess.Popen([sys.executable, "-S", "-c", {SLEEP!r}])\n'
        f'open({str(file)!r}, "w").write(str(child.pid))\n'
        'print("ready", flush=True); time.sleep(100)'
    )
    Run(python(code), when='ready', then=interrupt)
    with pytest.raises(ProcessLookupError):
        wait_until_gone(int(file.read_text()))


def wait_until_gone(pid: int) -> None:
    for _ in range(500):
        os.kill(pid, 0)
        if Path(f'/proc/{pid}/stat').read_text().split()[2] == 'Z':
            raise ProcessLookupError  # nobody reaps orphans in some containers
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    ('code', 'expected'),
    [('raise SystemExit(3)', 3), ('import os; os.kill(os.getpid(), 9)', 137)],
)
def test_failure_ends_all_with_its_exit_code(code, expected):
    run = Run(python(SLEEP, 'a'), python(code, 'b'))
    assert run.code == expected
    assert any(line.startswith('b: ') and 'stopping the others' in line for line in run.lines)


def test_keep_going():
    run = Run(
        python('raise SystemExit(3)', 'a'),
        python(SLEEP, 'b'),
        when='the others go on',
        then=interrupt,
        keep_going=True,
    )
    assert run.code == 0
    assert 'stopping' in run.lines


def test_respawn_after_a_crash_but_not_after_wrong_parameters(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, 'RESTART_DELAY', 0.0)
    marks = tmp_path / 'marks'
    code = (
        f'import os, sys; f = open({str(marks)!r}, "a"); f.write("x"); f.close()\n'
        f'n = len(open({str(marks)!r}).read())\n'
        'os.kill(os.getpid(), 9) if n < 3 else sys.exit(2)'
    )
    run = Run(python(code, respawn=True))
    assert marks.read_text() == 'xxx'
    assert run.code == 2


def test_gives_up_after_many_crashes(monkeypatch):
    monkeypatch.setattr(supervisor, 'RESTART_DELAY', 0.0)
    run = Run(python('raise SystemExit(1)', respawn=True))
    assert run.code == 1
    assert sum('starting it again' in line for line in run.lines) == supervisor.MAX_RESTARTS


ENDS_SLOWLY = (
    """
import signal, sys, time
def end(*_):
    time.sleep(0.3)
    print("ended", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
"""
    + SLEEP
)
SAYS_WHEN_IT_ENDS = (
    """
import signal, sys
def end(*_):
    print("asked to end", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
"""
    + SLEEP
)


def test_one_that_outlives_the_others_is_ended_after_them():
    run = Run(
        python(SAYS_WHEN_IT_ENDS, 'arm', outlives=True),
        python(ENDS_SLOWLY, 'controller'),
        when='[controller] up',
        then=interrupt,
    )
    assert run.code == 0
    assert run.lines.index('[controller] ended') < run.lines.index('[arm] asked to end')


def test_it_can_be_finished_from_outside():
    supervised = Supervisor([python(SLEEP, 'a')], lambda line: supervised.finish(), os.environ)
    assert supervised.run() == 0
    assert not supervised.interrupted


READS_KEYS = """
import sys
print("up", flush=True)
print("key", sys.stdin.read(1), flush=True)
import time
time.sleep(100)
"""
IN_A_TERMINAL = f"""
import os, signal, sys
from frs_ros.bringup.supervisor import Command, Supervisor
def say(line):
    print(line, flush=True)
words = [sys.executable, '-S', '-c', {READS_KEYS!r}]
commands = [Command('keys', words, reads_keys=True)]
sys.exit(Supervisor(commands, say, os.environ).run())
"""


def test_keys_of_the_terminal_reach_who_reads_them():
    """In a terminal of its own; Ctrl-C in it ends both."""
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, '-c', IN_A_TERMINAL])
    said = b''
    try:
        for wanted, then in ((b'[keys] up', b'w\n'), (b'[keys] key w', b'\x03')):
            while wanted not in said:
                assert select.select([terminal], [], [], 20.0)[0], said
                said += os.read(terminal, 4096)
            os.write(terminal, then)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(terminal)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
