# SPDX-License-Identifier: Apache-2.0
"""Smooth text in images."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Line:
    """A line of text.

    Attributes:
        text: What it says.
        at: (x, y) of its upper left corner, pixels.
        size: Font size, pixels.
        colour: RGB.
        bold: Whether it is bold.
    """

    text: str
    at: tuple[int, int]
    size: int = 16
    colour: Colour = (30, 30, 30)
    bold: bool = False


def write(image: np.ndarray, lines: Iterable[Line]) -> np.ndarray:
    """A copy of an image [h, w, 3] uint8 RGB with text in it."""
    from PIL import Image, ImageDraw

    drawn = Image.fromarray(image)
    draw = ImageDraw.Draw(drawn)
    for line in lines:
        draw.text(line.at, line.text, fill=line.colour, font=_font(line.size, line.bold))
    return np.array(drawn)


def width(text: str, size: int, *, bold: bool = False) -> int:
    """Width of a text in pixels."""
    return round(_font(size, bold).getlength(text))


def fit(text: str, size: int, room: int) -> str:
    """The text, its end replaced by an ellipsis if it is wider than `room` pixels."""
    if width(text, size) <= room:
        return text
    while text and width(f'{text}…', size) > room:
        text = text[:-1]
    return f'{text.rstrip()}…'


@functools.cache
def _font(size: int, bold: bool):  # noqa: ANN202
    """The font that comes with matplotlib, so that images are alike on every machine."""
    import matplotlib
    from PIL import ImageFont

    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), 'fonts', 'ttf', name)), size)
