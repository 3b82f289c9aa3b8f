# SPDX-License-Identifier: Apache-2.0
"""What an evaluation consists of: tasks x init states x checkpoints x methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.evaluation.conditions import DEFAULTS, Conditions
from frs_ros.evaluation.method import Method
from frs_ros.text import shown

LAYOUTS = ('stock', 'shuffled')
STOCK, OTHER = 'stock', 'other'
MOST_TRIALS = 1_000_000  # per task; there are 50 init states
TARGETS = (STOCK, OTHER)  # or the type of an object


@dataclass(frozen=True)
class Job:
    """One episode to run; `checkpoint` is an index into the settings' checkpoints."""

    task_id: int
    init_id: int
    method: str
    checkpoint: int = 0

    def __str__(self) -> str:
        policy = f', checkpoint {self.checkpoint}' if self.checkpoint else ''
        return f'task {self.task_id}, init state {self.init_id}, method {self.method}{policy}'


@dataclass(frozen=True)
class EvaluationSettings:
    """Everything the results of an evaluation depend on, except for speed.

    Attributes:
        suite: LIBERO suite.
        tasks: Task numbers.
        methods: Methods to compare.
        conditions: Common to all methods that do not set others.
        trials: Episodes per task, checkpoint and method, from consecutive init states.
        first_init: First init state.
        seed: Seed of all random draws.
        assets: 'auto', 'stock', 'standin' or a folder.
        checkpoints: 'mini' or paths; several are training seeds of one policy.
        layout: 'stock', or 'shuffled' to move the objects elsewhere, see `sim.layouts`.
        target: 'stock', 'other' to fetch other objects that the policy has a name for, or the type
            of the object to fetch, such as 'milk'.
        digests: SHA-256 of each checkpoint, so that a resumed evaluation cannot mix two.
        distilled: Likewise of the checkpoints that methods name in their options.
    """

    suite: str
    tasks: tuple[int, ...]
    methods: tuple[Method, ...]
    conditions: Conditions = field(default_factory=Conditions)
    trials: int = 10
    first_init: int = 0
    seed: int = 7
    assets: str = 'auto'
    checkpoints: tuple[str, ...] = ('mini',)
    layout: str = 'stock'
    target: str = 'stock'
    digests: tuple[str, ...] = ()
    distilled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choose('layout', self.layout, LAYOUTS)
        if not self.methods or not self.tasks or not self.checkpoints or self.trials < 1:
            raise ConfigError(
                'nothing to evaluate: give at least one task, method, checkpoint and trial'
            )
        labels = [method.full_label(self.conditions) for method in self.methods]
        for listed in (labels, self.tasks, self.digests or self.checkpoints):
            if len(set(listed)) != len(listed):
                twice = next(item for item in listed if list(listed).count(item) > 1)
                raise ConfigError(
                    f"a task, method or checkpoint is listed twice: '{twice}'; name each once"
                )
        if self.seed < 0 or self.first_init < 0:
            raise ConfigError('seed and first init state must not be negative')

    @property
    def named_target(self) -> str:
        """Type of the object to fetch, '' if none is named."""
        return '' if self.target in TARGETS else self.target

    def methods_of_tasks(self) -> list[Method]:
        """The methods, each as often as it differs between tasks."""
        found: list[Method] = []
        for method in (m.of_task(i, self.target) for m in self.methods for i in self.tasks):
            if method not in found:
                found.append(method)
        return found

    @property
    def distilled_files(self) -> list[Path]:
        """Checkpoints that methods name in their options, in the order of `distilled`."""
        options = [method.options for method in self.methods_of_tasks()]
        return [Path(named['checkpoint']) for named in options if 'checkpoint' in named]

    @property
    def init_ids(self) -> range:
        """The init states used, the same for every task and method."""
        return range(self.first_init, self.first_init + self.trials)

    def jobs(self) -> list[Job]:
        """All episodes, by task, checkpoint, then init state: early results compare methods."""
        return [
            Job(task_id, init_id, method.label, checkpoint)
            for task_id in self.tasks
            for checkpoint in range(len(self.checkpoints))
            for init_id in self.init_ids
            for method in self.methods
        ]

    def method(self, label: str) -> Method:
        """The method with this label."""
        return next(method for method in self.methods if method.label == label)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON: conditions flat, methods as labels, checkpoints with commas."""
        values = asdict(self)
        values |= values.pop('conditions')
        values['tasks'] = list(self.tasks)
        values['methods'] = [method.label for method in self.methods]
        values['checkpoint'] = ','.join(values.pop('checkpoints'))
        values['checkpoint_sha256'] = ','.join(values.pop('digests'))
        distilled = ','.join(values.pop('distilled'))
        if distilled:
            values['distilled_sha256'] = distilled
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EvaluationSettings:
        """Reads what `to_json` made, also of versions that knew fewer settings.

        Raises:
            ConfigError, KeyError, TypeError, AttributeError: Something is missing or misshapen.
        """
        _check_types(values)
        read = {**values}
        conditions = {key: read.pop(key) for key in DEFAULTS if key in read}
        digests, distilled = (read.pop(f'{k}_sha256', '') for k in ('checkpoint', 'distilled'))
        return cls(
            **read
            | {
                'tasks': tuple(read['tasks']),
                'methods': tuple(Method.parse(label) for label in read['methods']),
                'conditions': Conditions(**conditions),
                'checkpoints': tuple(read.pop('checkpoint').split(',')),
                'digests': tuple(digests.split(',')) if digests else (),
                'distilled': tuple(distilled.split(',')) if distilled else (),
            }
        )


def _check_types(values: Mapping[str, Any]) -> None:
    """ConfigError if a value is of another type than `to_json` writes, or endless."""
    for name in ('suite', 'assets', 'layout', 'target', 'checkpoint'):
        if not isinstance(values.get(name, ''), str):
            raise ConfigError(f'{name} must be a text, not {shown(values[name])}')
    counts = {name: [values.get(name, 0)] for name in ('trials', 'first_init', 'seed')}
    for name, listed in {**counts, 'tasks': values['tasks']}.items():
        if not isinstance(listed, list) or not all(type(number) is int for number in listed):
            raise ConfigError(f'{name} must be of whole numbers, not {shown(listed)}')
    if values.get('trials', 0) > MOST_TRIALS:
        raise ConfigError(f'{shown(values["trials"])} trials are no evaluation')


def check_init_states(settings: EvaluationSettings, available: int) -> None:
    """ConfigError if a task with `available` init states has too few of them."""
    last = settings.init_ids[-1]
    if last >= available:
        raise ConfigError(
            f'--first-init {settings.first_init} --trials {settings.trials} needs init states up '
            f'to {last}, but there are only 0 to {available - 1}; lower one of the two'
        )
