# SPDX-License-Identifier: Apache-2.0
"""What a trainer hears: publishers of any quality of service, cameras, in the order of stamps."""

from __future__ import annotations

import time

import pytest

pytest.importorskip('rclpy')

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage

from frs_ros.bags.episodes.message_parts import Deferred
from frs_ros.msg import Episode, RobotState
from frs_ros.nodes.training_topics import TrainingTopics
from frs_ros.ros import qos, stamps

WAIT = 30.0  # s
S = 10**9


@pytest.fixture
def node(ros):
    return ros.node('cell')


@pytest.fixture
def heard(ros):
    return TrainingTopics(ros.node('trainer'), lambda topic: '/view/' not in topic)


def listen(ros, heard: TrainingTopics, count: int) -> list:
    """The next messages; cameras are looked for meanwhile."""
    found = []

    def enough() -> bool:
        heard.look()
        while (arrival := heard.next(time.time_ns())) is not None:
            found.append((arrival, heard.content(arrival)))
        return len(found) >= count

    ros.wait_for(enough, WAIT, f'{count} messages')
    return found


def matched(ros, heard: TrainingTopics, *publishers) -> None:
    def reached() -> bool:
        heard.look()
        return all(publisher.get_subscription_count() for publisher in publishers)

    ros.wait_for(reached, WAIT, 'the subscriptions')


def test_messages_come_in_the_order_of_their_stamps(ros, node, heard):
    state = node.create_publisher(RobotState, 'robot_state', qos.STATE)
    image = node.create_publisher(
        CompressedImage, 'wrist/color/image_raw/compressed', qos.IMAGE_OUT
    )
    matched(ros, heard, state, image)
    for stamp in (3 * S, 5 * S):
        state.publish(RobotState(header=stamps.header(stamp), policy_state=[float(stamp)]))
    for stamp in (2 * S, 4 * S):
        image.publish(CompressedImage(header=stamps.header(stamp), data=[stamp // S]))
    found = listen(ros, heard, 4)
    assert [arrival.stamp_ns for arrival, _ in found] == [2 * S, 3 * S, 4 * S, 5 * S]
    contents = [content for _, content in found]
    assert all(isinstance(content, Deferred) for content in contents)  # until it is needed
    assert list(contents[0].load().data) == [2]
    assert list(contents[1].load().policy_state) == [3.0 * S]


@pytest.mark.parametrize(
    'reliability', [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT]
)
@pytest.mark.parametrize(
    'durability', [DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL]
)
def test_publishers_of_any_quality_are_heard(ros, node, heard, reliability, durability):
    """Such as those of `ros2 bag play` with a bag that does not say how it was recorded."""
    profile = QoSProfile(depth=10, reliability=reliability, durability=durability)
    episode = node.create_publisher(Episode, 'episode', profile)
    matched(ros, heard, episode)
    episode.publish(Episode(header=stamps.header(S), event=Episode.START, id='one'))
    ((_, content),) = listen(ros, heard, 1)
    assert (content.event, content.id) == (Episode.START, 'one')


def test_a_latched_start_is_heard_by_who_comes_late(ros, node):
    episode = node.create_publisher(Episode, 'episode', qos.LATCHED)
    episode.publish(Episode(header=stamps.header(S), event=Episode.START, id='one'))
    late = TrainingTopics(ros.node('trainer'), lambda topic: True)
    ((_, content),) = listen(ros, late, 1)
    assert content.id == 'one'


def test_only_cameras_of_the_own_namespace_are_subscribed(ros, node):
    wanted, foreign, view = (
        node.create_publisher(CompressedImage, f'{name}/color/image_raw/compressed', qos.IMAGE_OUT)
        for name in ('/cell/rig/wrist', '/other/wrist', '/cell/view')
    )
    heard = TrainingTopics(
        ros.node('trainer', namespace='/cell'), lambda topic: '/view/' not in topic
    )
    matched(ros, heard, wanted)
    assert foreign.get_subscription_count() == view.get_subscription_count() == 0
