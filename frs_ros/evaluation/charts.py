# SPDX-License-Identifier: Apache-2.0
"""What the figures of evaluations have in common."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frs_ros.files import write_atomically

# Okabe-Ito colours, distinguishable with colour-blind eyes.
COLOURS = ('#999999', '#E69F00', '#0072B2', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442')
MARKERS = 'osD^vPX*'


def new_figure(width: float, height: float) -> Any:
    """An empty figure, inches; without the state of pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout='constrained')


def save(figure: Any, path: Path) -> None:
    """Writes a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    image = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(image, dpi=150, format='png')
    write_atomically(path, image.getvalue())


def percent_axis(axis: Any, label: str, limit: float = 104.0) -> None:
    """Makes an axis one of per cent."""
    axis.axes.grid(axis=axis.axis_name, alpha=0.3)
    axis.axes.set_axisbelow(True)
    axis.axes.spines[['top', 'right']].set_visible(False)
    getattr(axis.axes, f'set_{axis.axis_name}lim')(0, limit)
    axis.set_ticks(range(0, 101, 20))
    axis.set_label_text(label)


def interval(entry: Mapping[str, Any]) -> tuple[float, list[list[float]]]:
    """Success rate in per cent and its error bar as matplotlib takes it."""
    low, high = entry['wilson95']
    rate = entry['successes'] / max(entry['trials'], 1)
    return 100 * rate, [[100 * max(rate - low, 0.0)], [100 * max(high - rate, 0.0)]]


def wrapped(label: str, width: int = 26) -> str:
    """A long label on several lines, broken after commas and before brackets."""
    lines = ['']
    for part in re.findall(r'\[?[^,\[]*,?', label):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append('')
        lines[-1] += part
    return '\n'.join(lines)
