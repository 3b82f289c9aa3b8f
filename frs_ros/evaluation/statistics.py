# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of success rates, and tests of their difference."""

from __future__ import annotations

import math

Interval = tuple[float, float]

# Two-sided 95 % quantile of the standard normal distribution.
Z95 = 1.959963984540054


def wilson95(successes: int, trials: int) -> Interval:
    """Wilson score interval of a binomial proportion (E. B. Wilson, 1927), 95 %, two-sided.

    Unlike the normal approximation it stays within [0, 1] and is not empty at 0 or all successes.

    Args:
        successes: Number of successes, 0 to `trials`.
        trials: Number of independent trials; with 0 nothing is known: (0, 1).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f'{successes} successes in {trials} trials')
    if trials == 0:
        return 0.0, 1.0
    p, z2 = successes / trials, Z95**2
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 / (1 + z2 / trials) * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    # At the ends the closed form is exact only up to rounding.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return low, high


def disjoint(a: Interval, b: Interval) -> bool:
    """Whether two intervals (low, high) have no point in common."""
    return a[1] < b[0] or b[1] < a[0]


def sign_test(wins: int, losses: int) -> float:
    """Two-sided p-value of the exact McNemar test: the sign test of the pairs that differ.

    Args:
        wins: Pairs of which only the first succeeded.
        losses: Pairs of which only the second did.
    """
    if min(wins, losses) < 0:
        raise ValueError(f'{wins} wins and {losses} losses')
    pairs, fewer = wins + losses, min(wins, losses)
    tail = sum(math.comb(pairs, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / 2**pairs)


def paired_difference95(wins: int, losses: int, pairs: int) -> Interval:
    """Interval of the difference of two success rates over the same trials, 95 %, two-sided.

    The adjusted Wald interval of D. G. Bonett and R. M. Price (2012): one pair is added to each of
    the two kinds that differ, so that it is not empty where no pair differs.

    Args:
        wins: Pairs of which only the first succeeded.
        losses: Pairs of which only the second did.
        pairs: All pairs; with 0 nothing is known: (-1, 1).
    """
    if min(wins, losses) < 0 or wins + losses > pairs:
        raise ValueError(f'{wins} wins and {losses} losses in {pairs} pairs')
    if pairs == 0:
        return -1.0, 1.0
    p, q = (wins + 1) / (pairs + 2), (losses + 1) / (pairs + 2)
    half = Z95 * math.sqrt((p + q - (p - q) ** 2) / (pairs + 2))
    return max(-1.0, p - q - half), min(1.0, p - q + half)
