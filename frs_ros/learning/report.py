# SPDX-License-Identifier: Apache-2.0
"""Numbers of an evaluation: `results.json` and the table on the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.learning.journal import EpisodeRecord
from frs_ros.learning.settings import EvaluationSettings
from frs_ros.learning.statistics import disjoint, wilson95

Results = dict[str, Any]


def summarise(
    records: Sequence[EpisodeRecord],
    settings: EvaluationSettings,
    *,
    task_names: Mapping[int, str] | None = None,
    versions: Mapping[str, str] | None = None,
) -> Results:
    """Counts per task and method (`rows`) and per method (`totals`), as `results.json` holds them.

    Args:
        records: All episodes.
        settings: What was evaluated.
        task_names: Instructions by task number, for readers of the file.
        versions: Versions of the software that made the numbers.
    """
    rows, totals = [], []
    for method in settings.methods:
        of_method = [record for record in records if record.method == method.label]
        for task_id in settings.tasks:
            of_task = [record for record in of_method if record.task_id == task_id]
            row = {'suite': settings.suite, 'task_id': task_id, 'method': method.label}
            if task_names:
                row['instruction'] = task_names[task_id]
            rows.append(row | _numbers(of_task))
        totals.append({'method': method.label} | _numbers(of_method))
    return {
        'rows': rows,
        'totals': totals,
        'comparisons': _comparisons(totals),
        'settings': settings.to_json(),
        'versions': dict(versions or {}),
    }


def write_json(path: Path, results: Results) -> None:
    """Writes results for machines; a value that is not a number is null, never NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2, allow_nan=False) + '\n', encoding='utf-8')


def table(results: Results) -> str:
    """The results as text: one line per task and method, then the totals with failure classes."""
    head = ('task', 'method', 'success', 'rate', '95 % interval', 'steps', 'NFE', 'plan ms')
    lines = [_cells(str(row['task_id']), row) for row in results['rows']]
    lines += [_cells('all', total) for total in results['totals']]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    text = ['  '.join(cell.ljust(width) for cell, width in zip(head, widths)) + '  failures']
    entries = [*results['rows'], *results['totals']]
    for line, entry in zip(lines, entries):
        failures = ', '.join(
            f'{name} {count}' for name, count in entry['outcomes'].items() if name != 'success'
        )
        cells = '  '.join(cell.ljust(width) for cell, width in zip(line, widths))
        text.append(f'{cells}  {failures or "-"}')
    text += [_sentence(comparison) for comparison in results['comparisons']]
    return '\n'.join(text)


def _numbers(records: Sequence[EpisodeRecord]) -> dict[str, Any]:
    """Counts, interval and means over some episodes; plans are weighted equally."""
    successes, trials = sum(record.success for record in records), len(records)
    plans = sum(record.plans for record in records)
    outcomes = Counter(record.outcome for record in records)
    lifted = Counter(record.first_lifted or 'nothing' for record in records)
    diagnostics = sorted({name for record in records for name in record.diagnostics})
    return {
        'successes': successes,
        'trials': trials,
        'rate': _rounded(successes / trials) if trials else None,
        'wilson95': [_rounded(bound) for bound in wilson95(successes, trials)],
        'nfe_mean': _rounded(sum(record.nfe for record in records) / plans) if plans else None,
        'plan_ms_p50': _median([ms for record in records for ms in record.plan_ms]),
        'steps_mean': _mean([record.steps for record in records]),
        'steps_mean_successes': _mean([record.steps for record in records if record.success]),
        'steered_share': _mean([record.steered_share for record in records]),
        'outcomes': {name: outcomes[name] for name in sorted(outcomes)},
        'first_lifted': {name: lifted[name] for name in sorted(lifted)},
        'diagnostics': {
            name: _mean([r.diagnostics[name] for r in records if name in r.diagnostics])
            for name in diagnostics
        },
    }


def _comparisons(totals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every other method against 'base', if that was evaluated."""
    base = next((total for total in totals if total['method'] == 'base'), None)
    if base is None:
        return []
    return [
        {
            'method': total['method'],
            'against': 'base',
            'points': _rounded(100 * (total['rate'] - base['rate'])),
            'disjoint': disjoint(tuple(total['wilson95']), tuple(base['wilson95'])),
        }
        for total in totals
        if total is not base and total['trials'] and base['trials']
    ]


def _cells(task: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = entry['wilson95']
    optional = [entry['steps_mean'], entry['nfe_mean'], entry['plan_ms_p50']]
    return (
        task,
        entry['method'],
        f'{entry["successes"]}/{entry["trials"]}',
        f'{100 * entry["rate"]:.0f} %' if entry['trials'] else '-',
        f'{100 * low:.0f} .. {100 * high:.0f} %',
        *('-' if value is None else f'{value:.4g}' for value in optional),
    )


def _sentence(comparison: Mapping[str, Any]) -> str:
    overlap = 'do not overlap' if comparison['disjoint'] else 'overlap'
    return (
        f'{comparison["method"]} against {comparison["against"]}: '
        f'{comparison["points"]:+.0f} points, the 95 % intervals {overlap}'
    )


def _rounded(value: float) -> float:
    return round(value, 6)


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(float(np.mean(values))) if len(values) else None


def _median(values: Sequence[float]) -> float | None:
    return _rounded(float(np.median(values))) if len(values) else None
