# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

import cv2
import pytest
from fake_capture import RGB, FakeCapture

from frs_ros.cameras.driver import CameraError
from frs_ros.cameras.opencv import UvcCamera
from frs_ros.cameras.registry import CameraSettings, make_camera
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.errors import ConfigError

PATH = '/dev/v4l/by-id/usb-Some_Camera-video-index0'


def opened(capture: FakeCapture, **options):
    camera = UvcCamera(PATH, 48, 64, 30.0, capture=lambda device: capture, **options)
    camera.check()
    return camera.open()


def test_compressed_before_the_size_and_one_buffer():
    capture = FakeCapture()
    opened(capture)
    names = [name for name, _ in capture.set_log]
    assert names[0] == cv2.CAP_PROP_FOURCC
    assert capture.set_log[0][1] == cv2.VideoWriter.fourcc(*'MJPG')
    assert capture.set_log[-1] == (cv2.CAP_PROP_BUFFERSIZE, 1)
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) == 64


def test_channels_are_turned_to_rgb_and_frames_stamped():
    session = opened(FakeCapture(), latency=0.25)
    frame = session.read(0.1)
    assert frame.rgb.shape == (48, 64, 3)
    assert tuple(frame.rgb[0, 0]) == RGB
    assert time.time_ns() - frame.stamp_ns == pytest.approx(0.25e9, abs=0.2e9)
    assert session.read(0.1).number == frame.number + 1
    assert session.warning == ''


def test_mode_that_the_camera_has_not_is_a_warning():
    session = opened(FakeCapture(modes={cv2.CAP_PROP_FRAME_WIDTH: 1280.0}))
    assert '1280 x 48 at 30 Hz instead of 64 x 48 at 30 Hz' in session.warning
    assert session.read(0.1).rgb.shape == (48, 1280, 3)


def test_broken_image_is_left_out():
    capture = FakeCapture()
    session = opened(capture)
    capture.broken = True
    assert session.read(0.1) is None
    capture.broken = False
    assert session.read(0.1) is not None


def test_camera_that_cannot_be_opened_is_one_line():
    with pytest.raises(CameraError, match=r"plugged in.*group 'video'"):
        opened(FakeCapture(opens=False))


def test_unplugged_camera_is_opened_again(wait_for):
    captures: list[FakeCapture] = []

    def plug(device: str) -> FakeCapture:
        captures.append(FakeCapture())
        return captures[-1]

    driver = UvcCamera(PATH, 48, 64, 30.0, capture=plug)
    camera = SupervisedCamera(driver, period=0.02)
    camera.start()
    wait_for(lambda: camera.status().received > 2)
    captures[0].alive = False
    wait_for(lambda: camera.status().failed)
    assert camera.status().line == f'camera {PATH}: gives no images'
    wait_for(lambda: captures[0].released and len(captures) > 1)
    wait_for(lambda: not camera.status().failed)
    camera.close()
    wait_for(lambda: captures[-1].released)


@pytest.mark.parametrize('device', ['', 'video0', 'webcam', '-1'])
def test_device_must_be_a_path_or_an_index(device):
    with pytest.raises(ConfigError, match=f"device is '{device}'.*/dev/v4l/by-id"):
        make_camera('uvc', CameraSettings(device=device)).start()


def test_no_such_device_here(wait_for):
    """OpenCV and Video4Linux themselves."""
    camera = make_camera('uvc', CameraSettings(device='/dev/v4l/by-id/usb-nobody'))
    camera.start()
    wait_for(lambda: camera.status().failed)
    assert 'cannot be opened' in camera.status().line
    camera.close()
