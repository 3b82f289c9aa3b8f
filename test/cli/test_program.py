# SPDX-License-Identifier: Apache-2.0
"""Programs of the package as processes: which code runs in them, and Ctrl-C from the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from frs_ros.errors import how_to_get
from frs_ros.program import command

# Modules that are imported in every process, early and late.
SHADOWS = ('yaml', 'numpy', 'random', 'types', 'pickle', 'json', 'tempfile', 'frs_ros')
SHADOW = 'import os, sys; open({mark!r}, "a").write(__name__ + str(sys.argv)); os._exit(99)\n'
WITH_WORKERS = """
import functools, operator
from frs_ros.workers import run_jobs
make = functools.partial(functools.partial, operator.add, 1)
print(sorted(run_jobs(make, [1, 2, 3], workers=1, group=int)))
"""


@pytest.fixture
def hostile_folder(tmp_path, monkeypatch):
    """The current folder, full of modules that leave a mark when they are imported."""
    folder, mark = tmp_path / 'here', tmp_path / 'mark'
    folder.mkdir()
    for name in SHADOWS:
        (folder / f'{name}.py').write_text(SHADOW.format(mark=str(mark)))
    monkeypatch.chdir(folder)
    return mark


def done(words, **options):
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, **options)
    return run.returncode, run.stdout + run.stderr


def _command_line(tmp_path):
    return command('frs_ros.cli', '--version'), 0, 'frs '


def _probe(tmp_path):
    return command('frs_ros.doctor.probe', 'modules', 'yaml'), 0, '{"yaml": "'


def _benchmark(tmp_path):
    pytest.importorskip('rclpy')
    from frs_ros.bringup.listeners.recorder_bench import Load

    return Load('camera', 'a', 'a', 1.0, 1).command[:-1], 1, 'not enough values'


def _node(tmp_path):
    pytest.importorskip('rclpy')
    from frs_ros.bringup.graphs import GRAPHS

    processes = GRAPHS['libero'].processes({'oracle_guidance.magnitude': '0.5'})
    (node,) = [p for p in processes if p.row.node == 'oracle_guidance']
    return [*node.command, '-p', 'magnitude:=7'], 2, 'parameter magnitude is 7'


def _workers(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text(WITH_WORKERS)
    return [sys.executable, str(script)], 0, '[2, 3, 4]'


def _installed(tmp_path):
    program = Path(sys.prefix) / 'lib' / 'frs_ros' / 'oracle_guidance'
    if not program.is_file():
        pytest.skip('needs the installed programs')
    return [str(program), '--ros-args', '-p', 'magnitude:=7'], 2, 'parameter magnitude is 7'


STARTERS = (_command_line, _probe, _benchmark, _node, _workers, _installed)


@pytest.mark.parametrize('starter', STARTERS, ids=lambda starter: starter.__name__[1:])
def test_no_code_of_the_current_folder_runs(starter, hostile_folder, tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '66')
    words, code, said = starter(tmp_path)
    status, output = done(words)
    assert not hostile_folder.exists(), hostile_folder.read_text()
    assert said in output
    if starter is not _benchmark:  # which ends with a traceback: only how it starts counts
        assert status == code


def test_a_search_path_that_was_asked_for_is_kept(tmp_path):
    """As PYTHONPATH of a colcon workspace."""
    (tmp_path / 'of_the_workspace.py').write_text('def main():\n    print("found")\n')
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    assert done(command('of_the_workspace'), env=environment) == (0, 'found\n')


SLOW = """
import os, signal, sys, time
print('importing', flush=True)
{at_import}
def main():
    print('main', flush=True)
    {in_main}
"""


@pytest.mark.parametrize('name', ['slow', 'slow_node'])
@pytest.mark.parametrize('when', ['importing', 'main'])
def test_ctrl_c_has_no_traceback_and_one_exit_code(tmp_path, name, when):
    pause = 'time.sleep(60)'
    places = {'at_import': pause if when == 'importing' else '', 'in_main': pause}
    (tmp_path / f'{name}.py').write_text(SLOW.format(**places))
    process = subprocess.Popen(
        command(name),
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != when:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == (0 if name == 'slow_node' else 130)
    assert process.stdout.read() == ''
    process.stdout.close()


@pytest.mark.parametrize('delay', [0.0, 0.02, 0.05, 0.1, 0.2])
def test_ctrl_c_never_hits_the_start_of_python(tmp_path, delay):
    """Installed programs start it with Ctrl-C blocked until there is a handler."""
    program = Path(sys.prefix) / 'lib' / 'frs_ros' / 'oracle_guidance'
    if not program.is_file():
        pytest.skip('needs the installed programs')
    pipe = subprocess.PIPE
    words = [str(program), '--ros-args', '-p', 'magnitude:=7']  # ends by itself, if not before
    with subprocess.Popen(words, stdout=pipe, stderr=subprocess.STDOUT, text=True) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert 'Traceback' not in output
    assert 'KeyboardInterrupt' not in output
    assert process.returncode in (0, -signal.SIGINT)  # which the shell before Python dies of


def test_ros_is_sourced_and_packages_are_installed_outside_our_own_environment(monkeypatch):
    monkeypatch.setattr(sys, 'prefix', '/usr')
    assert how_to_get('rclpy').startswith('source /opt/ros/')
    assert how_to_get('sensor_msgs.msg').startswith('source /opt/ros/')
    assert how_to_get('frs_ros.msg').startswith('colcon build')
    assert 'install torch for' in how_to_get('torch')
    assert 'PyYAML' in how_to_get('yaml')
    assert not any('make setup' in how_to_get(name) for name in ('rclpy', 'torch', 'frs_ros.msg'))
