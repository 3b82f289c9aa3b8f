# SPDX-License-Identifier: Apache-2.0
"""Two graphs in one ROS domain: who mixes with whom is said, and nothing is done on a mixture."""

from __future__ import annotations

import functools

import pytest

pytest.importorskip('rclpy')

from policy_server_robot import Robot

from frs_ros.msg import ActionChunk, Episode, PlanRequest
from frs_ros.nodes import topics
from frs_ros.ros import qos

START_TIMEOUT = 90.0  # a simulator and two policies, on two cores that others use too
SMALL = (
    '-p',
    'task_id:=3',
    '-p',
    'assets:=standin',
    '-p',
    'max_steps:=300',
    '-p',
    'init_count:=1',
)


def test_a_bridge_that_two_servers_answer_waits_until_one_is_left(ros, node_process, checkpoint):
    node = ros.node('listener')
    collect = functools.partial(ros.collect, node)
    chunks = collect(ActionChunk, topics.ACTION_CHUNK, qos.RECORD)
    episodes = collect(Episode, topics.EPISODE, qos.LATCHED)
    words = ('-p', f'checkpoint:={checkpoint}', '-p', 'guidance_sync:=none', '-p', 'method:=base')
    one, other = (node_process('policy_server', *words) for _ in range(2))
    both = functools.partial(node.count_publishers, topics.ACTION_CHUNK)
    ros.wait_for(lambda: both() == 2, START_TIMEOUT, 'two servers')
    bridge = node_process('libero_bridge', *SMALL)

    def aborted():
        return [e for e in episodes if e.event == Episode.END]

    ros.wait_for(aborted, START_TIMEOUT, 'the aborted episode')
    (end,) = aborted()
    assert end.outcome == Episode.OUTCOME_ABORTED
    assert end.reason.startswith('2 nodes publish /action_chunk (/policy_server, /policy_server)')
    assert 'ROS_DOMAIN_ID' in end.reason
    assert '2 nodes publish /action_chunk' in bridge.output

    rival = ros.node('libero_bridge_of_another')
    publisher = rival.create_publisher(PlanRequest, topics.PLAN_REQUEST, qos.EXCHANGE)
    ros.wait_for(lambda: '2 nodes publish /plan_request' in bridge.output, 10.0, 'its rival')
    rival.destroy_publisher(publisher)

    assert other.interrupt(20.0) == 0
    begun = len(chunks)
    ros.wait_for(lambda: len(chunks) > begun + 2, 30.0, 'chunks of the one that is left')
    assert episodes[-1].event == Episode.START
    assert len(aborted()) == 1
    assert one.returncode is None


def test_pictures_of_two_robots_in_turn_are_no_observation(ros, node_process, checkpoint):
    words = ('observation_sync:=latest', 'guidance_sync:=none', 'image_max_age:=60.0')
    arguments = [word for option in words for word in ('-p', option)]
    server = node_process('policy_server', '-p', f'checkpoint:={checkpoint}', *arguments)
    robot, other = Robot(ros), Robot(ros)
    for one in (robot, other):
        one.wait_for_server()
    now = robot.node.get_clock().now().nanoseconds
    for n in range(6):
        (robot, other)[n % 2].show(now + n)
        ros.spin_once(0.05)
    line = '2 nodes publish /agentview/color/image_raw/compressed (/robot, /robot)'
    if not robot_tells(robot):
        pytest.skip('this rclpy does not tell the publisher of a message')
    ros.wait_for(lambda: robot.says(line), 20.0, 'what is mixed')
    for publisher in (*other.images.values(), other.states):
        other.node.destroy_publisher(publisher)
    first = len(robot.chunks)

    def answered() -> bool:
        """Once the mixture is over; what is shown meanwhile is not taken."""
        stamp = robot.node.get_clock().now().nanoseconds
        robot.show(stamp)
        robot.ask(1, stamp)
        ros.spin_once(0.2)
        return len(robot.chunks) > first

    ros.wait_for(answered, 30.0, 'a plan from one robot')
    assert server.interrupt(20.0) == 0


def robot_tells(robot: Robot) -> bool:
    """Whether messages come with the id of their publisher."""
    infos: list[dict] = []
    kind, topic = PlanRequest, 'probe'
    publisher = robot.node.create_publisher(kind, topic, 10)
    robot.node.create_subscription(kind, topic, lambda _, info: infos.append(info), 10)

    def heard() -> bool:
        publisher.publish(PlanRequest())
        return bool(infos)

    robot.ros.wait_for(heard, 10.0, 'a message of its own')
    return infos[0].get('publisher_gid') is not None
