# SPDX-License-Identifier: Apache-2.0
"""Whose requests a policy server answers: those of one node at a time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from frs_ros.robot.commanders import Commanders

SILENT = 1.5  # s without a request after which a node of the same name takes the place


class Requesters:
    """Tells a second requester from the successor of the one that is served.

    The first one is served until it is gone, or silent while one of the same node name asks, as a
    restarted controller does. Where nobody tells who asks (see `robot.commanders`), two that could
    be meant are both refused.
    """

    def __init__(self, census: Callable[[], Mapping[str, str]]) -> None:
        """Serves nobody yet; `census` is who publishes requests: id -> full name of its node."""
        self._census = census
        self._served, self._name = '', ''
        self._heard = self._asked = float('-inf')  # the one that is served; anyone at all
        self._unnamed = Commanders()

    def refusal(self, endpoint: str, now: float) -> str:
        """Why a request is not answered, one line; '' if it is.

        Args:
            endpoint: Id of its publisher, '' if that is not told.
            now: Monotonic, s.
        """
        if endpoint and endpoint == self._served:
            self._heard = now
            return ''
        present = self._census()
        line = self._of_known(endpoint, present, now) if endpoint else self._of_any(present, now)
        self._asked = now
        if not line:
            self._heard = now
        return line

    def _of_known(self, endpoint: str, present: Mapping[str, str], now: float) -> str:
        if endpoint not in present:
            return 'a request of a publisher that nobody knows is not answered'
        name = present[endpoint]
        silent = now - self._heard >= SILENT
        if self._served in present and not (silent and name == self._name):
            return (
                f'requests of {name or "a node not yet known"} are not answered: those of '
                f'{self._name or "another node"} are; end one of them'
            )
        self._served, self._name = endpoint, name
        return ''

    def _of_any(self, present: Mapping[str, str], now: float) -> str:
        if now - self._asked >= SILENT:  # those who were there
            self._unnamed.silent(now)
        self._unnamed.seen(present, now)
        names = self._unnamed.names
        if len(names) > 1:
            return f'{len(names)} nodes ask for plans ({", ".join(names)}); end all but one'
        self._unnamed.heard('', now)
        return ''
