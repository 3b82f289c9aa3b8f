# SPDX-License-Identifier: Apache-2.0
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from frs_ros.cameras.codec import decode_image, decode_jpeg, encode_jpeg
from frs_ros.cameras.raw_image import raw_to_rgb
from frs_ros.errors import DataError


def test_a_image_survives_within_the_loss_of_jpeg():
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    image = np.stack([np.tile(ramp, (48, 1)), np.full((48, 64), 30), np.full((48, 64), 200)], 2)
    back = decode_jpeg(encode_jpeg(image.astype(np.uint8)))
    assert back.shape == (48, 64, 3)
    assert np.abs(back.astype(int) - image).max() < 12


def test_channels_keep_their_order():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    r, g, b = decode_jpeg(encode_jpeg(red)).reshape(-1, 3).mean(0)
    assert r > 240
    assert max(g, b) < 15


@pytest.mark.parametrize(
    'data', [b'', b'not an image', encode_jpeg(np.zeros((8, 8, 3), np.uint8))[:20]]
)
def test_bad_data_is_refused(data):
    with pytest.raises(DataError, match='not a readable JPEG'):
        decode_jpeg(data)


@pytest.mark.parametrize('image', [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3))])
def test_other_arrays_are_no_images(image):
    with pytest.raises(DataError, match='uint8'):
        encode_jpeg(image)


def test_bytes_are_those_of_the_encoder():
    """Policies were trained on these; however channels are swapped, the bytes must stay."""
    rng = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (84, 128, 3), dtype=np.uint8), (0, 0), 2)
    for image in (rgb, rgb[::-1, ::-1], rgb[:, :100]):  # also views of other arrays
        _, plain = cv2.imencode('.jpg', image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        assert encode_jpeg(image) == plain.tobytes()


def test_png_is_a_image_too():
    rgb = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    _, data = cv2.imencode('.png', rgb[:, :, ::-1])
    assert np.array_equal(decode_image(data.tobytes()), rgb)
    with pytest.raises(DataError, match='not a readable JPEG or PNG'):
        decode_image(b'GIF89a')


JPEG = encode_jpeg(np.random.default_rng(1).integers(0, 256, (24, 40, 3), dtype=np.uint8))
PNG = cv2.imencode('.png', np.random.default_rng(2).integers(0, 256, (9, 7, 3), np.uint8))[1]


def forgiving(monkeypatch):
    """Decoders as of OpenCV 4.6, which make an image of anything."""
    calls = []

    def imdecode(data, flags):
        calls.append(len(data))
        return np.zeros((24, 40, 3), np.uint8)

    monkeypatch.setattr(cv2, 'imdecode', imdecode)
    return calls


@pytest.mark.parametrize('whole', [JPEG, PNG.tobytes()], ids=['jpeg', 'png'])
def test_a_cut_file_is_refused_whatever_the_decoder_makes_of_it(whole, monkeypatch):
    calls = forgiving(monkeypatch)
    for length in range(len(whole)):
        with pytest.raises(DataError, match='not a readable JPEG or PNG'):
            decode_image(whole[:length])
    assert not calls
    decode_image(whole)
    decode_image(whole + bytes(50))  # some cameras fill their buffers up
    assert len(calls) == 2


@pytest.mark.parametrize('flags', [
    [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 2],
    [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
])  # fmt: skip
def test_other_forms_of_jpeg_are_read_and_their_ends_are_missed(flags, monkeypatch):
    image = np.random.default_rng(3).integers(0, 256, (32, 48, 3), np.uint8)
    data = cv2.imencode('.jpg', image, flags)[1].tobytes()
    assert decode_jpeg(data).shape == (32, 48, 3)
    forgiving(monkeypatch)
    for length in range(0, len(data), 7):
        with pytest.raises(DataError):
            decode_jpeg(data[:length])


def with_size(data, height, width):
    """The same file, whose header says another size."""
    if data[:2] == b'\xff\xd8':
        at = data.index(b'\xff\xc0') + 5
        return data[:at] + struct.pack('>HH', height, width) + data[at + 4 :]
    header = data[12:16] + struct.pack('>II', width, height) + data[24:29]
    return data[:12] + header + struct.pack('>I', zlib.crc32(header)) + data[33:]


@pytest.mark.parametrize('size', [(30000, 30000), (65535, 65535), (4097, 8), (8, 4097), (0, 8)])
@pytest.mark.parametrize('whole', [JPEG, PNG.tobytes()], ids=['jpeg', 'png'])
def test_a_size_beyond_cameras_is_refused_before_anything_is_allocated(whole, size, monkeypatch):
    calls = forgiving(monkeypatch)
    with pytest.raises(DataError, match=f'{size[0]} x {size[1]} pixels, at most 4096'):
        decode_image(with_size(whole, *size))
    assert not calls


def test_many_scans_are_refused(monkeypatch):
    calls = forgiving(monkeypatch)
    at = JPEG.index(b'\xff\xda')
    scan = JPEG[at:-2]
    assert decode_jpeg(JPEG[:at] + scan * 2 + JPEG[-2:]).size
    with pytest.raises(DataError, match='70 scans'):
        decode_jpeg(JPEG[:at] + scan * 70 + JPEG[-2:])
    assert len(calls) == 1


def test_damage_within_a_png_is_refused(monkeypatch):
    calls = forgiving(monkeypatch)
    data = bytearray(PNG.tobytes())
    data[-20] ^= 1
    with pytest.raises(DataError, match='damaged'):
        decode_image(bytes(data))
    assert not calls


def test_depth_in_a_png_is_no_colour_image():
    depth = cv2.imencode('.png', np.arange(64, dtype=np.uint16).reshape(8, 8))[1]
    with pytest.raises(DataError, match='16 bits per channel'):
        decode_image(depth)


def test_grey_and_transparent_images_become_rgb():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for ending in ('.png', '.jpg'):
        rgb = decode_image(cv2.imencode(ending, grey)[1])
        assert np.abs(rgb.astype(int) - grey[..., None]).max() < 8
    bgra = np.dstack([grey, grey.T, 2 * grey, np.zeros((8, 8), np.uint8)])
    rgb = decode_image(cv2.imencode('.png', bgra)[1])
    assert np.array_equal(rgb, bgra[..., 2::-1])


def test_formats_that_only_the_decoder_knows_are_refused():
    image = np.zeros((8, 8, 3), np.uint8)
    for ending in ('.bmp', '.tiff', '.webp', '.ppm'):
        with pytest.raises(DataError, match='not a readable JPEG or PNG'):
            decode_image(cv2.imencode(ending, image)[1])


def test_random_bytes_are_refused():
    rng = np.random.default_rng(4)
    for start in (b'', b'\xff\xd8', b'\xff\xd8\xff\xda', PNG.tobytes()[:33], JPEG[:60]):
        for length in (1, 30, 4000):
            with pytest.raises(DataError):
                decode_image(start + rng.bytes(length))
    with pytest.raises(DataError, match='more than 64 MiB'):
        decode_jpeg(np.zeros((64 << 20) + 1, np.uint8))


@pytest.mark.parametrize('encoding', ['8UC3', 'mono16', 'bayer_rggb8', '', '16UC1', 'x' * 500])
def test_encodings_of_unknown_meaning_are_refused_by_name(encoding):
    raw = SimpleNamespace(encoding=encoding, height=2, width=2, step=12, data=bytes(24))
    with pytest.raises(DataError, match=r'Image\.encoding is .*accepted are rgb8') as error:
        raw_to_rgb(raw)
    assert encoding[:12] in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(('encoding', 'order'), [
    ('yuyv', (0, 1, 0, 2)), ('yuv422_yuy2', (0, 1, 0, 2)), ('uyvy', (1, 0, 2, 0)),
    ('yuv422', (1, 0, 2, 0)),
])  # fmt: skip
def test_the_form_of_usb_cameras_becomes_rgb(encoding, order):
    """Y, U and V of blue as ITU-R BT.601 has them, in the order of the encoding."""
    blue = (41, 240, 110)
    pair = bytes(blue[i] for i in order)
    rows = [pair * 4 + b'pad'] * 2
    raw = SimpleNamespace(encoding=encoding, height=2, width=8, step=19, data=b''.join(rows))
    raw.data = np.frombuffer(raw.data, np.uint8)
    rgb = raw_to_rgb(raw)
    assert rgb.shape == (2, 8, 3)
    assert np.abs(rgb.astype(int) - (0, 0, 255)).max() < 4
    raw.width = 7
    with pytest.raises(DataError, match='2 x 7'):
        raw_to_rgb(raw)
