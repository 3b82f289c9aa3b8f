# SPDX-License-Identifier: Apache-2.0
"""Services that begin and end episodes, where neither keys nor a simulator do."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from rclpy.node import Node
from std_srvs.srv import Trigger

from frs_ros.guidance.operator.episode_keys import OUTCOMES, START_KEY, OperatorEpisodes
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.msg import Episode
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.episode import episode_to_msg

_KEYS = {outcome: key for key, outcome in OUTCOMES.items()}
SERVICES = {
    'begin': START_KEY,
    'success': _KEYS[Outcome.SUCCESS],
    'failure': _KEYS[Outcome.FAILURE],
    'abort': _KEYS[Outcome.ABORTED],
}


class EpisodeLabels:
    """Publishes `episode` when one of the services of `SERVICES` is called.

    An episode that somebody else has begun can be ended, too: a controller that starts one itself
    does not know how it ends.
    """

    def __init__(self, node: Node, instruction: str, seed: int) -> None:
        """Offers the services below the name of the node.

        Args:
            node: Whose they are.
            instruction: Task in words, of episodes that begin here.
            seed: Of the first of them.
        """
        session = time.strftime('recorder-%Y%m%d-%H%M%S')
        self._node = node
        self._episodes = OperatorEpisodes(session, instruction, seed)
        self._publisher = node.create_publisher(Episode, topics.EPISODE, qos.LATCHED)
        for name, key in SERVICES.items():
            node.create_service(Trigger, f'~/{name}', partial(self._on_call, key))

    def heard(self, event: EpisodeEvent) -> None:
        """Learns of an episode that began or ended, by whomever."""
        running = event if event.outcome is None else None
        self._episodes = replace(self._episodes, running=running)

    def _on_call(
        self, key: str, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        before = self._episodes.status
        self._episodes, event = self._episodes.press(key)
        response.success = event is not None
        if event is None:
            response.message = f'not now: {before} runs' if key == START_KEY else f'{before} runs'
            return response
        self._publisher.publish(episode_to_msg(event, self._node.get_clock().now().nanoseconds))
        outcome = 'begun' if event.outcome is None else event.outcome.value
        response.message = f'episode {event.episode_id}: {outcome}'
        return response
