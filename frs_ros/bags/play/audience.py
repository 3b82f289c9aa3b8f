# SPDX-License-Identifier: Apache-2.0
"""Whether those who are to listen are there, before something begins that comes once."""

from __future__ import annotations

from frs_ros.errors import DataError

SETTLE = 0.5  # s without a new listener: the discovery of a graph on one machine is over
AT_MOST = 3.0  # s of waiting for nobody in particular


class Audience:
    """Watches the number of listeners; times are in seconds of any clock.

    Args:
        wanted: How many are waited for; 0 for whoever is there: until the number has not changed
            for `SETTLE`, and no longer than `AT_MOST`.
        limit: How long to wait for those that are wanted.
        now: When the waiting begins.
    """

    def __init__(self, wanted: int, limit: float, now: float) -> None:
        self._wanted, self._limit = wanted, limit
        self._begun = self._since = now
        self._count = 0

    def complete(self, count: int, now: float) -> bool:
        """Whether it may begin, with `count` listeners now; DataError when the limit is over."""
        if count != self._count:
            self._count, self._since = count, now
        settled = now - self._since >= SETTLE
        waited = now - self._begun
        if not self._wanted:
            return settled or waited >= AT_MOST
        if count >= self._wanted:
            return settled
        if waited >= self._limit:
            raise DataError(
                f'{count} of {self._wanted} subscribers were there after {waited:.0f} s; start '
                'them first, or wait for fewer'
            )
        return False
