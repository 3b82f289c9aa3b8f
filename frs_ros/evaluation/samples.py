# SPDX-License-Identifier: Apache-2.0
"""Finished episodes with what they were: the rows that tables and plots are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.journal import EpisodeRecord
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.settings import EvaluationSettings
from frs_ros.evaluation.statistics import wilson95

# Kinds of repetition: the list of their parts in `numbers`, and what names a part there.
SEEDS = {
    'training seeds': ('by_checkpoint', 'checkpoint'),
    'evaluation seeds': ('by_seed', 'seed'),
}


class Place(NamedTuple):
    """What methods have to share to be compared in pairs: the episode but for the method."""

    suite: str
    target: str
    checkpoint: str
    task_id: int
    init_id: int
    seed: int


@dataclass(frozen=True)
class Sample:
    """One episode.

    Attributes:
        method: Label of the method.
        suite: LIBERO suite.
        target: What is fetched, see `EvaluationSettings`.
        checkpoint: Which training seed, a name.
        seed: Seed of the evaluation.
        record: What happened.
    """

    method: str
    suite: str
    target: str
    checkpoint: str
    seed: int
    record: EpisodeRecord

    @property
    def place(self) -> Place:
        """The episode but for the method."""
        task_id, init_id = self.record.task_id, self.record.init_id
        return Place(self.suite, self.target, self.checkpoint, task_id, init_id, self.seed)


def samples_of(
    records: Iterable[EpisodeRecord],
    settings: EvaluationSettings,
    labels: Mapping[str, str],
    names: Sequence[str],
) -> list[Sample]:
    """The episodes of one evaluation.

    Args:
        records: Its records.
        settings: Its settings.
        labels: Name of each method by its label in the settings.
        names: Names of its checkpoints.
    """
    suite, target, seed = settings.suite, settings.target, settings.seed
    return [Sample(labels[r.method], suite, target, names[r.checkpoint], seed, r) for r in records]


def checkpoint_names(checkpoints: Sequence[str]) -> list[str]:
    """File names without endings, or whole paths where those are the same."""
    stems = [Path(path).stem for path in checkpoints]
    return stems if len(set(stems)) == len(stems) else list(checkpoints)


def about(label: str, method: Method, conditions: Conditions) -> dict[str, Any]:
    """What a method is, in each of its rows."""
    return {
        'method': label,
        'steerer': method.name,
        'options': dict(method.options),
        'magnitude': method.magnitude,
        'conditions': asdict(conditions),
    }


def numbers(samples: Sequence[Sample]) -> dict[str, Any]:
    """Counts, interval and means over some episodes; plans are weighted equally."""
    records = [sample.record for sample in samples]
    plans = sum(record.plans for record in records)
    outcomes = Counter(record.outcome for record in records)
    lifted = Counter(record.first_lifted or 'nothing' for record in records)
    diagnostics = sorted({name for record in records for name in record.diagnostics})
    return {
        **_rate(samples),
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
        'by_checkpoint': [
            {'checkpoint': name, **_rate([s for s in samples if s.checkpoint == name])}
            for name in sorted({sample.checkpoint for sample in samples})
        ],
        'by_seed': [
            {'seed': seed, **_rate([s for s in samples if s.seed == seed])}
            for seed in sorted({sample.seed for sample in samples})
        ],
    }


def _rate(samples: Sequence[Sample]) -> dict[str, Any]:
    successes, trials = sum(sample.record.success for sample in samples), len(samples)
    return {
        'successes': successes,
        'trials': trials,
        'rate': _rounded(successes / trials) if trials else None,
        'wilson95': [_rounded(bound) for bound in wilson95(successes, trials)],
    }


def _rounded(value: float) -> float:
    return round(value, 6)


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(float(np.mean(values))) if len(values) else None


def _median(values: Sequence[float]) -> float | None:
    return _rounded(float(np.median(values))) if len(values) else None
