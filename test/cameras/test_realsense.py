# SPDX-License-Identifier: Apache-2.0
"""RealSense: the library's faults by a fake, its pipeline by a recording."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest
import realsense_recording as made
from fake_realsense import HEIGHT, WIDTH, FakeDevice, FakeRealSense

from frs_ros.cameras.driver import CameraError
from frs_ros.cameras.realsense import RealSense
from frs_ros.cameras.recording import Recording
from frs_ros.cameras.recovery import Patience
from frs_ros.cameras.registry import CameraSettings, make_camera
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.errors import ConfigError, DependencyError

SOON = Patience(restart=0.15, reset=0.45, settle=0.2, opening=1.0)


def driver(module: FakeRealSense, serial: str = '111', **options) -> RealSense:
    made_driver = RealSense(serial, HEIGHT, WIDTH, 30, library=module, **options)
    made_driver.check()
    return made_driver


@pytest.fixture
def two():
    """Two cameras on the bus."""
    return FakeRealSense(FakeDevice('111'), FakeDevice('222'))


@pytest.fixture
def start():
    """Starts a supervised camera over a driver; closes it at the end."""
    started = []

    def make(of) -> SupervisedCamera:
        started.append(SupervisedCamera(of, period=0.02, patience=SOON))
        started[-1].start()
        return started[-1]

    yield make
    for camera in started:
        camera.close()


def running(camera):
    return lambda: camera.status().received > 2 and not camera.status().line


# ---- what is missing ------------------------------------------------------------------------


def test_missing_library_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyrealsense2', None)
    with pytest.raises(DependencyError, match='pip install pyrealsense2'):
        make_camera('realsense', CameraSettings()).start()


def test_missing_libusb_names_the_debian_package(monkeypatch):
    def fails(name):
        raise ImportError('libusb-1.0.so.0: cannot open shared object file')

    monkeypatch.setattr('importlib.import_module', fails)
    with pytest.raises(DependencyError, match=r'sudo apt-get install libusb-1\.0-0'):
        make_camera('realsense', CameraSettings()).start()


def test_absent_camera_is_named_with_those_that_are_there(two):
    with pytest.raises(CameraError, match=r'not connected \(found: 111, 222\)'):
        driver(two, '333').open()
    with pytest.raises(CameraError, match='look at cable and USB port'):
        driver(FakeRealSense()).open()


def test_camera_in_use_is_one_line(two, monkeypatch):
    def busy(*_):
        raise RuntimeError('xioctl(VIDIOC_S_FMT) failed, errno=16 Device or resource busy')

    monkeypatch.setattr('fake_realsense.FakePipeline.start', busy)
    with pytest.raises(CameraError, match=r'resource busy\); does another program use it'):
        driver(two).open()


# ---- frames ---------------------------------------------------------------------------------


@pytest.mark.parametrize('domain', ['global_time', 'system_time'])
def test_stamp_is_the_time_of_exposure_if_the_camera_knows_it(domain):
    session = driver(FakeRealSense(FakeDevice('111', domain=domain)), latency=0.5).open()
    assert abs(session.read(0.1).stamp_ns - time.time_ns()) < 0.2e9


def test_other_stamps_are_the_arrival_less_the_latency():
    device = FakeDevice('111', domain='hardware_clock')
    session = driver(FakeRealSense(device), latency=0.5).open()
    assert time.time_ns() - session.read(0.1).stamp_ns == pytest.approx(0.5e9, abs=0.2e9)


def test_global_time_is_asked_for(two):
    driver(two).open()
    assert two.devices[0].options == {'global_time_enabled': 1.0}
    assert two.devices[1].options == {}


def test_calibration_is_that_of_the_camera(two):
    calibration = driver(two).open().calibration
    assert (calibration.height, calibration.width) == (HEIGHT, WIDTH)
    assert np.array_equal(calibration.matrix, [[60, 0, 31], [0, 61, 23], [0, 0, 1]])
    assert np.array_equal(calibration.distortion, [0.1] * 5)


def test_images_are_copies(two):
    session = driver(two, depth=True).open()
    frame = session.read(0.1)
    assert frame.rgb.flags.owndata
    assert frame.depth.flags.owndata


@pytest.mark.parametrize(('scale', 'millimetres'), [(0.001, 1000), (0.0001, 100), (0.1, 65535)])
def test_depth_is_in_millimetres_whatever_the_unit(scale, millimetres):
    device = FakeDevice('111')
    device.depth_scale = scale
    frame = driver(FakeRealSense(device), depth=True).open().read(0.1)
    assert frame.depth.dtype == np.uint16
    assert frame.depth[0, 0] == millimetres


def test_depth_is_off_unless_asked_for(two):
    assert driver(two).open().read(0.1).depth is None


def test_lost_frames_are_counted(two, start, wait_for):
    device = two.devices[0]
    camera = start(driver(two))
    wait_for(running(camera))
    for _ in range(7):
        next(device.numbers)
    wait_for(lambda: camera.status().dropped == 7)


def test_usb_2_is_a_warning(start, wait_for):
    camera = start(driver(FakeRealSense(FakeDevice('111', usb='2.1'))))
    wait_for(lambda: camera.status().received > 2)
    status = camera.status()
    assert 'RealSense 111: connected by USB 2.1' in status.line
    assert not status.failed


# ---- faults ---------------------------------------------------------------------------------


def test_timeout_restarts_then_resets_this_camera_only(two, start, wait_for):
    mine, other = two.devices
    camera = start(driver(two))
    wait_for(running(camera))
    mine.silent = True
    mine.on_reset = lambda: setattr(mine, 'silent', False)
    wait_for(lambda: mine.resets)
    assert mine.starts >= 2  # the pipeline was tried first
    wait_for(running(camera))
    assert other.resets == []
    assert other.starts == 0


def test_without_a_serial_only_the_camera_that_was_found_is_reset(two, start, wait_for):
    first, second = two.devices
    camera = start(driver(two, ''))
    wait_for(running(camera))
    first.present = False  # unplugged: now the other one is the first
    wait_for(lambda: camera.status().failed)
    wait_for(lambda: camera.status().recoveries > 3)
    assert second.starts == 0
    assert second.resets == []
    assert 'not connected (found: 222)' in camera.status().line
    first.present = True
    wait_for(running(camera))


def test_stop_that_hangs_blocks_nothing(two, start, wait_for, monkeypatch):
    """Librealsense issue 7252: after a failed reset, stop never returns."""
    monkeypatch.setattr('frs_ros.cameras.supervised.STOP_TIMEOUT', 0.1)
    device = two.devices[0]
    device.hang_stop = threading.Event()
    camera = start(driver(two))
    wait_for(running(camera))
    device.silent = True
    wait_for(lambda: device.resets)
    device.silent = False
    wait_for(running(camera))
    begin = time.monotonic()
    camera.close()
    assert time.monotonic() - begin < 3.0
    device.hang_stop.set()


# ---- recordings, through the real library ---------------------------------------------------


@pytest.fixture(scope='module')
def library():
    return pytest.importorskip('pyrealsense2', exc_type=ImportError)


@pytest.fixture(scope='module')
def recording(library, tmp_path_factory):
    """20 frames of which two are missing, with depth."""
    numbers = [n for n in range(20) if n not in (7, 12)]
    path = tmp_path_factory.mktemp('realsense') / 'recording.db3'
    return made.record(path, numbers, with_depth=True)


def read_all(session) -> list:
    """Frames until there are none for two seconds: this machine may be busy."""
    frames, silent = [], 0
    while silent < 4:
        frame = session.read(0.5)
        silent = silent + 1 if frame is None else 0
        frames += [] if frame is None else [frame]
    return frames


def test_recording_plays_through_the_pipeline(recording):
    driver = Recording(str(recording), fps=200.0, depth=True)
    driver.check()
    session = driver.open()
    frames = read_all(session)
    session.close()
    numbers = [f.number for f in frames]
    assert numbers == [n for n in range(20) if n not in (7, 12)]
    for frame in frames:
        assert np.array_equal(frame.rgb, made.color(frame.number))  # red is red, blue is blue
        assert np.array_equal(frame.depth, made.depth(frame.number))
    assert abs(frames[-1].stamp_ns - time.time_ns()) < 5e9  # of now, not of the recording
    calibration = session.calibration
    expected = [[made.FOCAL, 0, 31.5], [0, made.FOCAL, 23.5], [0, 0, 1]]
    assert np.array_equal(calibration.matrix, expected)
    assert calibration.distortion[0] == pytest.approx(made.RADIAL)


def test_recorded_stamps_are_read(library, recording):
    """The same session without pacing, as for a camera."""
    from frs_ros.cameras.realsense_session import RealSenseSession

    config = library.config()
    config.enable_device_from_file(str(recording), repeat_playback=False)
    config.enable_stream(library.stream.color)
    pipeline = library.pipeline()
    playback = config.resolve(library.pipeline_wrapper(pipeline)).get_device().as_playback()
    playback.set_real_time(False)
    session = RealSenseSession(library, pipeline, config, depth=False)
    frames = read_all(session)
    session.close()
    expected = [round(1e6 * (made.START_MS + 1e3 * f.number / made.FPS)) for f in frames]
    assert len(frames) == 18
    assert [f.stamp_ns for f in frames] == pytest.approx(expected, abs=1000)


def test_the_end_of_a_recording_is_a_dropped_camera(recording, start, wait_for):
    camera = start(Recording(str(recording), fps=100.0))
    wait_for(lambda: camera.status().received >= 18)
    wait_for(lambda: camera.status().failed)
    assert 'no ' in camera.status().line
    wait_for(lambda: camera.status().received >= 36)  # it was opened again
    status = camera.status()
    assert status.recoveries >= 1
    assert status.dropped >= 4  # the two that are missing, each time


def test_recording_through_the_node(recording, ros, node_process):
    """The library of the RealSense and that of ROS in one process, to its end."""
    from sensor_msgs.msg import CameraInfo

    infos = ros.collect(ros.node(), CameraInfo, 'camera/color/camera_info')
    process = node_process('camera', '-p', 'source:=playback', '-p', f'path:={recording}')
    ros.wait_for(lambda: len(infos) > 5, 30.0)
    assert infos[-1].k[0] == made.FOCAL
    assert process.interrupt() == 0


def test_file_that_is_no_recording_is_told(library, tmp_path, start, wait_for):
    path = tmp_path / 'not.db3'
    path.write_bytes(b'not a recording')
    camera = start(Recording(str(path), fps=30.0))
    wait_for(lambda: camera.status().failed)
    assert 'not.db3: ' in camera.status().line
    assert '\n' not in camera.status().line


def test_recording_that_does_not_exist(library):
    with pytest.raises(ConfigError, match=r'gone\.db3.*does not exist'):
        make_camera('playback', CameraSettings(path='/gone.db3')).start()


def test_no_camera_is_here(library, start, wait_for):
    """The real library on a machine without a RealSense."""
    real = RealSense('000', 480, 640, 30)
    real.check()
    if real._found():
        pytest.skip('there is one')
    camera = start(real)
    wait_for(lambda: camera.status().failed)
    assert camera.status().line.startswith('RealSense 000: not connected (none is')
