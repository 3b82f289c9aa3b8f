# SPDX-License-Identifier: Apache-2.0
"""Success over one setting that was swept: a line per method that has it at several values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.errors import ConfigError
from frs_ros.evaluation.conditions import FLIPPED, WRONG_KINDS, Conditions
from frs_ros.evaluation.method import UNSTEERED, Method
from frs_ros.evaluation.plots import (
    COLOURS,
    MARKERS,
    RATE,
    interval,
    new_figure,
    percent_axis,
    save,
    wrapped,
)
from frs_ros.steering.registry import ALL_METHODS

MAGNITUDE = 'magnitude'
WRONG = 'wrong'
LABELS = {
    WRONG: "probability that a chunk's guidance is wrong",
    MAGNITUDE: 'magnitude of the guidance',
    'replan': 'actions executed before the next plan',
    'steps': 'Euler steps of the sampler',
}
Series = dict[str, list[tuple[Any, Mapping[str, Any]]]]


def series(methods: Sequence[Mapping[str, Any]], key: str, own: Mapping[str, int]) -> Series:
    """(value, entry) pairs by what is left of the method's label without the setting.

    Args:
        methods: Pooled entries, see `pooled.summarise_pool`.
        key: An option of a method, a condition, or 'magnitude'.
        own: The policy's own `steps` and `replan`, which a condition of 0 means.

    Raises:
        ConfigError: No method has the setting at two values.
    """
    found: Series = {}
    for entry in methods:
        value = _value(entry, key, own)
        found.setdefault(_rest(entry, key), []).append((value, entry))
    if key == WRONG:
        _share_right_guidance(found)
    if not any(len(_values(points)) > 1 for points in found.values()):
        raise ConfigError(f"no method was evaluated at several values of '{key}'")
    return found


def plot_sweep(
    path: Path,
    methods: Sequence[Mapping[str, Any]],
    key: str,
    own: Mapping[str, int],
    title: str = '',
) -> None:
    """Draws success over a setting, methods that vary in it and 'base', a horizontal line."""
    figure = new_figure(8.0, 4.6)
    axes = figure.add_subplot()
    found = {
        label: points
        for label, points in series(methods, key, own).items()
        if len(_values(points)) > 1 or points[0][1]['steerer'] == UNSTEERED
    }
    values = [value for points in found.values() for value in _values(points)]
    places = _places(values)
    for index, (label, points) in enumerate(found.items()):
        style = {'color': COLOURS[(index + 2) % len(COLOURS)], 'label': wrapped(label)}
        if len(_values(points)) < 2:
            axes.axhline(interval(points[0][1])[0], linestyle='--', linewidth=1, **style)
            continue
        points = sorted(
            (point for point in points if point[0] is not None), key=lambda p: places[str(p[0])]
        )
        at = [places[str(value)] for value, _ in points]
        rates, errors = zip(*(interval(entry) for _, entry in points))
        bars = [[e[side][0] for e in errors] for side in (0, 1)]
        marker = MARKERS[index % len(MARKERS)]
        axes.errorbar(at, rates, yerr=bars, marker=marker, capsize=2.5, **style)
    if not all(_is_number(value) for value in values):
        axes.set_xticks(list(places.values()), list(places))
    axes.set_xlabel(LABELS.get(key, key))
    percent_axis(axes.yaxis, RATE)
    if title:
        figure.suptitle(title, fontsize=9)
    axes.legend(loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=7)
    save(figure, path)


def _value(entry: Mapping[str, Any], key: str, own: Mapping[str, int]) -> Any:
    """The setting of a method; None if it has none."""
    if key == MAGNITUDE:
        return entry['magnitude']
    if key in entry['conditions']:
        return entry['conditions'][key] or own.get(key, entry['conditions'][key])
    if key in entry['options']:
        return entry['options'][key]
    parameter = inspect.signature(ALL_METHODS[entry['steerer']]).parameters.get(key)
    return None if parameter is None else parameter.default


def _rest(entry: Mapping[str, Any], key: str) -> str:
    """The full label without the setting."""
    keep = {k: v for k, v in entry['options'].items() if k != key}
    conditions = {k: v for k, v in entry['conditions'].items() if k != key}
    magnitude = 1.0 if key == MAGNITUDE else entry['magnitude']
    method = Method('', entry['steerer'], magnitude, keep, {})
    label = method.full_label(Conditions(**conditions))
    kind = entry['conditions']['wrong_kind']
    return f'{label}{_of_kind(kind)}' if key == WRONG and kind != FLIPPED else label


def _of_kind(kind: str) -> str:
    return f' ({kind})'


def _share_right_guidance(found: Series) -> None:
    """Guidance that is never wrong is the start of the line of every kind of wrongness."""
    for kind in WRONG_KINDS:
        for label in [name for name in found if name.endswith(_of_kind(kind))]:
            right = found.get(label.removesuffix(_of_kind(kind)), [])
            found[label] = [point for point in right if not point[0]] + found[label]


def _values(points: Sequence[tuple[Any, Mapping[str, Any]]]) -> list[Any]:
    values = [value for value, _ in points if value is not None]
    return sorted({str(value): value for value in values}.values(), key=str)


def _places(values: Sequence[Any]) -> dict[str, float]:
    """Where values stand on the axis: numbers at themselves, others one after the other."""
    if all(_is_number(value) for value in values):
        return {str(value): float(value) for value in values}
    return {text: float(i) for i, text in enumerate(sorted({str(v) for v in values}))}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
