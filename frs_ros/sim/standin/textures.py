# SPDX-License-Identifier: Apache-2.0
"""Flat grey images under the names that LIBERO's rooms ask for."""

from __future__ import annotations

import struct
import zlib

# Texture files the arena styles ask for (libero/envs/arenas/style.py), with a flat grey each.
TEXTURES = {
    'flat': 160,
    'light-gray-floor-tile': 150,
    'light-gray-plaster': 190,
    **dict.fromkeys(
        (
            'brown_ceramic_tile',
            'ceramic',
            'dark_blue_wall',
            'dark_floor_texture',
            'dark_gray_plaster',
            'dark_green_plaster_wall',
            'gray_ceramic_tile',
            'gray_plaster',
            'light_blue_wall',
            'rustic_floor',
            'seamless_wood_planks_floor',
            'tile_grigia_caldera_porcelain_floor',
            'white_marble_floor',
            'white_wall',
            'yellow_linen_wall_texture',
            'martin_novak_wood_table',
            'smooth_light_gray_plaster',
        ),
        170,
    ),
}


def files() -> dict[str, bytes]:
    """Path in the pack -> PNG."""
    return {f'textures/{name}.png': _grey_png(level) for name, level in TEXTURES.items()}


def _grey_png(level: int) -> bytes:
    """A 4 x 4 pixel grey PNG; MuJoCo needs files, and flat ones are enough."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack('>I', zlib.crc32(kind + data))
        return struct.pack('>I', len(data)) + kind + data + crc

    rows = b''.join(b'\0' + bytes([level] * 12) for _ in range(4))
    header = struct.pack('>IIBBBBB', 4, 4, 8, 2, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(rows))
        + chunk(b'IEND', b'')
    )
