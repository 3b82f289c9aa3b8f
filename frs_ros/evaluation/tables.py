# SPDX-License-Identifier: Apache-2.0
"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frs_ros.text import one_line


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as a Markdown table; the keys are the head."""
    head = list(rows[0])
    lines = [head, ['---'] * len(head), *([_cell(row[key]) for key in head] for row in rows)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _cell(value: Any) -> str:
    """Text of one cell: labels and paths of others may neither end it nor its row."""
    return one_line(value, 500).replace('|', '\\|')
