# SPDX-License-Identifier: Apache-2.0
"""What an evaluation consists of: tasks x init states x methods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from frs_ros.errors import ConfigError, choose

GUIDANCES = ('oracle', 'none')
INSTRUCTIONS = ('task', 'none')
LAYOUTS = ('stock', 'shuffled')
TARGETS = ('stock', 'other')


@dataclass(frozen=True)
class Method:
    """A steering method with the magnitude of its guidance.

    Attributes:
        label: As the user wrote it, such as 'direct@0.5'.
        name: Name of the steerer, such as 'direct'.
        magnitude: Speed of the guidance in (0, 1] of full command.
    """

    label: str
    name: str
    magnitude: float = 1.0

    @classmethod
    def parse(cls, text: str, known: Iterable[str]) -> Method:
        """Reads 'NAME' or 'NAME@MAGNITUDE'; ConfigError if the name is not one of `known`."""
        name, at, number = text.partition('@')
        choose('method', name, known)
        if not at:
            return cls(text, name)
        try:
            magnitude = float(number)
        except ValueError:
            magnitude = -1.0
        if not 0 < magnitude <= 1:
            raise ConfigError(
                f"method '{text}': the guidance magnitude after @ is a number in (0, 1], "
                f"such as '{name}@0.5'"
            )
        return cls(text, name, magnitude)


@dataclass(frozen=True)
class Job:
    """One episode to run."""

    task_id: int
    init_id: int
    method: str

    def __str__(self) -> str:
        return f'task {self.task_id}, init state {self.init_id}, method {self.method}'


@dataclass(frozen=True)
class EvaluationSettings:
    """Everything the results of an evaluation depend on, except for speed.

    Attributes:
        suite: LIBERO suite.
        tasks: Task numbers.
        methods: Methods to compare.
        guidance: One of GUIDANCES.
        trials: Episodes per task and method, from consecutive init states.
        first_init: First init state.
        seed: Seed of all random draws.
        assets: 'auto', 'stock', 'standin' or a folder.
        checkpoint: 'mini' or a path.
        instruction: 'task' gives the policy the task's words, 'none' withholds them.
        layout: 'stock', or 'shuffled' to move the objects elsewhere, see `sim.layouts`.
        target: 'stock', or 'other' to fetch other objects that the policy has a name for.
        checkpoint_sha256: Digest of the weights, so that a resumed evaluation cannot mix two.
    """

    suite: str
    tasks: tuple[int, ...]
    methods: tuple[Method, ...]
    guidance: str = 'oracle'
    trials: int = 10
    first_init: int = 0
    seed: int = 7
    assets: str = 'auto'
    checkpoint: str = 'mini'
    instruction: str = 'task'
    layout: str = 'stock'
    target: str = 'stock'
    checkpoint_sha256: str = ''

    def __post_init__(self) -> None:
        choose('guidance', self.guidance, GUIDANCES)
        choose('instruction', self.instruction, INSTRUCTIONS)
        choose('layout', self.layout, LAYOUTS)
        choose('target', self.target, TARGETS)
        labels = [method.label for method in self.methods]
        if len(set(labels)) != len(labels) or len(set(self.tasks)) != len(self.tasks):
            raise ConfigError('a task or method is listed twice; name each once')
        if not labels or not self.tasks or self.trials < 1:
            raise ConfigError('nothing to evaluate: give at least one task, method and trial')
        if self.seed < 0 or self.first_init < 0:
            raise ConfigError('seed and first init state must not be negative')

    @property
    def init_ids(self) -> range:
        """The init states used, the same for every task and method."""
        return range(self.first_init, self.first_init + self.trials)

    def jobs(self) -> list[Job]:
        """All episodes, ordered by task, then init state: early results compare methods."""
        return [
            Job(task_id, init_id, method.label)
            for task_id in self.tasks
            for init_id in self.init_ids
            for method in self.methods
        ]

    def method(self, label: str) -> Method:
        """The method with this label."""
        return next(method for method in self.methods if method.label == label)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; methods as their labels."""
        values = asdict(self)
        values['tasks'] = list(self.tasks)
        values['methods'] = [method.label for method in self.methods]
        return values


def check_init_states(settings: EvaluationSettings, available: int) -> None:
    """ConfigError if a task with `available` init states has too few of them."""
    last = settings.init_ids[-1]
    if last >= available:
        raise ConfigError(
            f'--first-init {settings.first_init} --trials {settings.trials} needs init states up '
            f'to {last}, but there are only 0 to {available - 1}; lower one of the two'
        )
