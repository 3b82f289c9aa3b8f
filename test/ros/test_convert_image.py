# SPDX-License-Identifier: Apache-2.0
"""Images from topics: encodings, rows with padding, what is refused."""

from __future__ import annotations

import array
import math

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.errors import DataError
from frs_ros.ros import stamps
from frs_ros.ros.convert import image

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
ALPHA = np.full((2, 3, 1), 77, np.uint8)
ENCODED = {
    'rgb8': RGB,
    'bgr8': RGB[..., ::-1],
    'rgba8': np.concatenate([RGB, ALPHA], 2),
    'bgra8': np.concatenate([RGB[..., ::-1], ALPHA], 2),
}


def message(pixels: np.ndarray, encoding: str, padding: int = 0) -> Image:
    """An Image whose rows end in so many bytes of something else."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    rows = np.concatenate([rows, np.full((height, padding), 99, np.uint8)], 1)
    msg = Image(height=height, width=width, encoding=encoding, step=rows.shape[1])
    msg.data = array.array('B', rows.tobytes())
    return msg


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', ENCODED)
def test_encodings_become_rgb(encoding, padding):
    assert np.array_equal(image.rgb_from_msg(message(ENCODED[encoding], encoding, padding)), RGB)


def test_grey_becomes_three_equal_channels():
    grey = RGB[..., 0]
    rgb = image.rgb_from_msg(message(grey, 'mono8', 3))
    assert np.array_equal(rgb, np.stack([grey] * 3, 2))


def test_image_does_not_share_memory_with_the_message():
    msg = message(RGB, 'rgb8')
    rgb = image.rgb_from_msg(msg)
    msg.data[0] = 200
    assert rgb[0, 0, 0] == 0


def test_unknown_encoding_is_named_with_the_known_ones():
    with pytest.raises(DataError, match=r"'bayer_rggb8'; accepted are rgb8, bgr8, rgba8"):
        image.rgb_from_msg(message(RGB, 'bayer_rggb8'))


@pytest.mark.parametrize('change', [{'height': 3}, {'step': 8}, {'width': 4}, {'width': 0}])
def test_sizes_that_disagree_are_refused(change):
    msg = message(RGB, 'rgb8')
    for name, value in change.items():
        setattr(msg, name, value)
    with pytest.raises(DataError, match='but holds 18 bytes'):
        image.rgb_from_msg(msg)


def test_raw_image_round_trip():
    msg = image.image_to_msg('wrist', RGB, 5_000_000_007)
    assert (msg.height, msg.width, msg.encoding, msg.step) == (2, 3, 'rgb8', 9)
    assert msg.header.frame_id == 'wrist_color_optical_frame'
    assert stamps.to_ns(msg.header.stamp) == 5_000_000_007
    assert np.array_equal(image.rgb_from_msg(msg), RGB)


def test_depth_is_millimetres_in_16_bits():
    depth = np.array([[1, 256, 65535]], np.uint16)
    msg = image.image_to_msg('wrist', depth, 0)
    assert (msg.encoding, msg.step, msg.is_bigendian) == ('16UC1', 6, 0)
    assert np.array_equal(np.frombuffer(msg.data, '<u2'), depth[0])


@pytest.mark.parametrize(
    ('ending', 'word'), [('.png', 'png'), ('.png', 'rgb8; png compressed bgr8')]
)
def test_png_is_exact(ending, word):
    _, data = cv2.imencode(ending, RGB[..., ::-1])
    msg = CompressedImage(format=word, data=array.array('B', data.tobytes()))
    assert np.array_equal(image.compressed_to_rgb(msg), RGB)


def test_jpeg_is_decoded_in_rgb():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    msg = image.jpeg_to_msg('c', encode_jpeg(red), 0)
    assert image.is_jpeg(bytes(msg.data))
    assert image.compressed_to_rgb(msg)[..., 0].min() > 240


@pytest.mark.parametrize('word', ['16UC1; compressedDepth png', 'h264', ''])
def test_other_compressions_are_refused(word):
    with pytest.raises(DataError, match='JPEG and PNG are accepted'):
        image.compressed_to_rgb(CompressedImage(format=word))


def test_broken_jpeg_is_refused():
    msg = image.jpeg_to_msg('c', encode_jpeg(RGB)[:40], 0)
    with pytest.raises(DataError, match='not a readable JPEG'):
        image.compressed_to_rgb(msg)


MATRIX = np.array([[600.0, 0, 319.5], [0, 601.0, 239.5], [0, 0, 1]])


@pytest.mark.parametrize('distortion', [None, np.array([0.1, -0.2, 0.003, 0.004, 0.5])])
def test_calibration_round_trip(distortion):
    msg = image.camera_info_to_msg('c', 480, 640, MATRIX, 3, distortion)
    back = image.calibration_from_msg(msg)
    assert (back.height, back.width) == (480, 640)
    assert np.array_equal(back.matrix, MATRIX)
    assert np.array_equal(back.distortion, np.zeros(5) if distortion is None else distortion)


def test_camera_without_calibration_says_so():
    with pytest.raises(DataError, match='not calibrated'):
        image.calibration_from_msg(CameraInfo())


def test_calibration_must_be_finite():
    msg = image.camera_info_to_msg('c', 480, 640, MATRIX, 3)
    msg.k[0] = math.nan
    with pytest.raises(DataError, match=r'CameraInfo\.k'):
        image.calibration_from_msg(msg)
