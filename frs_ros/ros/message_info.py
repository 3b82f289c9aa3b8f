# SPDX-License-Identifier: Apache-2.0
"""What the middleware says about a message besides its content."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.utilities import get_rmw_implementation_identifier

LONGEST_WAIT = 1.0  # s; a message that claims to have waited longer has a wrong time
_UNKNOWN = '_NODE_NAME_UNKNOWN_'


def arrival(info: Mapping[str, Any], longest: float = LONGEST_WAIT) -> float:
    """When a message reached this computer, on the monotonic clock, s.

    Args:
        info: As rclpy hands it to callbacks with two arguments; its time of arrival is on the
            system clock, and now if it makes no sense.
        longest: Time that a message may have waited to be taken, s.
    """
    now = time.monotonic()
    waited = (time.time_ns() - int(info.get('received_timestamp') or 0)) * 1e-9
    return now - waited if 0.0 <= waited <= longest else now


def endpoint(gid: Any) -> str:
    """Id of a publisher as text, the same from a message's info and from the graph.

    Args:
        gid: `publisher_gid` of a message's info, or `endpoint_gid` of an endpoint's; '' if None,
            as some versions of rclpy do not tell.
    """
    data = gid.get('data') if isinstance(gid, Mapping) else gid
    return bytes(data).hex() if data is not None else ''


def publisher(info: Mapping[str, Any]) -> str:
    """Id of the publisher of a message, to be compared with `census`; '' if it is not told.

    Args:
        info: As rclpy hands it to callbacks with two arguments; rclpy of Jazzy has no id there,
            and Cyclone DDS gives a local handle that is not the id in the graph.
    """
    if not get_rmw_implementation_identifier().startswith('rmw_fastrtps'):
        return ''
    return endpoint(info.get('publisher_gid'))


def census(node: Node, topic: str) -> dict[str, str]:
    """Who publishes a topic: endpoint id -> full name of its node."""
    infos = node.get_publishers_info_by_topic(topic)
    return {endpoint(info.endpoint_gid): node_of(info) for info in infos}


def node_of(info: Any) -> str:
    """Full name of the node of a `TopicEndpointInfo`; '' while the middleware does not know it.

    An endpoint is heard of before the node it belongs to: rmw says `_NODE_NAME_UNKNOWN_` then.
    """
    if info.node_name == _UNKNOWN:
        return ''
    return f'{info.node_namespace.rstrip("/")}/{info.node_name}'


def several(topic: str, infos: Iterable[Any]) -> str:
    """Line for a topic that should have one publisher and has several.

    Args:
        topic: Its name.
        infos: `TopicEndpointInfo` of its publishers.
    """
    names = sorted(node_of(info) or 'a node not yet known' for info in infos)
    return (
        f'{len(names)} nodes publish {topic} ({", ".join(names)}); end all but one, or give each '
        'graph a ROS_DOMAIN_ID or a namespace of its own'
    )


def acknowledged(publisher: Publisher, seconds: float) -> bool:
    """Waits until all reliable subscribers have acknowledged everything; whether they have.

    True at once where the middleware cannot tell (rmw_zenoh): there is nothing to wait for then,
    nor is there once ROS has been shut down.
    """
    try:
        return bool(publisher.wait_for_all_acked(Duration(seconds=seconds)))
    except RuntimeError:  # rclpy's RCLError; what is not supported has no error of its own
        return True
