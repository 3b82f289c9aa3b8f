# SPDX-License-Identifier: Apache-2.0
"""Reads the fault table of docs/safety.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

COLUMNS = 6


@dataclass(frozen=True)
class FaultRow:
    """A row.

    Attributes:
        fault: What goes wrong.
        hold: s from the input being overdue to HOLD, None if the arm does not hold.
        stop: s until STOPPED or FAULT, None if it does not come to that.
        line: What the operator sees; `…` stands for whatever changes.
        tests: Names of the tests.
    """

    fault: str
    hold: float | None
    stop: float | None
    line: str
    tests: tuple[str, ...]

    def says(self, text: str) -> bool:
        """Whether this is the line."""
        pattern = '.*'.join(re.escape(part) for part in self.line.split('…'))
        assert re.fullmatch(pattern, text), f'{text!r} is not {self.line!r}'
        return True


def fault_rows(document: Path) -> list[FaultRow]:
    """The rows between the marks in the document."""
    text = document.read_text()
    table = text.split('<!-- fault table -->')[1].split('<!-- end of the fault table -->')[0]
    rows = []
    for line in table.strip().splitlines()[2:]:
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        assert len(cells) == COLUMNS, line
        fault, hold, stop, sees, _, tests = cells
        said = re.findall(r'`(.+?)`', sees)
        names = tuple(re.findall(r'`(test_\w+)`', tests))
        rows.append(FaultRow(fault, _seconds(hold), _seconds(stop), said[0], names))
    return rows


def _seconds(cell: str) -> float | None:
    found = re.match(r'([\d.]+) s', cell)
    return float(found.group(1)) if found else None
