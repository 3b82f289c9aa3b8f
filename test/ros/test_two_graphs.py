# SPDX-License-Identifier: Apache-2.0
"""Two graphs in one ROS domain: who mixes with whom is said, and nothing is done on a mixture."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray
from policy_server_robot import Robot

from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import Episode
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.plan import chunk_to_msg, request_from_msg, request_to_msg

START_TIMEOUT = 90.0  # a simulator and two policies, on two cores that others use too
SMALL = ('task_id:=3', 'assets:=standin', 'max_steps:=300', 'init_count:=1')
HORIZON, EXECUTE = 10, 5


class Server:
    """A policy server that always stands still."""

    def __init__(self, ros) -> None:
        self.node = ros.node('policy_server')
        self.chunks = self.node.create_publisher(ActionChunkMsg, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.requests = self.node.create_subscription(
            PlanRequestMsg, topics.PLAN_REQUEST, self.answer, qos.EXCHANGE
        )
        self.answers = 0

    def answer(self, msg: PlanRequestMsg) -> None:
        request, still = request_from_msg(msg), np.zeros((HORIZON, 7))
        words = (still, still.astype(np.float32), EXECUTE, 'base', request.stamp_ns)
        chunk = ActionChunk(
            request.request_id, request.episode_id, *words, 'cartesian_delta', 20.0
        )
        self.chunks.publish(chunk_to_msg(chunk))
        self.answers += 1


def test_a_bridge_that_two_servers_answer_waits_until_one_is_left(ros, node_process):
    node = ros.node('listener')
    episodes = ros.collect(node, Episode, topics.EPISODE, qos.LATCHED)
    one, other = Server(ros), Server(ros)
    bridge = node_process('libero_bridge', *(word for p in SMALL for word in ('-p', p)))

    def aborted():
        return [e for e in episodes if e.event == Episode.END]

    ros.wait_for(aborted, START_TIMEOUT, 'the aborted episode')
    (end,) = aborted()
    assert end.outcome == Episode.OUTCOME_ABORTED
    assert end.reason.startswith('2 nodes publish /action_chunk (/policy_server, /policy_server)')
    assert 'ROS_DOMAIN_ID' in end.reason
    assert '2 nodes publish /action_chunk' in bridge.output

    rival = ros.node('libero_bridge_of_another')
    publisher = rival.create_publisher(PlanRequestMsg, topics.PLAN_REQUEST, qos.EXCHANGE)
    ros.wait_for(lambda: '2 nodes publish /plan_request' in bridge.output, 20.0, 'its rival')
    rival.destroy_publisher(publisher)

    other.node.destroy_subscription(other.requests)
    other.node.destroy_publisher(other.chunks)
    before = one.answers
    ros.wait_for(lambda: one.answers > before + 2, 60.0, 'answers of the one that is left')
    assert episodes[-1].event == Episode.START
    assert len(aborted()) == 1
    assert bridge.interrupt(20.0) == 0


def test_images_of_two_robots_in_turn_are_no_observation(ros, node_process, checkpoint):
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
    if not publishers_are_told(ros):
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


@pytest.mark.parametrize(
    'arguments',
    [('markers',), ('recorder', '-p', 'directory:={tmp_path}')],
    ids=['markers', 'bag'],
)
def test_who_only_listens_says_that_two_servers_answer(ros, node_process, tmp_path, arguments):
    if not publishers_are_told(ros):
        pytest.skip('this rclpy does not tell the publisher of a message')
    node, lines = ros.node('listener'), []

    def on_diagnostics(msg: DiagnosticArray) -> None:
        lines.extend(status.message for status in msg.status)

    node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, qos.DIAGNOSTICS)
    servers = [Server(ros), Server(ros)]
    listener = node_process(*(word.format(tmp_path=tmp_path) for word in arguments))

    def mixed() -> bool:
        for number, server in enumerate(servers):
            request = PlanRequest(number, 'e', 7, 'stand still', number + 1)
            server.answer(request_to_msg(request))
            ros.spin_once(0.05)
        return any(line.startswith('2 nodes publish /action_chunk') for line in lines)

    ros.wait_for(mixed, 40.0, 'the line')
    assert listener.interrupt(20.0) == 0


def publishers_are_told(ros) -> bool:
    """Whether messages come with the id of their publisher."""
    infos: list[dict] = []
    kind, topic = PlanRequestMsg, 'probe'
    node = ros.node('prober')
    publisher = node.create_publisher(kind, topic, 10)
    node.create_subscription(kind, topic, lambda _, info: infos.append(info), 10)

    def heard() -> bool:
        publisher.publish(PlanRequestMsg())
        return bool(infos)

    ros.wait_for(heard, 10.0, 'a message of its own')
    return infos[0].get('publisher_gid') is not None
