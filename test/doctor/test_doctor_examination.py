# SPDX-License-Identifier: Apache-2.0
"""Bounded, truthful, and judged by what is asked for; probes and the local machine for real."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from frs_ros.doctor import examination
from frs_ros.doctor.examination import CHECKS, examine
from frs_ros.doctor.finding import CELL, PARTS, SIMULATOR, Finding, Level, Options, Part
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.report import block, summary, to_json
from frs_ros.doctor.system import LocalSystem, Output

PART = Part('arm')


@pytest.fixture
def check(monkeypatch):
    """Makes a function the only check of part 'arm'."""
    return lambda function: monkeypatch.setitem(examination.CHECKS, 'arm', (function,))


def test_every_part_has_checks():
    assert set(CHECKS) == set(PARTS)
    assert all(CHECKS.values())


def test_error_inside_a_check_is_a_finding_and_what_came_before_is_kept(check, findings):
    def broken(system, options):
        yield PART.ok('first', 'fine')
        raise KeyError('one\nline')

    check(broken)
    found = findings('arm', needed=())
    assert found['first'].level is Level.OK
    assert found['broken'].level is Level.FAIL  # never a mere warning
    assert found['broken'].what == "the check broke: KeyError: 'one\\nline'"
    assert 'report it' in found['broken'].fix


def test_check_that_hangs_is_given_up(check, findings):
    end = threading.Event()

    def hanging(system, options):
        yield PART.ok('first', 'fine')
        end.wait(60.0)

    check(hanging)
    start = time.monotonic()
    found = findings('arm', limit=0.05)
    assert time.monotonic() - start < 10.0
    end.set()
    assert found['first'].level is Level.OK
    assert (found['hanging'].level, found['hanging'].what) == (
        Level.FAIL,
        'no answer within 0.05 s',
    )


def test_what_is_not_needed_only_warns(machine, findings):
    machine.texts.pop('/sys/kernel/realtime')
    for who, level in ((CELL, Level.FAIL), (SIMULATOR, Level.WARN)):
        needed = [name for name, (_, needs) in PARTS.items() if who in needs]
        assert findings('realtime', needed=needed)['kernel'].level is level


def test_parts_come_in_order_and_only_those_asked_for(machine):
    found = examine(machine, Options(), ['guidance', 'machine'], [])
    assert [part for part, _ in found] == ['machine', 'guidance']


def test_bare_machine_fails_without_a_broken_check_and_every_complaint_has_a_mend(machine):
    """Nothing installed, nothing plugged in, nothing readable."""
    for name in machine.answers:
        machine.answers[name] = {'error': f"No module named '{name}'", 'missing': name}
    machine.answers['modules'] = Output(1, err='ModuleNotFoundError: no frs_ros')
    machine.limits = {'rtprio': 0, 'memlock': 0}
    for held in (machine.texts, machine.versions, machine.contents, machine.commands):
        held.clear()
    for held in (machine.libraries, machine.members, machine.space, machine.environment):
        held.clear()
    machine.uname = ('', '')
    groups = examine(machine, Options('10.0.0.2'), tuple(PARTS), tuple(PARTS))
    found = [finding for _, group in groups for finding in group]
    assert not [finding for finding in found if 'broke' in finding.what]
    complaints = [finding for finding in found if finding.level in (Level.WARN, Level.FAIL)]
    assert [finding for finding in complaints if not finding.fix] == []
    failed = {finding.part for finding in found if finding.level is Level.FAIL}
    assert failed == set(PARTS) - {'machine'}
    claims = {finding.name for finding in found if finding.level is Level.OK}
    assert claims == {
        'interpreter',
        'domain',
        'discovery range',
        'locale',
    }  # what needs no library


# ---- the table and the record -------------------------------------------------------------------

FINDINGS = [
    PART.ok('franky', '2.0.0'),
    PART.warn('robot', 'long ' * 30, 'fix ' * 30),
    PART.fail('kernel', 'ordinary', 'another one'),
]


@pytest.mark.parametrize('width', [20, 80, 120])
def test_table_is_aligned_and_fits(width):
    lines = block('arm', FINDINGS, colour=False, width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 60)
    assert lines[1] == '  ok    franky             2.0.0'
    starts = {line.index(word) for line in lines for word in ('long', 'fix') if word in line}
    assert starts == {27, 30}
    assert '                           -> another one' in lines


def test_colours_change_nothing_else():
    plain = block('arm', FINDINGS, colour=False, width=80)
    painted = block('arm', FINDINGS, colour=True, width=80)
    assert '\x1b' not in plain
    assert painted != plain
    assert re.sub(r'\x1b\[[\d;]*m', '', painted) == plain


def test_summary_counts():
    assert summary(FINDINGS, 'X', colour=False) == '1 ok, 1 warn, 1 fail, 0 skip: not ready for X'
    assert summary([], 'X', colour=False).endswith('nothing in the way of X')


def test_record():
    record = to_json(FINDINGS, 'the cell', {'frs_ros': '1'})
    assert record['ok'] is False
    assert record['counts'] == {'ok': 1, 'warn': 1, 'fail': 1, 'skip': 0}
    assert record['findings'][2] == {
        'part': 'arm',
        'name': 'kernel',
        'level': 'fail',
        'what': 'ordinary',
        'fix': 'another one',
        'mend': 'another one',
    }


# ---- the real machine and real probes -----------------------------------------------------------


def test_probe_of_real_modules_separates_what_is_there():
    found = probe(LocalSystem(), 'modules', 'json', 'no_such_module_at_all')
    assert isinstance(found['json'], str)
    assert 'no_such_module_at_all' in found['no_such_module_at_all']['error']


def test_probe_that_does_not_exist_is_one_line():
    with pytest.raises(ProbeFailed, match='no_such_probe'):
        probe(LocalSystem(), 'no_such_probe')


@pytest.mark.parametrize(
    ('output', 'line'),
    [
        (Output(-11), r'crashed \(signal 11\)'),
        (Output(1, err='Traceback\nValueError: x'), 'ValueError: x'),
        (Output(3), 'exit status 3'),
        (Output(None, err='no end within 1 s'), 'no end within 1 s'),
    ],
)
def test_child_without_a_result_is_one_line(machine, output, line):
    machine.answers['torch'] = output
    with pytest.raises(ProbeFailed, match=line):
        probe(machine, 'torch')


def test_command_that_runs_on_is_killed_with_its_children(tmp_path, wait_for):
    file = tmp_path / 'child'
    start = time.monotonic()
    command = ['sh', '-c', f'sleep 60 & echo $! > {file}; wait']
    output = LocalSystem().run(command, 1.0)
    assert (output.status, output.err) == (None, 'no end within 1 s')
    assert time.monotonic() - start < 10.0
    status = Path(f'/proc/{file.read_text().strip()}/status')
    wait_for(lambda: not status.exists() or 'Z (zombie)' in status.read_text(), what='its end')


def test_command_that_is_not_there_is_one_line():
    output = LocalSystem().run(['frs-no-such-program'], 1.0)
    assert (output.status, output.err) == (
        None,
        'frs-no-such-program: No such file or directory',
    )


def test_local_machine_answers_everything(tmp_path):
    system = LocalSystem()
    file = tmp_path / 'file'
    file.write_text('text\n')
    assert system.read(str(file)) == 'text'
    assert system.read(str(tmp_path / 'none')) is None
    assert system.find(str(tmp_path / '*')) == [str(file)]
    assert system.accessible(str(file))
    assert system.version('no-such-distribution') is None
    assert system.files('no-such-distribution') == []
    assert system.library('c')
    assert not system.library('no_such_library')
    assert system.free(str(tmp_path)) > 0
    assert system.free(str(tmp_path / 'none')) is None
    assert isinstance(system.limit('rtprio'), int)
    assert all(system.kernel())
    assert system.groups() is not None


def test_finding_is_frozen():
    with pytest.raises(AttributeError):
        Finding('arm', 'x', Level.OK, '').level = Level.FAIL
