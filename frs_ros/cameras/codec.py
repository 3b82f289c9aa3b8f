# SPDX-License-Identifier: Apache-2.0
"""JPEG, the form in which camera images travel; PNG where others send it.

The codec is part of the observation: in process as over topics, a policy sees what a decoder makes
of the encoded image, so that both give the same actions.

Nothing received is trusted: structure and size are read here, before a decoder sees the data.
Decoders differ in what they do with a truncated file (OpenCV 4.6 returns an image whose end is
grey), and all of them allocate what a header of a few bytes asks for.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from frs_ros.errors import DataError

QUALITY = 95
LARGEST_SIDE = 4096  # pixels; cameras of 4K have 3840
LARGEST_FILE = 64 << 20  # bytes; an image of the largest size without compression has 48 MiB
MOST_SCANS = 64  # of a progressive JPEG: each costs a pass over the whole image; encoders make 10

_PNG_START = b'\x89PNG\r\n\x1a\n'
# What follows 0xFF within the data of a scan: a stuffed zero or a restart marker.
_WITHIN_SCAN = frozenset((0, *range(0xD0, 0xD8)))
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA


class _Header(NamedTuple):
    """What a file says of its image.

    Attributes:
        height: Pixels.
        width: Pixels.
        bits: Per channel.
    """

    height: int
    width: int
    bits: int


def encode_jpeg(rgb: np.ndarray, quality: int = QUALITY) -> bytes:
    """Encodes an image [h, w, 3] uint8 RGB."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise DataError(f'an image must be [h, w, 3] uint8, not {rgb.shape} {rgb.dtype}')
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def decode_jpeg(data: bytes | np.ndarray) -> np.ndarray:
    """Decodes to [h, w, 3] uint8 RGB; grey is repeated.

    Raises:
        DataError: The data are no JPEG, incomplete, or larger than `LARGEST_SIDE`.
    """
    return _decode(data, 'JPEG', _jpeg_header)


def decode_image(data: bytes | np.ndarray) -> np.ndarray:
    """The same of a JPEG or PNG file; transparency is dropped, 16 bits per channel are refused."""
    png = bytes(data[:8]) == _PNG_START
    return _decode(data, 'JPEG or PNG', _png_header if png else _jpeg_header)


def _decode(data: bytes | np.ndarray, kind: str, read: Callable[[bytes], _Header]) -> np.ndarray:
    content = bytes(data)
    what = f'{len(content)} bytes received as an image are not a readable {kind}'
    if len(content) > LARGEST_FILE:
        raise DataError(f'{what}: more than {LARGEST_FILE >> 20} MiB')
    try:
        header = read(content)
    except (struct.error, IndexError) as error:  # a part that ends before its length
        raise DataError(f'{what}: incomplete') from error
    except ValueError as error:
        raise DataError(f'{what}: {error}') from error
    if not (0 < header.height <= LARGEST_SIDE and 0 < header.width <= LARGEST_SIDE):
        raise DataError(
            f'{what}: its header says {header.height} x {header.width} pixels, at most '
            f'{LARGEST_SIDE} a side are read'
        )
    if header.bits > 8:
        raise DataError(f'{what}: {header.bits} bits per channel, no colour image of 8')
    try:
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise DataError(f'{what}: {" ".join(str(error).split())[:200]}') from error
    if bgr is None:
        raise DataError(f'{what}: damaged')
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _jpeg_header(data: bytes) -> _Header:
    """Walks through all segments of a JPEG up to its end marker; ValueError if one is wrong."""
    if data[:2] != b'\xff\xd8':
        raise ValueError('no start marker')
    header, scans, at = None, 0, 2
    while True:
        marker, at = _marker(data, at)
        if marker == _END_OF_IMAGE:
            break
        (length,) = struct.unpack_from('>H', data, at)
        if marker in _FRAME_HEADERS:
            if header is not None:
                raise ValueError('two frames')
            bits, height, width = struct.unpack_from('>BHH', data, at + 2)
            header = _Header(height, width, bits)
        at += length
        if marker == _START_OF_SCAN:
            scans += 1
            at = _end_of_scan(data, at)
    if header is None or not scans:
        raise ValueError('no image in it')
    if scans > MOST_SCANS:
        raise ValueError(f'{scans} scans, at most {MOST_SCANS} are read')
    return header


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the marker behind a scan's data begins."""
    at = data.find(b'\xff', at)
    while 0 <= at < len(data) - 1:
        if data[at + 1] not in _WITHIN_SCAN:
            return at
        at = data.find(b'\xff', at + 2)
    raise ValueError('incomplete, its end marker is missing')


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at a position, and the position behind it; fill bytes are skipped."""
    if data[at] != 0xFF:
        raise ValueError(f'damaged at byte {at}')
    while data[at] == 0xFF:
        at += 1
    return data[at], at + 1


def _png_header(data: bytes) -> _Header:
    """Walks through all chunks of a PNG up to IEND; ValueError if one is wrong."""
    header, pixels, at = None, False, len(_PNG_START)
    kind = b''
    while kind != b'IEND':
        length, kind = struct.unpack_from('>I4s', data, at)
        end = at + 8 + length
        (checksum,) = struct.unpack_from('>I', data, end)
        if zlib.crc32(data[at + 4 : end]) != checksum:
            raise ValueError(f'damaged at byte {at}')
        if header is None:
            if kind != b'IHDR':
                raise ValueError('no header')
            width, height, bits = struct.unpack_from('>IIB', data, at + 8)
            header = _Header(height, width, bits)
        pixels = pixels or kind == b'IDAT'
        at = end + 4
    if header is None or not pixels:
        raise ValueError('no image in it')
    return header
