# SPDX-License-Identifier: Apache-2.0
"""The report: a table for people and a record for machines."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from frs_ros.doctor.finding import PARTS, Finding, Level

_COLOURS = {Level.OK: '32', Level.WARN: '33', Level.FAIL: '1;31', Level.SKIP: '90'}
_BOLD = '1'
_NAME_WIDTH = 18
_INDENT = 2 + 4 + 2 + _NAME_WIDTH + 1
_NARROW = 60  # columns; a narrower terminal wraps by itself


def block(part: str, findings: Sequence[Finding], *, colour: bool, width: int) -> str:
    """The lines of one part.

    Args:
        part: Its name.
        findings: What was found.
        colour: Whether to use the terminal's colours.
        width: Columns of the terminal.
    """
    lines = [f'{_paint(part, _BOLD, colour)}: {PARTS[part][0]}']
    for finding in findings:
        plain = f'  {finding.level.value:4}  {finding.name:{_NAME_WIDTH}} '
        first, *rest = _wrapped(plain + finding.what, ' ' * _INDENT, width)
        level = _paint(finding.level.value, _COLOURS[finding.level], colour)
        lines += [f'  {level}{first[2 + len(finding.level.value) :]}', *rest]
        if finding.fix:
            lines += _wrapped(' ' * _INDENT + f'-> {finding.fix}', ' ' * (_INDENT + 3), width)
    return '\n'.join(lines) + '\n'


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    """Lines of at most `width` columns; those after the first are indented."""
    return textwrap.wrap(
        text,
        max(width, _NARROW),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paint(text: str, code: str, colour: bool) -> str:
    return f'\x1b[{code}m{text}\x1b[0m' if colour else text


def summary(findings: Sequence[Finding], judged_for: str, *, colour: bool) -> str:
    """The last line: how many of each, and whether that is enough."""
    counts = tally(findings)
    numbers = ', '.join(f'{number} {level}' for level, number in counts.items())
    failed = counts['fail'] > 0
    verdict = f'not ready for {judged_for}' if failed else f'nothing in the way of {judged_for}'
    level = Level.FAIL if failed else Level.OK
    return f'{numbers}: {_paint(verdict, _COLOURS[level], colour)}'


def tally(findings: Sequence[Finding]) -> dict[str, int]:
    """Level -> number of findings, all levels."""
    counted = Counter(finding.level for finding in findings)
    return {level.value: counted[level] for level in Level}


def to_json(
    findings: Sequence[Finding], judged_for: str, versions: Mapping[str, str]
) -> dict[str, Any]:
    """The record that `--json` writes.

    Returns:
        `ok` (bool: nothing failed), `judged_for` (words), `counts` (level -> number), `findings`
        (list of `part`, `name`, `level`, `what`, `fix`: all strings), `versions`.
    """
    return {
        'ok': tally(findings)['fail'] == 0,
        'judged_for': judged_for,
        'counts': tally(findings),
        'findings': [
            {
                'part': finding.part,
                'name': finding.name,
                'level': finding.level.value,
                'what': finding.what,
                'fix': finding.fix,
                'mend': finding.fix,  # its name until 0.2
            }
            for finding in findings
        ],
        'versions': dict(versions),
    }
