# SPDX-License-Identifier: Apache-2.0
"""Tells two sources of one topic from a source that another one has succeeded. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

LASTS = 2.0  # s for which sources count as mixed after the last sign of it
REMEMBERED = 16  # sources of a topic


class Sources:
    """Watches from which publishers the messages of several topics come.

    A source that has started again is another one, and the one before never comes back, though
    the middleware may list it for a while (Fast DDS: 20 s after a kill). Of two that both publish,
    the one that was heard before comes back.
    """

    def __init__(self) -> None:
        self._heard: dict[Hashable, OrderedDict[str, None]] = {}  # the present one last
        self._mixed: dict[Hashable, float] = {}

    def heard(self, topic: Hashable, source: str, now: float) -> bool:
        """Takes in who a message came from; whether messages of several sources are mixed.

        Args:
            topic: What it is about.
            source: Id of its publisher; '' where the middleware does not tell, then never mixed.
            now: Seconds, monotonic.
        """
        if source:
            known = self._heard.setdefault(topic, OrderedDict())
            if source in known and next(reversed(known)) != source:
                self._mixed[topic] = now
            known[source] = None
            known.move_to_end(source)
            if len(known) > REMEMBERED:
                known.popitem(last=False)
        return self.mixed(topic, now)

    def mixed(self, topic: Hashable, now: float) -> bool:
        """Whether messages of several sources came lately."""
        return now - self._mixed.get(topic, -LASTS) < LASTS
