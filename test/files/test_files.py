# SPDX-License-Identifier: Apache-2.0
"""Files are replaced whole or stay as they were."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

import pytest

from frs_ros.errors import DataError
from frs_ros.files import whole_folder, write_atomically


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


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / 'file'
    write_atomically(file, b'old')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match='File too large'):
            write_atomically(file, b'x' * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
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
