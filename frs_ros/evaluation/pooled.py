# SPDX-License-Identifier: Apache-2.0
"""Numbers of pooled runs: one entry per method, over parts and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frs_ros.errors import ConfigError
from frs_ros.evaluation.method import UNSTEERED
from frs_ros.evaluation.pairs import compare
from frs_ros.evaluation.runs import Pool, Run
from frs_ros.evaluation.samples import Place, Sample, about, numbers
from frs_ros.evaluation.settings import STOCK

Results = dict[str, Any]


def summarise_pool(
    pool: Pool, compare_also: Sequence[tuple[str, str]] = (), against: str = ''
) -> Results:
    """Counts per method over all runs.

    Args:
        pool: The runs.
        compare_also: Pairs of method labels to compare besides each method with `against`.
        against: Label of a method; '' for 'base', if that is there.

    Returns:
        'methods', each with its 'parts' (suites if there are several, else tasks), 'comparisons',
        'runs' and 'notes', sentences that a reader has to know.

    Raises:
        ConfigError: A method was not evaluated, or a pair has no episode in common.
    """
    samples = list(pool.samples)
    key = _suite if len({sample.suite for sample in samples}) > 1 else _task
    parts = list(dict.fromkeys(key(sample) for sample in sorted(samples, key=_in_order)))
    methods = []
    for label, (method, conditions) in pool.methods.items():
        of_method = pool.of(label)
        entry = about(label, method, conditions) | numbers(of_method)
        entry['parts'] = [
            {'part': part} | numbers([s for s in of_method if key(s) == part]) for part in parts
        ]
        methods.append(entry)
    asked = [(pool.find(a), pool.find(b)) for a, b in compare_also]
    found = {pair: compare(*pair, samples) for pair in [*_pairs(pool, against), *asked]}
    for a, b in asked:
        if found[a, b] is None:
            raise ConfigError(f"'{a}' and '{b}' have no episode in common")
    return {
        'methods': methods,
        'comparisons': [comparison for comparison in found.values() if comparison],
        'runs': [_about_run(run) for run in pool.runs],
        'notes': _notes(pool),
    }


def own_numbers(pool: Pool) -> dict[str, int]:
    """The policy's own `steps` and `replan`, where the runs know and agree on them."""
    own = [run.results['policy'] for run in pool.runs if run.results.get('policy')]
    return own[0] if own and all(numbers == own[0] for numbers in own) else {}


def _suite(sample: Sample) -> str:
    return sample.suite


def _task(sample: Sample) -> str:
    named = '' if sample.target == STOCK else f' {sample.target}'
    return f'task {sample.record.task_id}{named}'


def _in_order(sample: Sample) -> tuple[str, int, str]:
    return sample.suite, sample.record.task_id, sample.target


def _pairs(pool: Pool, against: str) -> list[tuple[str, str]]:
    """Every method with one of them, as full labels."""
    bases = [against] if against else [label for label in pool.methods if label == UNSTEERED]
    found = [pool.find(label) for label in bases]
    return [(label, base) for base in found for label in pool.methods if label != base]


def _about_run(run: Run) -> dict[str, Any]:
    return {
        'folder': str(run.folder),
        'command': run.results.get('command', ''),
        'settings': run.settings.to_json(),
        'versions': run.results.get('versions', {}),
        'episodes': len(run.records),
        'missing': run.missing,
    }


def _notes(pool: Pool) -> list[str]:
    notes = [
        f'{run.folder} is not finished: {run.missing} episodes are missing.'
        for run in pool.runs
        if run.missing
    ]
    places = {label: {s.place for s in pool.of(label)} for label in pool.methods}
    everywhere = set().union(*places.values())
    partial = [label for label, at in places.items() if at != everywhere]
    if partial:
        notes.append(
            'Not every method ran on the same episodes; of '
            f'{len(everywhere)}, '
            + ', '.join(f'`{label}` has {len(places[label])}' for label in partial)
            + '. Their rates cannot be compared; the paired comparisons can.'
        )
    return [*notes, *_unequal_seeds(pool)]


def _unequal_seeds(pool: Pool) -> list[str]:
    """Seeds that did not run on the same episodes as the others of their kind."""
    places = [sample.place for sample in pool.samples]
    kinds: dict[str, list[tuple[Any, Place]]] = {
        'training': [(place.checkpoint, place._replace(checkpoint='')) for place in places],
        'evaluation': [(place.seed, place._replace(seed=0)) for place in places],
    }
    notes = []
    for kind, seen in kinds.items():
        episodes: dict[Any, set[Place]] = {}
        for seed, place in seen:
            episodes.setdefault(seed, set()).add(place)
        if all(ran == next(iter(episodes.values())) for ran in episodes.values()):
            continue
        counts = ', '.join(f'{seed} on {len(ran)}' for seed, ran in episodes.items())
        notes.append(
            f'Not every {kind} seed ran on the same episodes: {counts}. '
            'Their rates cannot be compared.'
        )
    return notes
