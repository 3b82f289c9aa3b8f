# SPDX-License-Identifier: Apache-2.0
"""Two methods compared on the same init states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frs_ros.evaluation.samples import Place, Sample
from frs_ros.evaluation.statistics import (
    disjoint,
    paired_difference95,
    sign_test,
    wilson95,
)

Comparison = dict[str, Any]


def compare(method: str, against: str, samples: Sequence[Sample]) -> Comparison | None:
    """What the first method solves and the second does not, and the other way round.

    Args:
        method: Label of the first method.
        against: Label of the second.
        samples: Episodes, also of others.

    Returns:
        None if they share no episode. The rates and `points`, the difference, are those over
        the pairs; `p_value` is that of the exact McNemar test, and takes the pairs as independent,
        which those of one init state with several seeds are only in part.
    """
    ours, theirs = _solved(method, samples), _solved(against, samples)
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return None
    wins = sum(ours[place] and not theirs[place] for place in both)
    losses = sum(theirs[place] and not ours[place] for place in both)
    counts = [sum(solved[place] for place in both) for solved in (ours, theirs)]
    low, high = paired_difference95(wins, losses, len(both))
    return {
        'method': method,
        'against': against,
        'pairs': len(both),
        'wins': wins,
        'losses': losses,
        'points': round(100 * (wins - losses) / len(both), 6),
        'points95': [round(100 * low, 6), round(100 * high, 6)],
        'p_value': float(f'{sign_test(wins, losses):.6g}'),
        'disjoint': disjoint(*(wilson95(count, len(both)) for count in counts)),
    }


def sentence(comparison: Mapping[str, Any]) -> str:
    """A comparison in words."""
    low, high = comparison['points95']
    overlap = 'do not overlap' if comparison['disjoint'] else 'overlap'
    return (
        f'{comparison["method"]} against {comparison["against"]}: '
        f'{comparison["points"]:+.0f} points ({low:+.0f} to {high:+.0f}), '
        f'p = {comparison["p_value"]:.2g}, {comparison["wins"]} won and {comparison["losses"]} '
        f'lost of {comparison["pairs"]} pairs; the 95 % intervals {overlap}'
    )


def _solved(method: str, samples: Sequence[Sample]) -> dict[Place, bool]:
    return {s.place: s.record.success for s in samples if s.method == method}
