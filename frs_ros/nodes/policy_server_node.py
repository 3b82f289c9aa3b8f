# SPDX-License-Identifier: Apache-2.0
"""Node `policy_server`: a plan for every request."""

from __future__ import annotations

import functools
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from sensor_msgs.msg import CompressedImage

from frs_ros.errors import DataError, FrsError
from frs_ros.guidance.references.camera_file import load_cameras
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk, robot_reference
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.msg import (
    ActionChunk as ActionChunkMsg,
)
from frs_ros.msg import (
    Guidance,
    GuidancePath,
    RobotState,
    SteeringReport,
)
from frs_ros.msg import (
    PlanRequest as PlanRequestMsg,
)
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.policy_server import PolicyServerParameters
from frs_ros.ros import qos, spin, stamps
from frs_ros.ros.convert.guidance import guidance_from_msg
from frs_ros.ros.convert.guidance_path import path_from_msg
from frs_ros.ros.convert.image import jpeg_from_msg
from frs_ros.ros.convert.plan import chunk_to_msg, report_to_msg, request_from_msg
from frs_ros.ros.convert.robot import proprioception_from_msg
from frs_ros.ros.managed import ManagedNode
from frs_ros.ros.message_info import census, publisher
from frs_ros.ros.one_source import OneSource
from frs_ros.ros.parameters import declare, on_change
from frs_ros.ros.polled import received_ns
from frs_ros.serving.inputs import GUIDANCE, STATE, Gatherer
from frs_ros.serving.planner import Planner, steerer_from
from frs_ros.serving.requesters import Requesters
from frs_ros.steering.base import Steerer
from frs_ros.steering.methods.unsteered import Unsteered

REFUSAL_SHOWN = 2.0  # s for which a refused request counts as going on
CHECK_PERIOD = 0.25  # s between two looks at what is missing


class PolicyServer(ManagedNode):
    """Answers plan requests from images, state and guidance.

    Subscribes `plan_request`, `robot_state`, `guidance`, `guidance_path` and
    `<camera>/color/image_raw/compressed` for each camera of the policy; publishes `action_chunk`
    and `steering_report`. A request that is repeated gets the same answer again. What is missing
    is named on /diagnostics.

    Configuring loads the policy; while the node is active it hears and answers. Unless `managed`
    is set it configures and activates itself.
    """

    def __init__(self) -> None:
        super().__init__('policy_server')
        self._settings = declare(self, PolicyServerParameters)
        self._planner: Planner | None = None  # while configured
        self._reference: ReferenceWriter = reference_chunk
        self._gatherer: Gatherer | None = None  # while active
        self._active = ExitStack()  # what deactivating undoes
        on_change(self, self._settings, self._apply)
        if not self._settings.managed:
            self.start_by_itself()

    # ---- lifecycle ----------------------------------------------------------------------------

    def configure(self) -> None:
        """Loads the policy."""
        self._planner = self._load(self._settings)
        self._cameras = [camera.name for camera in self._planner.policy.cameras]

    def activate(self) -> None:
        """Begins to hear and to answer."""
        p = self._settings
        self._gatherer = Gatherer(
            self._cameras,
            observation_sync=p.observation_sync,
            guidance_sync=p.guidance_sync,
            guidance_timeout_ns=round(1e9 * p.guidance_timeout),
            image_max_age_ns=round(1e9 * p.image_max_age),
        )
        self._request: PlanRequest | None = None
        self._arrival = time.monotonic()
        self._silent_since: float | None = None
        self._refused_at = self._arrival  # when a request was refused, monotonic
        self._answer: tuple[PlanRequest, ActionChunkMsg] | None = None
        self._sources = OneSource(self, self.diagnostics)
        self._wire()
        self.get_logger().info(
            f"ready: checkpoint '{p.checkpoint}', method '{p.method}', "
            f'cameras {", ".join(self._cameras)}'
        )

    def deactivate(self) -> None:
        """Hears and answers nothing; the policy stays loaded."""
        self._active.close()
        self._gatherer = None

    def cleanup(self) -> None:
        """Gives the policy up."""
        self.deactivate()
        self._planner = None

    # ---- set-up -------------------------------------------------------------------------------

    def _load(self, parameters: PolicyServerParameters) -> Planner:
        self._steerer(parameters, reference_chunk)  # a mistake is said at once
        import torch  # here: nothing else of this node needs it

        from frs_ros.policies.checkpoint import load_policy

        torch.set_num_threads(parameters.threads)
        policy = load_policy(parameters.checkpoint)
        self._reference = robot_reference(
            policy.spec,
            parameters.robot,
            load_cameras(parameters.guidance_cameras) if parameters.guidance_cameras else {},
            parameters.command_gain or None,
        )
        planner = Planner(policy, self._steerer(parameters, self._reference))
        planner.warm_up()
        return planner

    def _steerer(self, parameters: PolicyServerParameters, reference: ReferenceWriter) -> Steerer:
        return steerer_from(
            parameters.method, parameters.method_options, reference, parameters.distilled
        )

    def _wire(self) -> None:
        stamped = self._settings.observation_sync == 'stamped'
        image_qos = qos.IMAGE_LOCKSTEP if stamped else qos.IMAGE_NEWEST
        latest = self._settings.guidance_sync == 'latest'
        guidance_qos = qos.GUIDANCE_NEWEST if latest else qos.EXCHANGE
        self._chunks = self.create_publisher(ActionChunkMsg, topics.ACTION_CHUNK, qos.EXCHANGE)
        self._reports = self.create_publisher(SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
        for made in (self._chunks, self._reports):
            self._active.callback(self.destroy_publisher, made)
        subscribe = self._subscribe
        self._topics = {
            camera: subscribe(
                CompressedImage,
                topics.image(camera),
                functools.partial(self._on_image, camera),
                image_qos,
            )
            for camera in self._cameras
        }
        self._topics[STATE] = subscribe(RobotState, topics.ROBOT_STATE, self._on_state, qos.STATE)
        self._topics[GUIDANCE] = subscribe(
            Guidance, topics.GUIDANCE, self._on_guidance, guidance_qos
        )
        path_qos = qos.GUIDANCE_NEWEST
        subscribe(GuidancePath, topics.GUIDANCE_PATH, self._on_path, path_qos)
        requests = subscribe(PlanRequestMsg, topics.PLAN_REQUEST, self._on_request, qos.EXCHANGE)
        self._requesters = Requesters(lambda: census(self, requests))
        self._active.callback(self.destroy_timer, self.create_timer(CHECK_PERIOD, self._check))

    def _subscribe(self, *words: Any) -> str:
        """Subscribes until the node is deactivated; returns the name of the topic."""
        subscription = self.create_subscription(*words)
        self._active.callback(self.destroy_subscription, subscription)
        return str(subscription.topic_name)

    # ---- inputs -------------------------------------------------------------------------------

    def _is_alone(self, topic: str, info: Mapping[str, Any]) -> bool:
        """Whether only one node publishes a topic; says so if not.

        Of several, 'latest' would take the messages in turn. Stamps tell them apart.
        """
        alone = self._sources.alone(self._topics[topic], info, topic)
        return alone or self._settings.observation_sync != 'latest'

    def _on_image(self, camera: str, msg: CompressedImage, info: Mapping[str, Any]) -> None:
        if not self._is_alone(camera, info):
            return
        try:
            jpeg = jpeg_from_msg(msg)
        except DataError as error:
            self.diagnostics.report(camera, f'{self._topics[camera]}: {error}', error=True)
            return
        self.diagnostics.clear(camera)
        received = received_ns(info)
        self._gatherer.add_image(camera, stamps.to_ns(msg.header.stamp), jpeg, received)
        self._try()

    def _on_state(self, msg: RobotState, info: Mapping[str, Any]) -> None:
        if not self._is_alone(STATE, info):
            return
        try:
            seen = proprioception_from_msg(msg)
        except DataError as error:
            self.diagnostics.report(STATE, str(error), error=True)
            return
        self.diagnostics.clear(STATE)
        received = received_ns(info)
        self._gatherer.add_state(seen.stamp_ns, seen.state, seen.gripper_command, received)
        self._try()

    def _on_guidance(self, msg: Guidance, info: Mapping[str, Any]) -> None:
        if msg.enabled:  # a node that only announces episodes steers not
            self._is_alone(GUIDANCE, info)
        try:
            guidance = guidance_from_msg(msg)
        except DataError as error:
            self.diagnostics.report(GUIDANCE, str(error), error=True)
            return
        self.diagnostics.clear(GUIDANCE)
        self._gatherer.add_guidance(guidance)
        self._try()

    def _on_path(self, msg: GuidancePath) -> None:
        sync = self._settings.guidance_sync
        try:
            path = path_from_msg(msg)
        except DataError as error:
            self.diagnostics.report(topics.GUIDANCE_PATH, str(error), error=True)
            return
        if sync != 'latest':
            line = f"not followed: paths need guidance_sync 'latest', not '{sync}'"
            self.diagnostics.report(topics.GUIDANCE_PATH, line)
            return
        self.diagnostics.clear(topics.GUIDANCE_PATH)
        self._gatherer.add_path(path)

    def _on_request(self, msg: PlanRequestMsg, info: Mapping[str, Any]) -> None:
        now = time.monotonic()
        refusal = self._requesters.refusal(publisher(info), now)
        if refusal:
            self._refused_at = now
            self.diagnostics.report('requests', refusal, error=True)
            return
        try:
            request = request_from_msg(msg)
        except DataError as error:
            self.diagnostics.report(topics.PLAN_REQUEST, str(error), error=True)
            return
        self.diagnostics.clear(topics.PLAN_REQUEST)
        if self._answer is not None and self._answer[0] == request:
            self._chunks.publish(self._answer[1])  # the asker has missed it
            return
        if request != self._request:
            self._request, self._arrival = request, time.monotonic()
            self._name_clocks(self._gatherer.ask(request, received_ns(info)))
        self._try()
        self._refuse_old_images()

    # ---- plans --------------------------------------------------------------------------------

    def _try(self) -> None:
        """Plans if there is a request and nothing is missing for it."""
        request = self._request
        if request is None or self._gatherer.missing(request):
            return
        self._request = None  # if planning fails, only a repeated request tries again
        try:
            self._plan(request)
        except FrsError as error:
            self.get_logger().debug(traceback.format_exc())
            self.diagnostics.report('planning', f'planning failed: {error}', error=True)
        except Exception as error:  # one bad plan must not end the service
            if not self.context.ok():
                return  # the node was told to end while it planned
            self.get_logger().debug(traceback.format_exc())
            line = f'planning failed: {type(error).__name__}: {error}'
            self.diagnostics.report('planning', ' '.join(line.split()), error=True)
        else:
            self.diagnostics.clear('planning')
            self.diagnostics.clear('inputs')

    def _plan(self, request: PlanRequest) -> None:
        start, planner = time.monotonic(), self._planner
        assert planner is not None
        observation = self._gatherer.observation(request)
        guidance = self._gatherer.any_guidance(request, self.get_clock().now().nanoseconds)
        plan, complaint = planner.follow(request, observation, guidance)
        if complaint:
            guidance = None
            self.diagnostics.report('steering', f'not steered: {complaint}', error=True)
        else:
            self.diagnostics.clear('steering')
        now = time.monotonic()
        answer = ActionChunk.answer(request, plan, planner.policy)
        msg = chunk_to_msg(answer)
        self._chunks.publish(msg)
        self._answer = (request, msg)
        times = {'latency': now - self._arrival, 'plan_time': now - start}
        unsteered = None
        if self._settings.compare:
            alone = plan.method == Unsteered.name
            own = plan if alone else planner.unsteered(request, observation)
            unsteered = own.chunk
        options = self._settings.method_options
        report = report_to_msg(
            request, plan, guidance, **times, unsteered=unsteered, options=options
        )
        self._reports.publish(report)

    # ---- parameters and faults ----------------------------------------------------------------

    def _apply(self, parameters: PolicyServerParameters) -> None:
        """Takes a change of live parameters over; raises ConfigError to refuse it."""
        steerer = self._steerer(parameters, self._reference)
        if self._planner is not None:
            self._planner.use(steerer)
        if self._gatherer is not None:
            self._gatherer.guidance_timeout_ns = round(1e9 * parameters.guidance_timeout)
        if parameters.method != self._settings.method:
            self.get_logger().info(f"method is now '{parameters.method}'")
        self._settings = parameters

    def _refuse_old_images(self) -> None:
        """Names the cameras whose images are too old to plan from; a new one lets it go on."""
        if self._request is None:
            return
        for camera, age in self._gatherer.too_old(self._request).items():
            limit = self._settings.image_max_age
            self.diagnostics.report(
                'inputs',
                f'no plan: the newest image of {self._topics[camera]} is {abs(age):.1f} s '
                f'{"older" if age > 0 else "newer"} than the request, more than {limit:g} s; '
                f'{"is the camera running" if age > 0 else "are all clocks the same"}?',
                error=True,
            )

    def _name_clocks(self, ahead: Mapping[str, float]) -> None:
        """Names the cameras whose images are stamped later than the requests that follow them."""
        for camera in self._cameras:
            if camera in ahead:
                line = f'stamps of {self._topics[camera]} are ahead of the requests: set its clock'
                values = {'at least, s': f'{ahead[camera]:.2f}'}
                self.diagnostics.report(f'{camera} clock', line, values=values)
            else:
                self.diagnostics.clear(f'{camera} clock')

    def _check(self) -> None:
        """Names the inputs that are missing for too long."""
        now, timeout = time.monotonic(), self._settings.input_timeout
        if now - self._refused_at > REFUSAL_SHOWN:
            self.diagnostics.clear('requests')
        request, silent = self._request, self._gatherer.silent()
        self._silent_since = (self._silent_since or now) if silent else None
        if request is not None and now - self._arrival >= timeout:
            missing = self._gatherer.missing(request)
            what = f"request {request.request_id} of episode '{request.episode_id}'"
        elif self._silent_since is not None and now - self._silent_since >= timeout:
            missing, what = silent, 'the policy'
        else:
            return
        self.diagnostics.report('inputs', f'{what} waits for {self._spell(missing)}')

    def _spell(self, names: list[str]) -> str:
        """Topics with whether anyone publishes them."""
        spelled = []
        for name in names:
            topic = self._topics[name]
            count = self.count_publishers(topic)
            who = f'{count} publisher(s), nothing usable' if count else 'nobody publishes it'
            spelled.append(f'{topic} ({who})')
        return ', '.join(spelled)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(PolicyServer, args)


if __name__ == '__main__':
    sys.exit(main())
