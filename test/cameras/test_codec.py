# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from frs_ros.cameras.codec import decode_jpeg, decode_picture, encode_jpeg
from frs_ros.errors import DataError


def test_a_picture_survives_within_the_loss_of_jpeg():
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = np.stack([np.tile(ramp, (48, 1)), np.full((48, 64), 30), np.full((48, 64), 200)], 2)
    back = decode_jpeg(encode_jpeg(picture.astype(np.uint8)))
    assert back.shape == (48, 64, 3)
    assert np.abs(back.astype(int) - picture).max() < 12


def test_channels_keep_their_order():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    r, g, b = decode_jpeg(encode_jpeg(red)).reshape(-1, 3).mean(0)
    assert r > 240
    assert max(g, b) < 15


@pytest.mark.parametrize(
    'data', [b'', b'not a picture', encode_jpeg(np.zeros((8, 8, 3), np.uint8))[:20]]
)
def test_bad_data_is_refused(data):
    with pytest.raises(DataError, match='not a readable JPEG'):
        decode_jpeg(data)


@pytest.mark.parametrize('picture', [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3))])
def test_other_arrays_are_no_pictures(picture):
    with pytest.raises(DataError, match='uint8'):
        encode_jpeg(picture)


def test_bytes_are_those_of_the_encoder():
    """Policies were trained on these; however channels are swapped, the bytes must stay."""
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (84, 128, 3), dtype=np.uint8), (0, 0), 2)
    for picture in (rgb, rgb[::-1, ::-1], rgb[:, :100]):  # also views of other arrays
        _, plain = cv2.imencode('.jpg', picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        assert encode_jpeg(picture) == plain.tobytes()


def test_png_is_a_picture_too():
    rgb = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    _, data = cv2.imencode('.png', rgb[:, :, ::-1])
    assert np.array_equal(decode_picture(data.tobytes()), rgb)
    with pytest.raises(DataError, match='not a readable JPEG or PNG'):
        decode_picture(b'GIF89a')
