# SPDX-License-Identifier: Apache-2.0
"""Full disks and folders that cannot be written: one line, exit code 2, nothing half-written."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bag_factory import write_bag

from frs_ros import cli, workers
from frs_ros.datasets import demonstrations
from frs_ros.datasets.exchange.imported import Foreign, to_demonstration
from frs_ros.errors import DataError
from frs_ros.files import refusal
from frs_ros.folders import whole_folder

# Commands one after the other in one process, in which files may have 1000 bytes at most.
PROGRAM = """
import contextlib, io, json, resource, sys
from frs_ros.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for words in json.load(sys.stdin):
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        with contextlib.redirect_stdout(io.StringIO()):
            code = main(words)
    print(json.dumps([code, errors.getvalue()]), file=sys.__stdout__, flush=True)
"""


def write_libero(path: Path) -> None:
    import h5py

    image = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    with h5py.File(path, 'w') as file:
        group = file.create_group('data/demo_0')
        group['actions'] = np.zeros((3, 7))
        group['obs/ee_states'], group['obs/gripper_states'] = np.zeros((3, 6)), np.zeros((3, 2))
        group['obs/agentview_rgb'] = group['obs/eye_in_hand_rgb'] = image


def test_a_full_disk_is_one_line_for_every_command(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag')
    write_libero(tmp_path / 'file.hdf5')
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'old.json').write_text('{}', encoding='utf-8')
    commands = [
        ['bag', 'info', str(bag), '--json', str(out / 'info.json')],
        ['bag', 'info', str(bag), '--json', str(out / 'old.json')],
        ['bag', 'convert', str(bag), '--out', str(out / 'dataset')],
        ['bag', 'export', str(bag), '--out', str(out / 'lerobot')],
        ['bag', 'import', str(tmp_path / 'file.hdf5'), '--out', str(out / 'demos')],
        ['doctor', '--part', 'realtime', '--json', str(out / 'doctor.json')],
    ]
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], input=json.dumps(commands), capture_output=True,
        text=True, timeout=120, check=True,
    )  # fmt: skip
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(ended) == len(commands)
    for words, (code, errors) in zip(commands, ended, strict=True):
        line = errors.splitlines()[-1]  # a progress bar may stand before it
        assert code == 2, (words, errors)
        assert 'Traceback' not in errors
        assert line.startswith("frs: error: cannot use '")
        assert line.endswith('File too large')
        assert words[-1] in line
    assert [file.name for file in out.iterdir()] == ['old.json']
    assert (out / 'old.json').read_text(encoding='utf-8') == '{}'


@pytest.mark.parametrize('command', ['convert', 'export', 'import'])
def test_a_folder_that_cannot_be_made_is_one_line(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'file.hdf5'
    write_libero(file)
    source = file if command == 'import' else write_bag(tmp_path / 'bag')
    for out, reason in ((file / 'below', 'Not a directory'), (tmp_path / ('n' * 300), 'too long')):
        assert cli.main(['bag', command, str(source), '--out', str(out)]) == 2
        line = capfd.readouterr().err.splitlines()[-1]
        assert line.startswith('frs: error: ')
        assert reason in line


@pytest.mark.parametrize('command', ['convert', 'export', 'import'])
def test_a_dataset_that_another_process_makes_is_refused(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_libero(tmp_path / 'file.hdf5')
    source = tmp_path / 'file.hdf5' if command == 'import' else write_bag(tmp_path / 'bag')
    words = ['bag', command, str(source), '--out', str(tmp_path / 'd')]
    with whole_folder(tmp_path / 'd') as unfinished:
        assert cli.main(words) == 2
        line = capfd.readouterr().err.splitlines()[-1]
        assert f'd is in use by process {os.getpid()} on ' in line
        (unfinished / 'mine').touch()
    assert [file.name for file in (tmp_path / 'd').iterdir()] == ['mine']
    assert cli.main(words) == 2
    assert 'd exists; name a new folder' in capfd.readouterr().err


def test_stdout_on_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with Path('/dev/full').open('w', encoding='utf-8') as full:
        done = subprocess.run(
            [sys.executable, '-m', 'frs_ros.cli', '--version'], stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == 'frs: error: cannot read or write a file: No space left on device\n'


@pytest.mark.parametrize(('error', 'line'), [
    (PermissionError(13, 'Permission denied', '/a'), "cannot use '/a': Permission denied"),
    (OSError(28, '[Errno 28] Error writing bytes. Detail: [errno 28] No space', 'x.parquet'),
     "cannot use 'x.parquet': No space left on device"),
    (OSError(5, 'x'), 'cannot read or write a file: Input/output error'),
    (OSError('something else'), ''),
    (ConnectionResetError(104, 'reset'), ''),
    (TimeoutError(), ''),
])  # fmt: skip
def test_what_a_disk_refuses_is_told_from_faults(error: OSError, line: str) -> None:
    assert refusal(error) == line


def full_in_worker() -> object:
    def save(job: int) -> None:
        raise OSError(28, 'No space left on device', f'/data/{job}.npz')

    return save


def test_a_full_disk_in_a_worker_process_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(workers, 'ONE_THREAD', {})
    monkeypatch.setattr(sys, 'argv', ['worker', str(os.dup(theirs.fileno()))])
    monkeypatch.setattr(sys, 'path', list(sys.path))
    for message in (list(sys.path), full_in_worker, 7):
        ours.send(message)
    workers.main()
    error, _ = ours.recv()
    assert isinstance(error, DataError)
    assert str(error) == "cannot use '/data/7.npz': No space left on device"


def test_a_demonstration_is_saved_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jpegs = {camera: [b'x' * 50] * 2 for camera in demonstrations.CAMERAS}
    foreign = Foreign('f', 'do it', np.zeros((2, 8)), np.zeros((2, 7)), jpegs)
    episode = to_demonstration(foreign)

    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space left') as error:
        demonstrations.save(episode, tmp_path / 'e.npz')
    assert error.value.filename == str(tmp_path / 'e.npz')
    assert not list(tmp_path.iterdir())
