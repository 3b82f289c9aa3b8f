# SPDX-License-Identifier: Apache-2.0
"""The episodes of a demonstration: each init state without and with steering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.bags.episodes.tape import Tape
from frs_ros.errors import DataError
from frs_ros.steering.base import episode_seed

UNSTEERED, STEERED = 'unsteered', 'steered'
METHODS = {UNSTEERED: 'base', STEERED: 'frs'}
TITLES = {
    UNSTEERED: 'unsteered: the policy alone',
    STEERED: 'steered: FRS with oracle guidance',
}


@dataclass(frozen=True)
class DemoSettings:
    """What a demonstration shows.

    Attributes:
        suite: LIBERO suite.
        task_id: Task within it.
        instruction: The task in words.
        first_init: First init state.
        trials: Number of init states.
        seed: Seed of all random draws.
        checkpoint: 'mini' or a path.
        assets: 'auto', 'stock', 'standin' or a folder.
        max_steps: Control steps after which an episode has failed; 0 for the suite's limit.
        control_hz: Control rate.
        view_every: Control steps between two images.
    """

    suite: str
    task_id: int
    instruction: str
    first_init: int
    trials: int
    seed: int
    checkpoint: str
    assets: str
    max_steps: int = 0
    control_hz: float = 20.0
    view_every: int = 2

    @property
    def init_ids(self) -> range:
        """The init states."""
        return range(self.first_init, self.first_init + self.trials)

    @property
    def headline(self) -> str:
        """The task in one line."""
        return f'{self.suite} task {self.task_id}: “{self.instruction}”'


@dataclass(frozen=True)
class Pair:
    """One init state without and with steering."""

    init_id: int
    tapes: Mapping[str, Tape]


def pair_up(settings: DemoSettings, tapes: Mapping[str, Sequence[Tape]]) -> list[Pair]:
    """Finds the tapes of each init state by their seeds.

    Raises:
        DataError: An episode is missing, or nothing was seen of it.
    """
    pairs = []
    for init_id in settings.init_ids:
        seed = episode_seed(settings.seed, settings.suite, settings.task_id, init_id)
        of_init = {
            side: next((t for t in tapes[side] if t.end.seed == seed), None) for side in METHODS
        }
        for side, tape in of_init.items():
            if tape is None or not tape.plans or not tape.frames:
                what = 'was not heard of' if tape is None else 'has no plans or no images'
                raise DataError(
                    f'the {side} episode from init state {init_id} {what}; run the command again'
                )
        pairs.append(Pair(init_id, {side: tape for side, tape in of_init.items() if tape}))
    return pairs


def rows(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """One row of numbers per episode."""
    found = []
    for pair in pairs:
        for side, tape in pair.tapes.items():
            times = [plan.report.plan_time for plan in tape.plans if plan.report]
            found.append(
                {
                    'init_id': pair.init_id,
                    'side': side,
                    'method': METHODS[side],
                    'success': tape.success,
                    'outcome': tape.verdict,
                    'steps': tape.end.steps,
                    'plans': len(tape.plans),
                    'nfe': tape.nfe,
                    'plan_ms_mean': round(1e3 * float(np.mean(times)), 3) if times else None,
                }
            )
    return found


def successes(pairs: Sequence[Pair], side: str) -> int:
    """How many episodes of one side solved the task."""
    return sum(pair.tapes[side].success for pair in pairs)


def table(pairs: Sequence[Pair]) -> str:
    """The rows as text, then the totals."""
    head = ('init state', 'method', 'outcome', 'steps', 'plans', 'NFE', 'ms per plan')
    lines = [head]
    for row in rows(pairs):
        ms = row['plan_ms_mean']
        numbers = (str(row[key]) for key in ('steps', 'plans', 'nfe'))
        name = f'{row["side"]} ({row["method"]})'
        cells = (str(row['init_id']), name, row['outcome'], *numbers)
        lines.append((*cells, '-' if ms is None else f'{ms:.1f}'))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = ['  '.join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines]
    return '\n'.join([*text, verdict(pairs)])


def verdict(pairs: Sequence[Pair]) -> str:
    """What came out, as it is."""
    without, with_ = successes(pairs, UNSTEERED), successes(pairs, STEERED)
    n = len(pairs)
    line = f'solved: {without} of {n} unsteered, {with_} of {n} steered'
    return line if with_ > without else f'{line}; steering did not help in these episodes'
