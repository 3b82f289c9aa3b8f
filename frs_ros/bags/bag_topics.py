# SPDX-License-Identifier: Apache-2.0
"""Which part a recorded topic plays, by the last parts of its name: namespaces do not matter."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

EPISODE = 'episode'
PLAN_REQUEST = 'plan_request'
ACTION_CHUNK = 'action_chunk'
STEERING_REPORT = 'steering_report'
ROBOT_STATE = 'robot_state'
COMPRESSED = 'compressed'
RAW = 'raw'

TYPES = {
    EPISODE: 'frs_ros/msg/Episode',
    PLAN_REQUEST: 'frs_ros/msg/PlanRequest',
    ACTION_CHUNK: 'frs_ros/msg/ActionChunk',
    STEERING_REPORT: 'frs_ros/msg/SteeringReport',
    ROBOT_STATE: 'frs_ros/msg/RobotState',
    COMPRESSED: 'sensor_msgs/msg/CompressedImage',
    RAW: 'sensor_msgs/msg/Image',
}
NEEDED = (EPISODE, ACTION_CHUNK, ROBOT_STATE)  # and images
_PLAIN = (*NEEDED, PLAN_REQUEST, STEERING_REPORT)
_IMAGE = re.compile(r'(.*?)/?([^/]+)/color/image_raw(/compressed)?')
_VIEW = 'view'  # an image for people, which no policy sees


class Role(NamedTuple):
    """What a topic is.

    Attributes:
        kind: One of the constants of this module.
        namespace: '' or as '/robot_1'.
        camera: Of images, else ''.
    """

    kind: str
    namespace: str
    camera: str = ''


@lru_cache(4096)
def role(topic: str) -> Role | None:
    """The part a topic plays in episodes, None if none."""
    namespace, _, name = topic.rpartition('/')
    if name in _PLAIN:
        return Role(name, namespace)
    image = _IMAGE.fullmatch(topic)
    if image is None or image[2] == _VIEW:
        return None
    return Role(COMPRESSED if image[3] else RAW, image[1], image[2])


def believed(topic: str, kind: str) -> bool:
    """Whether a topic of this message type is what its name says; also if that says nothing."""
    part = role(topic)
    return part is None or TYPES[part.kind] == kind
