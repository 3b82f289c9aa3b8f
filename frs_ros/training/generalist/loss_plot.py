# SPDX-License-Identifier: Apache-2.0
"""Plot of a training's losses."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.files import write_atomically

_PANELS = {
    'flow': 'flow-matching loss',
    'agentview_pixel_error': 'agentview keypoint error, pixels',
    'wrist_pixel_error': 'wrist keypoint error, pixels',
}


def plot_history(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draws training and validation losses over all stages, one panel per quantity.

    Args:
        history: Entries with `stage`, `step` and losses, in order.
        path: PNG file to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout='constrained')
    FigureCanvasAgg(figure)
    steps = _total_steps(history)
    for axes, (key, title) in zip(figure.subplots(1, len(_PANELS)), _PANELS.items(), strict=True):
        for name, label in ((key, 'training'), (f'val_{key}', 'validation, averaged weights')):
            points = [(s, e[name]) for s, e in zip(steps, history, strict=True) if name in e]
            axes.plot(*zip(*points, strict=True), label=label) if points else None
        axes.set(title=title, xlabel='step', yscale='log')
        axes.grid(alpha=0.3, which='both')
    figure.axes[0].legend()
    image = io.BytesIO()
    figure.savefig(image, dpi=110)
    write_atomically(path, image.getvalue())


def _total_steps(history: Sequence[Mapping[str, Any]]) -> list[int]:
    """Steps counted through all stages."""
    steps, done, last, stage = [], 0, 0, None
    for entry in history:
        if entry['stage'] != stage:
            done, stage = done + last, entry['stage']
        last = entry['step']
        steps.append(done + last)
    return steps
