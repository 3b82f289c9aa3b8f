# SPDX-License-Identifier: Apache-2.0
"""The robot's side of the policy server, for tests."""

from __future__ import annotations

import functools

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.msg import ActionChunk, RobotState, SteeringReport
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.convert.image import jpeg_to_msg
from frs_ros.ros.convert.plan import chunk_from_msg, request_to_msg
from frs_ros.ros.convert.robot import robot_state_to_msg
from frs_ros.serving.inputs import Gatherer
from frs_ros.serving.planner import Planner, steerer_from

CAMERAS = {'agentview': (128, 128), 'wrist': (84, 84)}
STATE = np.array([-0.1, 0.05, 0.9, 3.1, 0.02, 0.1, 0.03, -0.03])
UP = Guidance(direction=np.array([0.0, 0.0, 1.0]), source='test')


class Robot:
    """Publishes parts of observations, collects answers."""

    def __init__(self, ros, sizes=CAMERAS) -> None:
        self.ros, self.node, self.sizes = ros, ros.node('robot'), sizes
        publish = self.node.create_publisher
        self.images = {c: publish(CompressedImage, topics.image(c), qos.IMAGE_OUT) for c in sizes}
        self.states = publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self.guidance = publish(GuidanceMsg, topics.GUIDANCE, qos.EXCHANGE)
        self.requests = publish(PlanRequestMsg, topics.PLAN_REQUEST, qos.EXCHANGE)
        collect = functools.partial(ros.collect, self.node)
        self.chunks = collect(ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.reports = collect(SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
        self.diagnostics = collect(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
        self.parameters = self.node.create_client(SetParameters, 'policy_server/set_parameters')

    def wait_for_server(self) -> None:
        self.ros.wait_for(self.matched, 90.0, 'the policy server')

    def matched(self) -> bool:
        publishers = [*self.images.values(), self.states, self.guidance, self.requests]
        return (
            all(p.get_subscription_count() for p in publishers)
            and self.node.count_publishers(topics.ACTION_CHUNK) > 0
            and self.parameters.service_is_ready()
        )

    def jpeg(self, camera: str) -> bytes:
        rng = np.random.default_rng(len(camera))
        return encode_jpeg(rng.integers(0, 255, (*self.sizes[camera], 3), dtype=np.uint8))

    def show(self, stamp_ns: int, *, cameras=(), guidance=None, state=STATE) -> None:
        for camera in cameras or self.sizes:
            self.images[camera].publish(jpeg_to_msg(camera, self.jpeg(camera), stamp_ns))
        msg = robot_state_to_msg(STATE, 1.0, stamp_ns, mode=RobotState.MODE_POLICY)
        msg.policy_state = [float(v) for v in state]
        self.states.publish(msg)
        if guidance is not None:
            msg = guidance_to_msg(guidance)
            msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            self.guidance.publish(msg)

    def ask(self, request_id: int, stamp_ns: int) -> PlanRequest:
        request = PlanRequest(request_id, 'e', 77, 'pick up the ketchup', stamp_ns)
        self.requests.publish(request_to_msg(request))
        return request

    def answer(self, count: int):
        self.ros.wait_for(lambda: len(self.chunks) >= count, 30.0, f'answer {count}')
        return chunk_from_msg(self.chunks[-1])

    def says(self, text: str) -> bool:
        statuses = [s for array in self.diagnostics for s in array.status]
        return any(text in status.message for status in statuses)

    def set(self, name: str, value):
        change = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        future = self.parameters.call_async(change)
        self.ros.wait_for(future.done, 30.0, 'set_parameters')
        return future.result().results[0]


def expected(checkpoint: str, robot: Robot, request: PlanRequest, method: str, guidance):
    """The plan made in this process from the same parts."""
    from frs_ros.policies.checkpoint import load_policy

    gatherer = Gatherer(
        tuple(CAMERAS), observation_sync='stamped', guidance_sync='none', guidance_timeout_ns=0
    )
    for camera in CAMERAS:
        gatherer.add_image(camera, request.stamp_ns, robot.jpeg(camera))
    gatherer.add_state(request.stamp_ns, STATE, 1.0)
    planner = Planner(load_policy(checkpoint), steerer_from(method, '{}'))
    return planner.plan(request, gatherer.observation(request), guidance)
