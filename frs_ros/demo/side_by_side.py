# SPDX-License-Identifier: Apache-2.0
"""The frames of the video: unsteered on the left, steered on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from frs_ros.bags.episodes.tape import Tape
from frs_ros.demo import marks
from frs_ros.demo.comparison import STEERED, TITLES, UNSTEERED, DemoSettings, Pair
from frs_ros.demo.text import Colour, Line, fit, width, write

SIDE = 448  # px, of an image
GAP = 8
HEADER, TITLE, FOOTER = 40, 36, 60
SIZE = (2 * SIDE + 3 * GAP, HEADER + TITLE + SIDE + FOOTER)  # width, height; both even
SPEED = 2.0  # times real time
HOLD = 1.5  # s of the last image of each init state

PAPER: Colour = (246, 246, 244)
INK: Colour = (30, 30, 30)
GREY: Colour = (110, 110, 110)
GOOD: Colour = (0, 130, 60)
BAD: Colour = (190, 30, 30)


def fps(settings: DemoSettings) -> float:
    """Images per second of the video."""
    return SPEED * settings.control_hz / settings.view_every


def length(settings: DemoSettings, pairs: Sequence[Pair]) -> int:
    """Number of frames of the video."""
    hold = round(HOLD * fps(settings))
    return sum(max(len(t.frames) for t in pair.tapes.values()) + hold for pair in pairs)


def frames(settings: DemoSettings, pairs: Sequence[Pair]) -> Iterator[np.ndarray]:
    """Images [h, w, 3] of the whole video; the side that ends first waits for the other."""
    hold = round(HOLD * fps(settings))
    for pair in pairs:
        for k in range(max(len(t.frames) for t in pair.tapes.values()) + hold):
            yield compose(settings, pair, k)


def compose(settings: DemoSettings, pair: Pair, k: int) -> np.ndarray:
    """The k-th image of a pair."""
    page = np.full((SIZE[1], SIZE[0], 3), PAPER, dtype=np.uint8)
    right = f'init state {pair.init_id}   {SPEED:g}x speed'
    right_x = SIZE[0] - GAP - width(right, 15)
    lines = [
        Line(fit(settings.headline, 15, right_x - 2 * GAP), (GAP, 12), 15, INK),
        Line(right, (right_x, 12), 15, GREY),
    ]
    for column, side in enumerate((UNSTEERED, STEERED)):
        x = GAP + column * (SIDE + GAP)
        image, words = _panel(settings, side, pair.tapes[side], k, x)
        y = HEADER + TITLE
        page[y : y + SIDE, x : x + SIDE] = image
        lines += words
    return write(page, lines)


def _panel(
    settings: DemoSettings, side: str, tape: Tape, k: int, x: int
) -> tuple[np.ndarray, list[Line]]:
    """Image and text of one side; x is where it begins."""
    ended = k >= len(tape.frames)
    frame = tape.frames[min(k, len(tape.frames) - 1)]
    image = scaled(marks.marked(frame), SIDE)
    steps = min(k * settings.view_every, tape.end.steps)
    if ended:
        steps = tape.end.steps
        colour = GOOD if tape.success else BAD
        cv2.rectangle(image, (2, 2), (SIDE - 3, SIDE - 3), colour, 6)
    y = HEADER + TITLE + SIDE + 8
    title = Line(TITLES[side], (x, HEADER + 6), 19, INK, bold=True)
    clock = Line(f't = {steps / settings.control_hz:.1f} s', (x, y + 26), 15, GREY)
    if ended:
        verdict = 'SUCCESS' if tape.success else f'FAILURE: {tape.verdict}'
        return image, [title, Line(verdict, (x, y), 18, colour, bold=True), clock]
    words = [title, clock, Line('blue: planned path', (x, y), 16, marks.PATH)]
    if side == STEERED:
        told = marks.guidance_words(marks.guidance_of(frame.plan))
        words.append(Line(f'guidance: {told}', (x + 180, y), 16, marks.GUIDED))
    return image, words


def scaled(image: np.ndarray, side: int) -> np.ndarray:
    """The image at side x side pixels."""
    if image.shape[:2] == (side, side):
        return image
    shrinks = image.shape[0] > side
    return cv2.resize(
        image, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
