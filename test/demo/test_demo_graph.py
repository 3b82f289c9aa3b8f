# SPDX-License-Identifier: Apache-2.0
"""The whole demonstration through real graphs, short and with a policy that knows nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import cv2
import pytest

from frs_ros.cli import main

pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Path of a checkpoint with random weights."""
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    path = tmp_path_factory.mktemp('checkpoint') / 'random.safetensors'
    return str(save_policy(random_policy(seed=3), path, {}))


@pytest.fixture
def nodes(ros_domain, monkeypatch):
    """Process ids of the nodes that this test has started and that are still there."""
    mark = f'FRS_ROS_TEST={uuid.uuid4()}'
    monkeypatch.setenv(*mark.split('='))
    return lambda: run_of('frs_ros.nodes', mark)


def test_demo_makes_what_it_says(nodes, checkpoint, tmp_path, capsys):
    words = ['demo', '--checkpoint', checkpoint, '--task', '7', '--trials', '1']
    assert main([*words, '--max-steps', '7', '--out', str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert 'solved: 0 of 1 unsteered, 0 of 1 steered; steering did not help' in printed
    for name in ('demo.mp4', 'demo.png', 'demo.json'):
        assert str(tmp_path / name) in printed
        assert (tmp_path / name).stat().st_size > 0
    results = json.loads((tmp_path / 'demo.json').read_text())
    assert [(r['method'], r['steps'], r['plans']) for r in results['rows']] == [
        ('base', 7, 2),
        ('frs', 7, 2),
    ]
    video = cv2.VideoCapture(str(tmp_path / 'demo.mp4'))
    # images after steps 0, 2, 4, 6, and 1.5 s of the last one at 20 per second
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 4 + 30
    assert nodes() == []


def test_a_truncated_checkpoint_is_found_before_anything_starts(checkpoint, tmp_path, capsys):
    whole = Path(checkpoint)
    broken = tmp_path / 'broken.safetensors'
    broken.write_bytes(whole.read_bytes()[:1000])
    broken.with_suffix('.json').write_text(whole.with_suffix('.json').read_text())
    out = tmp_path / 'out'
    assert main(['demo', '--checkpoint', str(broken), '--task', '7', '--out', str(out)]) == 2
    error = capsys.readouterr().err.strip()
    assert 'truncated or not a safetensors file' in error
    assert '\n' not in error
    assert not out.exists()


def test_interrupt_leaves_nothing_behind(nodes, checkpoint, tmp_path, wait_for):
    words = [sys.executable, '-m', 'frs_ros.cli', 'demo', '--checkpoint', checkpoint]
    demo = subprocess.Popen(
        [*words, '--task', '7', '--out', str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: len(nodes()) == 5, 30.0, '5 nodes')
        os.kill(demo.pid, signal.SIGINT)
        assert demo.wait(10) == 130
        assert nodes() == []
        assert 'Traceback' not in demo.stderr.read()
    finally:
        demo.kill()
        demo.communicate()


def run_of(module: str, mark: str) -> list[int]:
    """Processes that run a module and have inherited a variable `NAME=value`."""
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{name}/cmdline', 'rb') as file:
                command = file.read().replace(b'\0', b' ').decode(errors='replace')
            with open(f'/proc/{name}/environ', 'rb') as file:
                variables = file.read().split(b'\0')
        except OSError:
            continue  # it has just ended, or is not ours
        if module in command and mark.encode() in variables:
            found.append(int(name))
    return found


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--task', '99'], 'unknown task 99'),
        (['--suite', 'libero_moon'], 'unknown suite'),
        (['--task', '7', '--init', '49', '--trials', '2'], 'beyond the last init state'),
        (['--task', '7', '--trials', '0'], '--trials'),
        (['--task', '7', '--assets', 'nowhere/at/all'], 'nowhere/at/all'),
        (['--checkpoint', 'missing.safetensors'], 'missing.safetensors'),
        (['--task', '7', '--out', '/dev/null/x'], '--out'),
    ],
)
def test_wrong_arguments_are_one_line(words, message, checkpoint, capsys):
    chosen = [] if '--checkpoint' in words else ['--checkpoint', checkpoint]
    assert main(['demo', *chosen, *words]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert '\n' not in error
