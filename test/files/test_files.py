# SPDX-License-Identifier: Apache-2.0
"""Files are replaced whole or stay as they were."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frs_ros.errors import DataError
from frs_ros.files import append_line, replacing, write_atomically
from frs_ros.folders import locked, whole_folder


@pytest.fixture
def full_disk():
    """Within this, files cannot grow beyond 1000 bytes."""

    @contextlib.contextmanager
    def limit():
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, ignored)

    return limit


def test_writes_and_replaces_text_as_utf8(tmp_path):
    file = tmp_path / 'new' / 'name.txt'
    write_atomically(file, 'öffne')
    write_atomically(file, 'schließe')
    assert file.read_bytes() == 'schließe'.encode()
    assert list(file.parent.iterdir()) == [file]


def test_permissions_are_those_of_a_new_file_or_of_the_old_one(tmp_path):
    mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / 'file', b'a')
    finally:
        os.umask(mask)
    assert (tmp_path / 'file').stat().st_mode & 0o777 == 0o640
    (tmp_path / 'file').chmod(0o600)
    write_atomically(tmp_path / 'file', b'b')
    assert (tmp_path / 'file').stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, full_disk):
    file = tmp_path / 'file'
    write_atomically(file, b'old')
    with full_disk(), pytest.raises(OSError, match='File too large') as error:
        write_atomically(file, b'x' * 100_000)
    assert error.value.filename == str(file)
    assert file.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    (tmp_path / 'empty').mkdir()
    for name in ('empty', 'deep/new'):
        with whole_folder(tmp_path / name) as unfinished:
            (unfinished / 'a').write_bytes(b'1')
            assert not (tmp_path / name / 'a').exists()
        assert [p.name for p in (tmp_path / name).iterdir()] == ['a']
        with pytest.raises(DataError, match='exists'), whole_folder(tmp_path / name):
            pass
    with contextlib.suppress(KeyError), whole_folder(tmp_path / 'x') as unfinished:
        (unfinished / 'a').write_bytes(b'1')
        raise KeyError
    assert sorted(p.name for p in tmp_path.iterdir()) == ['deep', 'empty']


def test_a_library_that_meets_a_full_disk_leaves_nothing_and_the_file_is_named(
    tmp_path, full_disk
):
    file = tmp_path / 'table.npz'

    def write():
        with replacing(file) as temporary:
            assert temporary.suffix == '.npz'
            temporary.write_bytes(bytes(100_000))

    with full_disk(), pytest.raises(OSError, match='too large') as error:
        write()
    assert error.value.filename == str(file)
    assert not list(tmp_path.iterdir())


def test_a_line_is_added_whole_or_not_at_all(tmp_path, full_disk):
    file = tmp_path / 'journal.jsonl'
    append_line(file, 'öffne')
    with full_disk(), pytest.raises(OSError, match='too large') as error:
        append_line(file, 'x' * 5000)
    assert error.value.filename == str(file)
    append_line(file, 'schließe')
    assert file.read_text(encoding='utf-8') == 'öffne\nschließe\n'


def test_a_line_that_ctrl_c_meets_on_its_way_to_the_disk_stays(tmp_path, monkeypatch):
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'fsync', interrupted)
    with pytest.raises(KeyboardInterrupt):
        append_line(tmp_path / 'journal.jsonl', 'done')
    assert (tmp_path / 'journal.jsonl').read_text(encoding='utf-8') == 'done\n'


def test_links_and_devices_stay_what_they_are(tmp_path):
    (tmp_path / 'target').write_text('old', encoding='utf-8')
    link = tmp_path / 'link'
    link.symlink_to('target')
    write_atomically(link, 'new')
    assert link.is_symlink()
    assert (tmp_path / 'target').read_text(encoding='utf-8') == 'new'
    write_atomically('/dev/null', 'nothing')
    assert Path('/dev/null').is_char_device()
    fifo = tmp_path / 'fifo'
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(fifo, 'through')
    assert os.read(reader, 100) == b'through'
    os.close(reader)
    assert fifo.is_fifo()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path, 'x')


HOLD = """
import sys, time
from frs_ros.folders import locked, whole_folder
with {}(sys.argv[1]):
    print('held', flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize('hold', [locked, whole_folder])
def test_a_folder_has_one_writer_and_a_killed_one_blocks_nobody(tmp_path, hold):
    folder = tmp_path / 'out'
    words = [sys.executable, '-c', HOLD.format(hold.__name__), str(folder)]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b'held\n'
        named = f'out is in use by process {other.pid} on .* since 20'
        with pytest.raises(DataError, match=named), hold(folder):
            pass
        other.kill()
        other.wait(10)
    finally:
        other.kill()
        other.communicate()
    for _ in range(2):
        with hold(folder) as made:
            if made:
                assert not list(made.iterdir())
        assert not list(folder.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ['out']


def test_a_lock_that_its_holder_removed_in_between_is_taken_anew(tmp_path, monkeypatch):
    lock = tmp_path / '.lock'
    tries = []
    flock = fcntl.flock

    def remove_once(handle, how):
        flock(handle, how)
        tries.append(handle)
        if len(tries) == 1:
            lock.unlink()

    monkeypatch.setattr(fcntl, 'flock', remove_once)
    with locked(tmp_path):
        assert lock.exists()
    assert len(tries) == 2
    assert not lock.exists()


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, capsys):
    def without(handle, how):
        raise OSError(errno.ENOLCK, 'no locks')

    monkeypatch.setattr(fcntl, 'flock', without)
    with locked(tmp_path):
        assert 'has no locks' in capsys.readouterr().err
    with whole_folder(tmp_path / 'new') as unfinished:
        (unfinished / 'a').touch()
        with pytest.raises(FileExistsError), whole_folder(tmp_path / 'new'):
            pass  # what another process may be writing is not removed
    assert (tmp_path / 'new' / 'a').exists()
