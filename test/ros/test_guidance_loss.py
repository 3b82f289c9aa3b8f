# SPDX-License-Identifier: Apache-2.0
"""A lost guidance node, and a lost device, give the unsteered policy: never the last direction."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pyspacemouse')

from sensor_msgs.msg import CompressedImage

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.messages.plan import PlanRequest
from frs_ros.msg import ActionChunk, Guidance, RobotState, SteeringReport
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.image import jpeg_to_msg
from frs_ros.ros.convert.plan import chunk_from_msg, request_to_msg
from frs_ros.ros.convert.robot import robot_state_to_msg
from frs_ros.serving.inputs import Gatherer
from frs_ros.serving.planner import Planner, steerer_from

CAMERAS = {'agentview': (128, 128), 'wrist': (84, 84)}
STATE = np.array([-0.1, 0.05, 0.9, 3.1, 0.02, 0.1, 0.03, -0.03])
TIMEOUT_NS = 250_000_000  # guidance_timeout of the policy server


def jpeg(camera: str) -> bytes:
    rng = np.random.default_rng(len(camera))
    return encode_jpeg(rng.integers(0, 255, (*CAMERAS[camera], 3), dtype=np.uint8))


class Cell:
    """A robot that stands still and asks for chunks."""

    def __init__(self, ros) -> None:
        self.ros, self.node = ros, ros.node('cell')
        publish = self.node.create_publisher
        self.images = {
            c: publish(CompressedImage, topics.image(c), qos.IMAGE_OUT) for c in CAMERAS
        }
        self.states = publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self.requests = publish(PlanRequestMsg, topics.PLAN_REQUEST, qos.EXCHANGE)
        collect = ros.collect
        self.chunks = collect(self.node, ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.reports = collect(self.node, SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
        self.wishes = collect(self.node, Guidance, topics.GUIDANCE, qos.GUIDANCE_NEWEST)
        self.node.create_timer(0.05, self.show)

    @property
    def now_ns(self) -> int:
        return self.node.get_clock().now().nanoseconds

    def show(self) -> None:
        for camera, publisher in self.images.items():
            publisher.publish(jpeg_to_msg(camera, jpeg(camera), self.now_ns))
        state = robot_state_to_msg(STATE, 1.0, self.now_ns, mode=RobotState.MODE_POLICY)
        state.policy_state = [float(v) for v in STATE]
        self.states.publish(state)

    def steering(self) -> bool:
        return bool(self.wishes) and self.wishes[-1].enabled

    def ask(self, request_id: int):
        """Actions and report of an answer."""
        count = len(self.reports)
        request = PlanRequest(request_id, 'e', 77, '', self.now_ns)
        self.requests.publish(request_to_msg(request))
        self.ros.wait_for(lambda: len(self.reports) > count, what=f'answer {request_id}')
        self.ros.wait_for(lambda: self.chunks[-1].request_id == request_id, what='the chunk')
        return chunk_from_msg(self.chunks[-1]).actions, self.reports[-1]


@pytest.fixture(scope='module')
def unsteered(checkpoint):
    """The policy's own chunk for a request."""
    from frs_ros.policies.checkpoint import load_policy

    gatherer = Gatherer(
        tuple(CAMERAS), observation_sync='latest', guidance_sync='none', guidance_timeout_ns=0
    )
    for camera in CAMERAS:
        gatherer.add_image(camera, 1, jpeg(camera))
    gatherer.add_state(1, STATE, 1.0)
    planner = Planner(load_policy(checkpoint), steerer_from('base', '{}'))

    def chunk(request_id: int) -> np.ndarray:
        request = PlanRequest(request_id, 'e', 77, '', 1)
        return planner.plan(request, gatherer.observation(request), None).chunk

    return chunk


def recording(path, end: float, *more: str) -> str:
    """A device that is pushed forward from 0.5 s to `end`."""
    lines = ['{"model": "SpaceNavigator"}', '{"t": 0.5, "hex": "01000000000000"}']
    times = np.arange(0.516, end, 0.016)
    lines += [f'{{"t": {t:.3f}, "hex": "010000a2fe0000"}}' for t in times]
    path.write_text('\n'.join([*lines, *more]) + '\n')
    return str(path)


def test_lost_guidance_is_the_unsteered_policy(ros, node_process, checkpoint, unsteered, tmp_path):
    def steer(path: str):
        return node_process('human_guidance', '-p', 'device:=replay', '-p', f'recording:={path}')

    cell = Cell(ros)
    server = ['guidance_sync:=latest', 'observation_sync:=latest', f'checkpoint:={checkpoint}']
    node_process('policy_server', *(word for given in server for word in ('-p', given)))
    ros.wait_for(cell.requests.get_subscription_count, 30.0, 'the policy server')
    pilot = steer(recording(tmp_path / 'held.jsonl', 60.0))
    ros.wait_for(cell.steering, 20.0, 'a direction')
    ros.wait_for(lambda: cell.ask(len(cell.reports))[1].guided, what='a steered chunk')
    number = len(cell.reports)
    actions, report = cell.ask(number)
    assert report.guidance.source == 'replay'
    assert list(report.guidance.direction) == [1, 0, 0]
    assert np.abs(actions - unsteered(number)).max() > 0.01

    pilot.kill()  # its last wish was 'forward'
    killed_ns = cell.now_ns
    ros.wait_for(lambda: cell.now_ns - killed_ns > TIMEOUT_NS, what='the wish to be stale')
    assert cell.steering()
    actions, report = cell.ask(number + 1)
    assert not report.guided
    assert np.abs(actions - unsteered(number + 1)).max() < 1e-6

    steer(recording(tmp_path / 'lost.jsonl', 3.0, '{"t": 3.0, "event": "unplug"}'))
    count = len(cell.wishes)
    ros.wait_for(lambda: any(w.enabled for w in cell.wishes[count:]), 20.0, 'a direction again')
    ros.wait_for(lambda: not cell.steering(), what='the device to be lost')
    actions, _ = cell.ask(number + 2)  # the node is there, the device is not
    assert np.abs(actions - unsteered(number + 2)).max() < 1e-6
