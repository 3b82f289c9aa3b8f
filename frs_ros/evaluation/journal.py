# SPDX-License-Identifier: Apache-2.0
"""The file of finished episodes, written as they finish, from which an evaluation resumes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from frs_ros.documents import parse_json, read_json
from frs_ros.errors import ConfigError, DataError
from frs_ros.evaluation.conditions import DEFAULTS
from frs_ros.evaluation.episode import EpisodeResult
from frs_ros.evaluation.settings import EvaluationSettings, Job
from frs_ros.files import append_line, make_folder, write_atomically
from frs_ros.text import one_line, shown

SETTINGS_FILE = 'settings.json'
EPISODES_FILE = 'episodes.jsonl'
MOST = 1e15  # of any number in it


@dataclass(frozen=True)
class EpisodeRecord:
    """The lasting part of an episode's result: one line of `episodes.jsonl`.

    Attributes:
        nfe: Velocity evaluations of all plans.
        plan_ms: Wall time of each plan, milliseconds.
        steered_share: Share of plans made under an active guidance.
        diagnostics: Means of the plans' diagnostics over the episode.
        checkpoint: Index into the settings' checkpoints.
    """

    task_id: int
    init_id: int
    method: str
    success: bool
    steps: int
    outcome: str
    first_lifted: str | None
    plans: int
    nfe: int
    plan_ms: tuple[float, ...]
    steered_share: float
    diagnostics: dict[str, float]
    checkpoint: int = 0

    @property
    def job(self) -> Job:
        """The job this is the result of."""
        return Job(self.task_id, self.init_id, self.method, self.checkpoint)

    @classmethod
    def from_json(cls, line: str) -> EpisodeRecord:
        """Reads a line of `episodes.jsonl`; TypeError or DataError if it is damaged."""
        record = cls(**parse_json(line, 'line'))
        wrong = [n for n, fits in _FITS.items() if not all(map(fits, _values(record, n)))]
        if wrong:
            raise TypeError(f'{wrong[0]} is {shown(getattr(record, wrong[0]))}')
        return replace(record, plan_ms=tuple(record.plan_ms))

    def to_json(self) -> str:
        """One line of `episodes.jsonl`."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def of(cls, job: Job, result: EpisodeResult) -> EpisodeRecord:
        """Keeps the numbers and drops the chunks."""
        names = sorted({name for plan in result.plans for name in plan.diagnostics})
        means = {name: result.mean_diagnostic(name) for name in names}
        return cls(
            job.task_id,
            job.init_id,
            job.method,
            result.success,
            result.steps,
            result.outcome,
            result.first_lifted,
            len(result.plans),
            result.nfe,
            tuple(round(ms, 3) for ms in result.plan_ms),
            result.steered_share,
            {name: mean for name, mean in means.items() if mean is not None},
            job.checkpoint,
        )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(value) <= MOST  # type: ignore[arg-type]  # nor NaN


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# Attributes of a record -> what each value of it must be.
_FITS: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(('task_id', 'init_id', 'steps', 'plans', 'nfe', 'checkpoint'), _is_count),
    **dict.fromkeys(('plan_ms', 'steered_share', 'diagnostics'), _is_number),
    **dict.fromkeys(('method', 'outcome'), _is_text),
    'success': lambda value: isinstance(value, bool),
    'first_lifted': lambda value: value is None or _is_text(value),
}


def _values(record: EpisodeRecord, name: str) -> Iterable[object]:
    """What an attribute holds; a TypeError if it should hold several things and does not."""
    value = getattr(record, name)
    kind = {'plan_ms': list, 'diagnostics': dict}.get(name)
    if kind is not None and not isinstance(value, kind):
        raise TypeError(f'{name} is {shown(value)}')
    return value.values() if kind is dict else value if kind is list else [value]


class Journal:
    """Finished episodes of one evaluation in a folder.

    Attributes:
        records: Finished episodes by job.
    """

    def __init__(self, folder: Path, settings: EvaluationSettings) -> None:
        """Opens or starts the journal.

        Raises:
            ConfigError: The folder holds an evaluation with other settings.
            DataError: A file of the folder is damaged.
        """
        make_folder(folder)
        self._path = folder / EPISODES_FILE
        _claim(folder, settings)
        _cut_to_whole_lines(self._path)
        self.records = {record.job: record for record in read_records(self._path)}

    def append(self, record: EpisodeRecord) -> None:
        """Adds a finished episode, on disk when this returns."""
        append_line(self._path, record.to_json())
        self.records[record.job] = record


def read_records(path: Path) -> list[EpisodeRecord]:
    """The finished episodes of a file; a line without its end is not one.

    Raises:
        DataError: A line is damaged.
    """
    records = []
    for number, line in enumerate(_whole_lines(path), start=1):
        try:
            records.append(EpisodeRecord.from_json(line))
        except (TypeError, DataError) as error:
            raise DataError(
                f'{path}, line {number} is damaged; delete the line to run that episode again'
            ) from error
    return records


def _whole_lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding='utf-8') if path.exists() else ''
    except UnicodeDecodeError as error:
        raise DataError(f'{path} is damaged: {one_line(error)}') from error
    return text[: text.rfind('\n') + 1].splitlines()


def _cut_to_whole_lines(path: Path) -> None:
    """Removes a line that was cut off by a kill: that episode is run again."""
    whole = ''.join(f'{line}\n' for line in _whole_lines(path))
    if path.exists() and path.read_text(encoding='utf-8') != whole:
        write_atomically(path, whole)


def _claim(folder: Path, asked: EvaluationSettings) -> None:
    """Writes the settings of an evaluation, or checks that they are those it has begun with."""
    path, episodes = folder / SETTINGS_FILE, folder / EPISODES_FILE
    settings = asked.to_json()
    begun = bool(_whole_lines(episodes))
    old = _begun_with(path) if begun else None
    if old is None:
        if begun:
            _check_kept(path, asked, read_records(episodes))
        write_atomically(path, json.dumps(settings, indent=2) + '\n')
        return
    # A setting that an older version did not know was at its default.
    old = {**DEFAULTS, **old}
    keys = [key for key in settings if old.get(key) != settings[key]]
    if keys:
        differences = '; '.join(
            f'{key} was {one_line(old.get(key), 80)}, is {one_line(settings[key], 80)}'
            for key in keys
        )
        raise ConfigError(
            f'{path.parent} holds an evaluation with other settings ({differences}); '
            'choose another --out folder'
        )


def _begun_with(path: Path) -> dict[str, Any] | None:
    """The settings in a file; None if it is missing or damaged, as older versions left it."""
    try:
        old = read_json(path)
    except DataError:
        return None
    return old if isinstance(old, dict) else None


def _check_kept(path: Path, asked: EvaluationSettings, records: list[EpisodeRecord]) -> None:
    """Checks that kept episodes are those of the settings asked for, as far as they tell."""
    jobs = set(asked.jobs())
    other = [record.job for record in records if record.job not in jobs]
    if other:
        raise DataError(
            f'{path} is missing or damaged, and {EPISODES_FILE} holds episodes of other settings, '
            f'such as {other[0]}; choose another --out folder'
        )
    print(
        f'{path} was missing or damaged; it is written anew with the settings of this command, to '
        f'which all {len(records)} episodes belong that are kept',
        file=sys.stderr,
    )
