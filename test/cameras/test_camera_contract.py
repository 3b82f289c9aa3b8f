# SPDX-License-Identifier: Apache-2.0
"""What every CameraSource keeps to, whatever is behind it."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
import realsense_recording
from fake_capture import FakeCapture
from fake_realsense import FakeDevice, FakeRealSense

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.cameras.opencv import UvcCamera
from frs_ros.cameras.playback import Images
from frs_ros.cameras.realsense import RealSense
from frs_ros.cameras.recording import Recording
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.cameras.synthetic import SyntheticCamera, TestImage
from frs_ros.cameras.turned import TurnedCamera

HEIGHT, WIDTH, FPS = 48, 64, 50.0
IMAGE = TestImage(HEIGHT, WIDTH)


def supervised(driver):
    return SupervisedCamera(driver, period=1.0 / FPS)


def synthetic(request):
    return supervised(SyntheticCamera(HEIGHT, WIDTH, FPS))


def turned(request):
    return TurnedCamera(synthetic(request))


def uvc(request):
    capture = FakeCapture()
    return supervised(UvcCamera('0', HEIGHT, WIDTH, FPS, capture=lambda device: capture))


def realsense(request):
    module = FakeRealSense(FakeDevice('1'))
    return supervised(RealSense('1', HEIGHT, WIDTH, FPS, depth=True, library=module))


def images(request):
    folder = request.getfixturevalue('tmp_path')
    for number in range(3):
        (folder / f'{number}.jpg').write_bytes(encode_jpeg(IMAGE.draw(number)))
    return supervised(Images(str(folder), FPS))


def recording(request):
    pytest.importorskip('pyrealsense2', exc_type=ImportError)
    path = request.getfixturevalue('tmp_path') / 'recording.db3'
    realsense_recording.record(path, list(range(1000)))
    return supervised(Recording(str(path), FPS))


def topic(request):
    """A ROS topic that somebody publishes at the same rate."""
    from sensor_msgs.msg import Image

    from frs_ros.nodes.topic_camera import TopicCamera
    from frs_ros.ros import qos
    from frs_ros.ros.convert.image import image_to_msg

    ros = request.getfixturevalue('ros')
    node = ros.node('somebody')
    publisher = node.create_publisher(Image, 'image', qos.IMAGE_OUT)

    def publish():
        publisher.publish(image_to_msg('c', IMAGE.draw(1), time.time_ns()))

    node.create_timer(1.0 / FPS, publish)
    thread = threading.Thread(target=ros.executor.spin, daemon=True)
    thread.start()

    def end():
        ros.executor.shutdown()
        thread.join(5.0)

    request.addfinalizer(end)
    return TopicCamera(node, 'image', 1.0 / FPS)


KINDS = [synthetic, turned, uvc, realsense, images, recording]


@pytest.fixture(params=[*KINDS, pytest.param(topic, marks=pytest.mark.ros)])
def camera(request):
    """A camera of each kind, not started; closed at the end."""
    made = request.param(request)
    yield made
    made.close()


@pytest.fixture
def running(camera, wait_for):
    """The same, with images."""
    camera.start()
    wait_for(lambda: camera.status().received > 0)
    return camera


def take(camera, count: int) -> list:
    """So many frames, one after the other."""
    frames = []
    end = time.monotonic() + 10.0
    while len(frames) < count:
        assert time.monotonic() < end, 'no frames'
        frame = camera.take(1.0)
        frames += [] if frame is None else [frame]
    return frames


def test_before_the_start_there_is_nothing(camera):
    assert camera.take() is None
    assert camera.calibration() is None
    status = camera.status()
    assert (status.received, status.dropped, status.replaced, status.recoveries) == (0, 0, 0, 0)
    assert status.age == math.inf


def test_no_call_waits_for_the_camera(camera):
    for call in (camera.start, camera.take, camera.calibration, camera.status):
        begin = time.monotonic()
        call()
        assert time.monotonic() - begin < 2.0


def test_frames_are_images_in_order_and_of_now(running):
    begin = time.time_ns()
    frames = take(running, 5)
    for frame in frames:
        assert frame.rgb.shape == (HEIGHT, WIDTH, 3)
        assert frame.rgb.dtype == np.uint8
        assert abs(frame.stamp_ns - begin) < 10e9
        assert frame.depth is None or frame.depth.shape == (HEIGHT, WIDTH)
    numbers, stamps = [f.number for f in frames], [f.stamp_ns for f in frames]
    assert numbers == sorted(set(numbers))
    assert stamps == sorted(stamps)


def test_a_frame_is_given_once_and_the_newest_wins(running, wait_for):
    first = take(running, 1)[0]
    before = running.status()
    wait_for(lambda: running.status().received >= before.received + 5)
    newest = running.take()
    assert newest.number >= first.number + 5
    after = running.status()
    assert after.replaced >= before.replaced + 4
    again = running.take()
    assert again is None or again.number > newest.number


def test_images_are_not_written_to_again(running):
    frame = take(running, 1)[0]
    kept = frame.rgb.copy()
    take(running, 3)
    assert np.array_equal(frame.rgb, kept)


def test_waiting_is_as_long_as_told(running):
    take(running, 1)
    begin = time.monotonic()
    running.take(0.0)
    assert time.monotonic() - begin < 2.0
    assert take(running, 1)


def test_running_camera_is_well(running, wait_for):
    wait_for(lambda: not running.status().line)
    status = running.status()
    assert not status.failed
    assert status.age < 5.0
    calibration = running.calibration()
    if calibration is not None:
        assert (calibration.height, calibration.width) == (HEIGHT, WIDTH)
        assert calibration.matrix.shape == (3, 3)
        assert calibration.distortion.shape == (5,)


def test_closing_is_final_quick_and_repeatable(running):
    begin = time.monotonic()
    running.close()
    assert time.monotonic() - begin < 3.0
    received = running.status().received
    time.sleep(5 / FPS)
    assert running.status().received == received
    running.close()


def test_camera_that_was_never_started_can_be_closed(camera):
    camera.close()
    camera.close()
