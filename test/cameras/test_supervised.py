# SPDX-License-Identifier: Apache-2.0
"""Threads around a camera that misbehaves."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from frs_ros.cameras.base import Frame
from frs_ros.cameras.driver import CameraError
from frs_ros.cameras.recovery import Patience
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.errors import ConfigError

IMAGE = np.zeros((2, 2, 3), np.uint8)
SOON = Patience(restart=0.1, reset=0.3, settle=0.2, opening=0.5)


class Scripted:
    """A camera whose sessions do what the test says; driver and session in one.

    Attributes:
        opening: Called by every opening.
        reading: Whether frames come.
        closing: Called when a session is closed.
        opened: How many sessions there were.
    """

    name, can_reset, calibration, warning = 'scripted', True, None, ''

    def __init__(self) -> None:
        self.opening = self.closing = self.resetting = lambda: None
        self.reading = True
        self.opened = self.resets = 0

    def check(self) -> None:
        pass

    def open(self):
        self.opened += 1
        self.opening()
        return ScriptedSession(self, self.opened)

    def reset(self) -> None:
        self.resets += 1
        self.resetting()


class ScriptedSession:
    calibration, warning = None, ''

    def __init__(self, camera: Scripted, which: int) -> None:
        self._camera, self._number = camera, 1000 * which

    def read(self, timeout: float) -> Frame | None:
        time.sleep(0.005)
        if not self._camera.reading:
            return None
        self._number += 1
        return Frame(IMAGE, time.time_ns(), self._number)

    def close(self) -> None:
        self._camera.closing()


@pytest.fixture
def scripted():
    return Scripted()


@pytest.fixture
def camera(scripted):
    camera = SupervisedCamera(scripted, period=0.02, patience=SOON)
    yield camera
    camera.close()


def well(camera):
    def check():
        status = camera.status()
        return status.received > 3 and not status.line and not status.failed

    return check


def test_settings_that_cannot_be_meant_are_refused_at_once(scripted, camera):
    def refuse():
        raise ConfigError('no such thing')

    scripted.check = refuse
    with pytest.raises(ConfigError, match='no such thing'):
        camera.start()
    assert scripted.opened == 0


def test_camera_that_comes_later_is_waited_for(scripted, camera, wait_for):
    def absent():
        raise CameraError('not connected (none is)')

    scripted.opening = absent
    camera.start()
    wait_for(lambda: scripted.opened >= 3)
    status = camera.status()
    assert (status.line, status.failed) == ('scripted: not connected (none is)', True)
    scripted.opening = lambda: None
    wait_for(well(camera))
    assert camera.status().recoveries >= 2


def test_silence_restarts_and_then_resets(scripted, camera, wait_for):
    camera.start()
    wait_for(well(camera))
    scripted.reading = False
    wait_for(lambda: scripted.opened >= 2)
    assert scripted.resets == 0
    assert camera.status().failed
    wait_for(lambda: scripted.resets >= 1)
    scripted.reading = True
    wait_for(well(camera))
    assert camera.status().dropped == 0  # numbers begin anew with every opening


def test_stop_that_hangs_is_left_behind(scripted, camera, wait_for, monkeypatch):
    monkeypatch.setattr('frs_ros.cameras.supervised.STOP_TIMEOUT', 0.1)
    release = threading.Event()
    camera.start()
    wait_for(well(camera))
    scripted.closing, scripted.reading = release.wait, False
    wait_for(lambda: scripted.opened >= 2)
    scripted.reading = True
    wait_for(well(camera))
    assert not release.is_set()
    begin = time.monotonic()
    camera.close()
    assert time.monotonic() - begin < 3.0
    release.set()


def test_opening_that_hangs_blocks_nobody(scripted, camera, wait_for):
    release = threading.Event()
    scripted.opening = release.wait
    begin = time.monotonic()
    camera.start()
    assert camera.take() is None
    line = 'scripted: no image yet'
    wait_for(lambda: camera.status().line == line)
    assert time.monotonic() - begin < 2.0
    wait_for(lambda: scripted.resets >= 1)
    scripted.opening = lambda: None
    wait_for(well(camera))
    release.set()


def test_hanging_threads_do_not_pile_up(scripted, camera, wait_for, monkeypatch):
    monkeypatch.setattr('frs_ros.cameras.supervised.STOP_TIMEOUT', 0.01)
    monkeypatch.setattr('frs_ros.cameras.supervised.MOST_HANGING', 2)
    release = threading.Event()
    scripted.opening = scripted.resetting = release.wait
    before = threading.active_count()
    camera.start()
    wait_for(lambda: 'its driver hangs' in camera.status().line)
    recoveries = camera.status().recoveries
    wait_for(lambda: camera.status().recoveries >= recoveries + 2)
    assert threading.active_count() <= before + 4
    scripted.opening = scripted.resetting = lambda: None
    release.set()
    wait_for(well(camera))


def test_what_an_abandoned_session_delivers_is_ignored(scripted, camera, wait_for, monkeypatch):
    monkeypatch.setattr('frs_ros.cameras.supervised.STOP_TIMEOUT', 0.05)
    release, late = threading.Event(), threading.Event()
    camera.start()
    wait_for(well(camera))
    ordinary = ScriptedSession.read

    def hangs(session, timeout):
        if session._number < 2000 and not late.is_set():
            release.wait()
            late.set()
            return Frame(IMAGE, 0, 1)  # from long ago
        return ordinary(session, timeout)

    monkeypatch.setattr(ScriptedSession, 'read', hangs)
    wait_for(lambda: scripted.opened >= 2)
    wait_for(well(camera))
    release.set()
    wait_for(late.is_set)
    numbers = []
    wait_for(lambda: len(numbers) >= 5 or numbers.append(camera.take(1.0).number))
    assert min(numbers) > 1999


def test_unexpected_errors_are_told_and_survived(scripted, camera, wait_for):
    def breaks():
        raise ValueError('what\nis this')

    camera.start()
    wait_for(well(camera))
    scripted.opening, scripted.reading = breaks, False
    wait_for(lambda: camera.status().line == 'scripted: ValueError: what is this')
    scripted.opening, scripted.reading = lambda: None, True
    wait_for(well(camera))


def test_reset_that_fails_is_told(scripted, camera, wait_for):
    def gone():
        raise CameraError('not connected')

    camera.start()
    wait_for(well(camera))
    scripted.reading, scripted.resetting = False, gone
    wait_for(lambda: camera.status().line == 'scripted: not connected')


def test_threads_end(scripted, camera, wait_for):
    before = set(threading.enumerate())
    camera.start()
    wait_for(well(camera))
    assert set(threading.enumerate()) - before
    camera.close()
    wait_for(lambda: not set(threading.enumerate()) - before)
