# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of success rates."""

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
