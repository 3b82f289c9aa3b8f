# SPDX-License-Identifier: Apache-2.0
"""The figure of inverse solvers: errors by cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.evaluation.plots import COLOURS

LABELS = {
    'euler': 'Euler backwards (paper)',
    'aligned_euler': "Euler at the sampler's times",
    'midpoint': 'midpoint',
    'fireflow': 'FireFlow',
    'fixed_point': 'fixed point (exact)',
}
STYLES = {'kept': '-', 'redrawn': ':', 'inpainted': '--'}
PANELS = {
    'motion_error': 'action round trip, RMS of motion [model units]',
    'noise_error': 'noise label error, RMS',
}


def plot_inversion(path: Path, fields: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draws a row of panels per field: action error and noise label error over evaluations."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2 * len(fields)), layout='constrained')
    panels = figure.subplots(len(fields), len(PANELS), squeeze=False)
    for row, (name, table) in zip(panels, fields.items()):
        for axes, (key, title) in zip(row, PANELS.items()):
            _curves(axes, table, key)
            axes.set(xlabel='velocity evaluations for one inversion', ylabel=title, yscale='log')
            axes.set_title(f'own samples of {name}', fontsize=9)
            axes.grid(alpha=0.3, which='both')
    lines, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(lines, labels, loc='outside lower center', ncol=3, fontsize=7, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_figure(str(path), dpi=130)


def _curves(axes: Any, table: Sequence[Mapping[str, Any]], key: str) -> None:
    """A line per solver and treatment of the gripper."""
    for colour, solver in zip(COLOURS, LABELS):
        for gripper, style in STYLES.items():
            rows = [r for r in table if (r['solver'], r['gripper']) == (solver, gripper)]
            if rows:
                points = sorted((r['nfe'], r[key]) for r in rows)
                label = LABELS[solver] + ('' if gripper == 'kept' else f', gripper {gripper}')
                axes.plot(
                    *zip(*points), style, color=colour, marker='o', markersize=3, label=label
                )
