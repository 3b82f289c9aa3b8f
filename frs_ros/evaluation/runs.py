# SPDX-License-Identifier: Apache-2.0
"""Evaluations read back from their folders and pooled: over runs, suites and seeds."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frs_ros.documents import read_json
from frs_ros.errors import ConfigError, DataError
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.journal import (
    EPISODES_FILE,
    SETTINGS_FILE,
    EpisodeRecord,
    read_records,
)
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.samples import Place, Sample, checkpoint_names, samples_of
from frs_ros.evaluation.settings import EvaluationSettings
from frs_ros.steering.options import split_outside
from frs_ros.text import one_line

RESULTS_FILE = 'results.json'
_NO_SETTINGS = (DataError, ConfigError, ValueError, KeyError, TypeError, AttributeError)
# Runs that differ in one of these are different experiments, not parts of one.
WORLD = ('layout', 'assets')


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        folder: Where it lies.
        settings: What was evaluated.
        records: What is finished.
        results: Its `results.json`, empty if it was stopped before its end.
    """

    folder: Path
    settings: EvaluationSettings
    records: list[EpisodeRecord]
    results: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """Episodes still to be run."""
        return len(self.settings.jobs()) - len(self.records)


@dataclass(frozen=True)
class Pool:
    """Episodes of one or more runs.

    Attributes:
        runs: The runs.
        samples: Their episodes, by full labels of the methods.
        methods: Method and conditions by full label, in order of appearance.
    """

    runs: Sequence[Run]
    samples: Sequence[Sample]
    methods: Mapping[str, tuple[Method, Conditions]]

    def of(self, label: str) -> list[Sample]:
        """The episodes of one method."""
        return [sample for sample in self.samples if sample.method == label]

    def find(self, text: str) -> str:
        """The full label of a method, however it is written; ConfigError if there is none."""
        asked = Method.parse(text)
        for common in (Conditions(), *(run.settings.conditions for run in self.runs)):
            label = asked.full_label(common)
            if label in self.methods:
                return label
        raise ConfigError(
            f"method '{text}' was not evaluated; there are: {', '.join(self.methods)}"
        )

    def only(self, text: str) -> Pool:
        """The methods of a list, in its order."""
        labels = [self.find(part) for part in split_outside(text)]
        samples = [sample for sample in self.samples if sample.method in labels]
        return Pool(self.runs, samples, {label: self.methods[label] for label in labels})


def read_run(folder: Path) -> Run:
    """Reads the folder of an evaluation, finished or not.

    Raises:
        DataError: It holds none, or a file is damaged.
    """
    file = folder / SETTINGS_FILE
    if not file.is_file():
        raise DataError(f'{folder} holds no evaluation; make one with frs eval --out')
    results = _results(folder / RESULTS_FILE)
    settings = _settings(file, results)
    labels = {method.label for method in settings.methods}
    records = read_records(folder / EPISODES_FILE)
    if not records:
        raise DataError(f'{folder} holds no finished episode yet')
    for record in records:
        if record.method not in labels or record.checkpoint >= len(settings.checkpoints):
            raise DataError(f'{folder}: {EPISODES_FILE} does not belong to {SETTINGS_FILE}')
    by_job = {record.job: record for record in records}
    return Run(folder, settings, list(by_job.values()), results)


def _settings(file: Path, results: Mapping[str, Any]) -> EvaluationSettings:
    """The settings of an evaluation; of a damaged file those that its results repeat."""
    try:
        return EvaluationSettings.from_json(read_json(file))
    except _NO_SETTINGS as error:
        reason = one_line(error)
    try:
        settings = EvaluationSettings.from_json(results['settings'])
    except _NO_SETTINGS:
        raise DataError(
            f'{file} is damaged or of another version: {reason}; the same frs eval command writes '
            'it anew and keeps the episodes'
        ) from None
    print(f'{file} is damaged; its settings are read from {RESULTS_FILE}', file=sys.stderr)
    return settings


def _results(file: Path) -> dict[str, Any]:
    """What `frs eval` wrote at its end; empty if that is missing or damaged.

    All that is counted is in the episodes.
    """
    try:
        read = read_json(file) if file.is_file() else {}
    except DataError as error:
        print(f'{one_line(error)}; reported from the episodes alone', file=sys.stderr)
        return {}
    return read if isinstance(read, dict) else {}


def pool(runs: Sequence[Run]) -> Pool:
    """Puts runs together; an episode that several of them ran counts once.

    Raises:
        ConfigError: The runs are different experiments.
        DataError: The same episode ended differently in two runs.
    """
    _check_same_world(runs)
    _check_same_distilled(runs)
    names = _checkpoint_names(runs)
    samples: dict[tuple[str, Place], tuple[Sample, Path]] = {}
    methods: dict[str, tuple[Method, Conditions]] = {}
    for run in runs:
        common = run.settings.conditions
        labels = {method.label: method.full_label(common) for method in run.settings.methods}
        for method in run.settings.methods:
            methods.setdefault(labels[method.label], (method, method.under(common)))
        for sample in samples_of(run.records, run.settings, labels, names[run.folder]):
            key = (sample.method, sample.place)
            known, folder = samples.setdefault(key, (sample, run.folder))
            if _happened(known) != _happened(sample):
                raise DataError(
                    f'{sample.record.job} ended differently in {folder} and {run.folder}; '
                    'report them apart'
                )
    return Pool(runs, [sample for sample, _ in samples.values()], methods)


def _happened(sample: Sample) -> tuple[bool, int, str]:
    return sample.record.success, sample.record.steps, sample.record.outcome


def _check_same_world(runs: Sequence[Run]) -> None:
    first = runs[0]
    for run in runs[1:]:
        for name in WORLD:
            ours, theirs = (getattr(r.settings, name) for r in (first, run))
            if ours != theirs:
                raise ConfigError(
                    f'{name} is {ours} in {first.folder} and {theirs} in {run.folder}; '
                    'report them apart'
                )


def _check_same_distilled(runs: Sequence[Run]) -> None:
    """ConfigError if what a method learned was learned anew in between, under the same name."""
    known: dict[Path, tuple[str, Path]] = {}
    for run in runs:
        for file, digest in zip(run.settings.distilled_files, run.settings.distilled):
            before, folder = known.setdefault(file, (digest, run.folder))
            if before != digest:
                raise ConfigError(
                    f'{file} was another one in {folder} than in {run.folder}; report them apart'
                )


def _checkpoint_names(runs: Sequence[Run]) -> dict[Path, list[str]]:
    """Names of the checkpoints of each run; the same weights have one name, however called."""
    digests = {run.folder: run.settings.digests or run.settings.checkpoints for run in runs}
    called: dict[str, str] = {}  # path by digest
    for run in runs:
        for digest, path in zip(digests[run.folder], run.settings.checkpoints):
            called.setdefault(digest, path)
    names = dict(zip(called, checkpoint_names(list(called.values()))))
    often = Counter(names.values())
    named = {d: name if often[name] == 1 else f'{name} {d[:8]}' for d, name in names.items()}
    return {folder: [named[digest] for digest in found] for folder, found in digests.items()}
