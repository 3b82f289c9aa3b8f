# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.cameras.playback import Images
from frs_ros.cameras.registry import CameraSettings, make_camera
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.cameras.synthetic import TestImage, read_number
from frs_ros.errors import ConfigError

IMAGE = TestImage(48, 64)


def write_folder(path, count: int):
    """Images of both formats whose names sort as their numbers, and a file of another kind."""
    for number in range(count):
        rgb = IMAGE.draw(number)
        if number % 2:
            cv2.imwrite(str(path / f'{number:03}.png'), rgb[..., ::-1])
        else:
            (path / f'{number:03}.JPG').write_bytes(encode_jpeg(rgb))
    (path / 'notes.txt').write_text('not an image')
    return path


def write_video(path, count: int):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 30.0, (64, 48))
    assert writer.isOpened()
    for number in range(count):
        writer.write(np.ascontiguousarray(IMAGE.draw(number)[..., ::-1]))
    writer.release()
    return path


@pytest.fixture(params=['folder', 'video'])
def played(request, tmp_path):
    """Path of six images."""
    if request.param == 'folder':
        return write_folder(tmp_path, 6)
    return write_video(tmp_path / 'video.avi', 6)


def test_images_come_in_order_and_begin_again(played):
    driver = Images(str(played), fps=500.0)
    driver.check()
    session = driver.open()
    frames = [session.read(1.0) for _ in range(8)]
    session.close()
    assert [read_number(f.rgb) for f in frames] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert [f.number for f in frames] == list(range(1, 9))
    stamps = [f.stamp_ns for f in frames]
    assert stamps == sorted(stamps)
    red, green, blue = frames[0].rgb[-1, -1]
    assert min(red, green) > blue + 40  # the lower right corner: channels in their order


@pytest.mark.parametrize('path', ['', '/no/such/file.mp4'])
def test_what_does_not_exist_is_refused(path):
    with pytest.raises(ConfigError, match='does not exist'):
        make_camera('playback', CameraSettings(path=path)).start()


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='holds no images'):
        make_camera('playback', CameraSettings(path=str(tmp_path))).start()


def test_broken_image_is_named(tmp_path, wait_for):
    (tmp_path / 'a.jpg').write_bytes(b'not an image')
    camera = make_camera('playback', CameraSettings(path=str(tmp_path)))
    camera.start()
    wait_for(lambda: camera.status().failed)
    assert 'a.jpg' in camera.status().line
    camera.close()


def test_file_that_is_no_video_is_told(tmp_path, wait_for):
    path = tmp_path / 'a.mp4'
    path.write_bytes(b'not a video')
    camera = SupervisedCamera(Images(str(path), 30.0), period=1 / 30)
    camera.start()
    wait_for(lambda: camera.status().failed)
    assert 'neither a folder of images nor a readable video' in camera.status().line
    camera.close()
