# SPDX-License-Identifier: Apache-2.0
"""`frs doctor` as a user calls it."""

from __future__ import annotations

import json

import pytest

from frs_ros import cli
from frs_ros.doctor.finding import CELL, PARTS, SIMULATOR


@pytest.fixture
def doctor(machine, monkeypatch, capsys):
    """Runs `frs doctor` on the fake machine; returns exit status, stdout and stderr."""
    monkeypatch.setattr('frs_ros.doctor.system.LocalSystem', lambda: machine)

    def run(*words):
        status = cli.main(['doctor', *map(str, words)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def ordinary_kernel(machine):
    del machine.texts['/sys/kernel/realtime']


def test_good_machine(doctor):
    status, out, err = doctor()
    assert (status, err) == (0, '')
    assert out.splitlines()[-1].endswith('nothing in the way of the simulator')


@pytest.mark.usefixtures('ordinary_kernel')
@pytest.mark.parametrize(
    ('words', 'status', 'level'),
    [
        ([], 0, 'warn'),
        (['--cell'], 1, 'fail'),
        (['--part', 'realtime'], 1, 'fail'),
        (['--part', 'machine,ros', '--part', 'realtime'], 1, 'fail'),
        (['--part', 'machine'], 0, None),
    ],
)
def test_what_counts(doctor, tmp_path, words, status, level):
    file = tmp_path / 'new' / 'doctor.json'
    done, out, _ = doctor(*words, '--json', file)
    record = json.loads(file.read_text())
    levels = {finding['name']: finding['level'] for finding in record['findings']}
    assert done == status
    assert levels.get('kernel') == level
    assert record['ok'] is (status == 0)
    assert set(record) == {'ok', 'judged_for', 'counts', 'findings', 'versions'}
    assert record['judged_for'] in out.splitlines()[-1]


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['--part', 'arms'], "unknown part 'arms'; choose one of: arm,"),
        (['--part', ','], '--part names no part'),
        (['--cell', '--part', 'arm'], 'not allowed with'),
    ],
)
def test_wrong_options_are_one_line(doctor, words, line):
    status, out, err = doctor(*words)
    assert (status, out) == (2, '')
    assert line in err
    assert err.count('\n') == 1


def test_file_that_cannot_be_written_is_one_line(doctor, tmp_path):
    (tmp_path / 'file').write_text('')
    status, _, err = doctor('--part', 'machine', '--json', tmp_path / 'file' / 'x.json')
    assert status == 2
    assert err.startswith('frs: error: ')
    assert err.count('\n') == 1


def test_this_machine_whatever_it_lacks(capsys):
    """All real probes: missing hardware and libraries are findings, nothing breaks or hangs."""
    status = cli.main(['doctor'])
    out, err = capsys.readouterr()
    assert status in (0, 1)
    assert err == ''
    assert 'the check broke' not in out
    assert 'Traceback' not in out
    assert '\x1b' not in out


def test_page_names_the_parts_that_count(repository):
    lines = (repository.root / 'docs' / 'robot.md').read_text().splitlines()
    for row, who in (('| `frs doctor` |', SIMULATOR), ('| `--cell` |', CELL)):
        parts = ', '.join(name for name, (_, needs) in PARTS.items() if who in needs)
        assert parts in next(line for line in lines if line.startswith(row))
