# SPDX-License-Identifier: Apache-2.0
"""One figure of a whole demonstration: key frames, outcomes and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from frs_ros.bags.episodes.tape import Tape
from frs_ros.demo import marks
from frs_ros.demo.comparison import METHODS, DemoSettings, Pair, verdict
from frs_ros.demo.side_by_side import BAD, GOOD, GREY, INK, PAPER, scaled
from frs_ros.demo.text import Line, fit, write
from frs_ros.errors import DataError
from frs_ros.files import write_atomically

COLUMNS = 5  # key frames of an episode
TILE, GAP, LABEL = 224, 6, 250  # px
HEADER, LEGEND, BETWEEN = 84, 76, 18
MARGIN = 16


def summary_figure(settings: DemoSettings, pairs: Sequence[Pair]) -> np.ndarray:
    """Figure [h, w, 3] with two rows per init state, unsteered above steered."""
    block = len(METHODS) * (TILE + GAP) + BETWEEN
    width = 2 * MARGIN + LABEL + COLUMNS * (TILE + GAP)
    height = HEADER + len(pairs) * block + LEGEND
    page = np.full((height, width, 3), PAPER, dtype=np.uint8)
    lines = [
        Line(fit(settings.headline, 22, width - 2 * MARGIN), (MARGIN, 14), 22, INK, bold=False),
        Line(verdict(pairs), (MARGIN, 48), 18, INK, bold=True),
    ]
    for index, pair in enumerate(pairs):
        top = HEADER + index * block
        for row, side in enumerate(METHODS):
            y = top + row * (TILE + GAP)
            lines += _strip(page, settings, pair.tapes[side], y)
            lines += _label(pair, side, y)
    legend, arrow_at = _legend(height - LEGEND)
    _draw_legend(page, arrow_at)
    return write(page, lines + legend)


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes an image [h, w, 3] uint8 RGB; DataError if that is impossible."""
    done, data = cv2.imencode('.png', image[:, :, ::-1])
    if not done:
        raise DataError(f'no PNG can be made for {path}')
    try:
        write_atomically(path, data.tobytes())
    except OSError as error:
        raise DataError(f'cannot write {path}: {error.strerror}') from error


def _strip(page: np.ndarray, settings: DemoSettings, tape: Tape, y: int) -> list[Line]:
    """Key frames of an episode, evenly over its time; returns their captions."""
    captions = []
    chosen = np.linspace(0, len(tape.frames) - 1, COLUMNS).round().astype(int)
    for column, index in enumerate(chosen):
        x = MARGIN + LABEL + column * (TILE + GAP)
        image = scaled(marks.marked(tape.frames[index]), TILE)
        if column == COLUMNS - 1:
            colour = GOOD if tape.success else BAD
            cv2.rectangle(image, (2, 2), (TILE - 3, TILE - 3), colour, 5)
        image[TILE - 22 :, :70] = (image[TILE - 22 :, :70] // 3).astype(np.uint8)
        page[y : y + TILE, x : x + TILE] = image
        seconds = index * settings.view_every / settings.control_hz
        captions.append(Line(f'{seconds:.1f} s', (x + 8, y + TILE - 20), 15, (255, 255, 255)))
    return captions


def _label(pair: Pair, side: str, y: int) -> list[Line]:
    """What stands to the left of a strip."""
    tape = pair.tapes[side]
    colour, sign = (GOOD, 'success') if tape.success else (BAD, 'failure')
    lines = [
        Line(f'init state {pair.init_id}', (MARGIN, y + 10), 15, GREY),
        Line(side, (MARGIN, y + 34), 24, INK, bold=True),
        Line(f'method {METHODS[side]}', (MARGIN, y + 66), 15, GREY),
        Line(sign, (MARGIN, y + 102), 22, colour, bold=True),
    ]
    if not tape.success:
        lines.append(Line(tape.verdict, (MARGIN, y + 132), 17, colour))
    count = f'{tape.end.steps} steps, {tape.nfe} NFE'
    return [*lines, Line(count, (MARGIN, y + TILE - 30), 15, GREY)]


def _legend(y: int) -> tuple[list[Line], int]:
    """Text at the bottom, and the height at which its symbols are drawn."""
    first, second = y + 6, y + 34
    note = (
        'steered by oracle guidance: a coarse direction from privileged simulator state; '
        'same policy, same init states, same seeds. Time runs to the right.'
    )
    words = [
        Line('planned path: the rest of the current action chunk', (MARGIN + 70, first), 16, INK),
        Line('guidance: the direction given', (MARGIN + 620, first), 16, INK),
        Line(note, (MARGIN, second), 15, GREY),
    ]
    return words, first + 11


def _draw_legend(page: np.ndarray, y: int) -> None:
    path = np.stack([np.linspace(MARGIN + 6, MARGIN + 56, 6), np.full(6, y)], axis=1)
    marks.draw_path(page, path)
    marks.draw_arrow(page, np.array([[MARGIN + 560, y], [MARGIN + 606, y]], dtype=float))
