# SPDX-License-Identifier: Apache-2.0
"""Node `franka_controller`: executes chunks on a Franka arm, within the safety envelope."""

from __future__ import annotations

import functools
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from frs_ros.errors import DataError
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.guidance import BASE
from frs_ros.msg import ActionChunk, Episode
from frs_ros.nodes import topics
from frs_ros.nodes.arm_driver import TOPICS, make_driver
from frs_ros.nodes.config_files import cell_file
from frs_ros.nodes.controller_topics import ControllerTopics, told
from frs_ros.nodes.parameters.franka_controller import FrankaControllerParameters
from frs_ros.robot.assembly import connect, make_controller
from frs_ros.robot.base import ControlMode, RobotInfo
from frs_ros.robot.cell_state import NotNow
from frs_ros.robot.controller import ArmController, Rules
from frs_ros.robot.policy_state import LAYOUTS, layout_for
from frs_ros.robot.settings import read_cell
from frs_ros.robot.status import Status
from frs_ros.ros import qos, spin, stamps
from frs_ros.ros.convert.episode import episode_from_msg
from frs_ros.ros.convert.plan import chunk_from_msg
from frs_ros.ros.ending import Ending
from frs_ros.ros.guarded import GuardedNode
from frs_ros.ros.message_info import arrival, census, publisher
from frs_ros.ros.parameters import declare
from frs_ros.ros.polled import take_waiting
from frs_ros.ros.realtime import prefer
from frs_ros.text import printable, shown

AHEAD = 0.05  # s by which the clocks of two computers may differ
STATE_RATE = 50.0  # Hz, of robot_state and joint_states
STATUS_RATE = 10.0  # Hz, of safety_status; and of the look at who publishes chunks


class FrankaController(GuardedNode):
    """Asks for chunks and executes them; holds and stops when an input falls silent.

    Configuring connects to the robot, activating starts the control loop, deactivating stops the
    arm in a controlled way, cleaning up disconnects. With `autostart` it does the first two
    itself.
    """

    def __init__(self) -> None:
        super().__init__('franka_controller')
        self._controller: ArmController | None = None
        self._timers_on: list[Timer] = []
        self._ending = Ending()
        self._settings = p = declare(self, FrankaControllerParameters)
        layout = layout_for(p.action_space) if p.policy_state == 'auto' else p.policy_state
        self._told = LAYOUTS[layout]
        self._topics = ControllerTopics(
            self, self.diagnostics, p.frame_prefix + BASE, joints=p.driver != TOPICS
        )
        self._own_episode = ''
        self._active_since = 0.0  # monotonic, s: the clock of the stamps may be set
        self._chunks = self.create_subscription(
            ActionChunk, topics.ACTION_CHUNK, self._on_chunk, qos.EXCHANGE
        )
        self.create_subscription(Episode, topics.EPISODE, self._on_episode, qos.LATCHED)
        for camera in camera_names(p.cameras):
            on_image = functools.partial(self._on_image, camera)
            topic = topics.camera_info(camera)
            self.create_subscription(CameraInfo, topic, on_image, qos.IMAGE_NEWEST)
        for name in ('resume', 'recover', 'home', 'hold'):
            self.create_service(Trigger, f'~/{name}', functools.partial(self._serve, name))
        problem = prefer(p.realtime_priority) if p.realtime_priority else ''
        if problem:
            self.get_logger().warning(problem)
        if p.autostart:
            self.start_by_itself()

    # ---- lifecycle -----------------------------------------------------------------------------

    def configure(self) -> None:
        """Reads the cell's settings and connects."""
        p = self._settings
        cell = read_cell(cell_file(p.robot))
        driver = make_driver(self, p, cell)
        info = connect(driver, p.connect_timeout, time.monotonic, self._sleep)
        try:
            self._controller = make_controller(
                driver,
                info,
                self._rules(),
                cell,
                clock=time.monotonic,
                stamp=self._stamp,
                ask=self._topics.request,
                report=self.report_error,
                census=self._census,
            )
        except Exception:
            driver.close()
            raise
        self._say_what_is_driven(info)

    def _say_what_is_driven(self, info: RobotInfo) -> None:
        """One line on the robot, and one on each guard that is missing."""
        p, log = self._settings, self.get_logger()
        kind = 'simulated ' if info.simulated else ''
        log.info(
            f'connected to a {kind}{info.model} by {p.driver}; {p.action_space} at '
            f'{p.control_hz:g} Hz, {p.control_mode} control'
        )
        if not camera_names(p.cameras):
            log.warning('no camera is watched: a frozen image will not hold the arm (cameras)')
        for line in info.missing:
            log.warning(line)
        if p.allow_non_realtime and p.driver == 'franky' and not info.simulated:
            self.diagnostics.report(
                'realtime',
                'a real arm without a real-time kernel being asked for (allow_non_realtime): it '
                'may stop with communication_constraints_violation at any time',
            )

    def _rules(self) -> Rules:
        p = self._settings
        return Rules(
            space=p.action_space,
            control_hz=p.control_hz,
            mode=ControlMode(p.control_mode),
            cameras=camera_names(p.cameras),
            image_timeout=p.image_timeout or 2.5 / p.control_hz,
            image_max_age=p.image_max_age,
            chunk_span=p.chunk_span,
            chunk_execution=p.chunk_execution,
        )

    def activate(self) -> None:
        """Starts the control loop."""
        p, steady = self._settings, Clock(clock_type=ClockType.STEADY_TIME)
        # a full collection looks at all that was ever imported, for tens of milliseconds: not
        # while the arm moves
        gc.collect()
        gc.freeze()
        self._active_since = time.monotonic()
        if p.start == 'immediately':
            self._own_episode = f'cell-{self._stamp()}'
            event = EpisodeEvent(self._own_episode, p.instruction, p.seed)
            self._topics.episode(event)
            self._begin(event)
        self._ending.hold()
        self._timers_on = [
            self.create_timer(
                1.0 / rate, functools.partial(self._on_timer, callback), clock=steady
            )
            for rate, callback in (
                (p.rate, self._on_tick),
                (STATE_RATE, self._on_state_period),
                (STATUS_RATE, self._on_status_period),
            )
        ]

    def deactivate(self) -> None:
        """Stops the arm in a controlled way."""
        for timer in self._timers_on:
            self.destroy_timer(timer)
        self._timers_on = []
        self._ending.release()
        controller = self._controller
        if controller is None:
            return
        controller.rest('the node is deactivated')
        own, self._own_episode = self._own_episode, ''
        episode_id, steps = controller.episode
        if own and own == episode_id:
            p, why = self._settings, 'the controller is deactivated'
            aborted = (Outcome.ABORTED, why, steps)
            self._topics.episode(EpisodeEvent(own, p.instruction, p.seed, *aborted))
        self._topics.status(controller.status)

    def cleanup(self) -> None:
        """Stops, if need be, and disconnects, whatever goes wrong meanwhile."""
        controller = self._controller
        try:
            self.deactivate()
        finally:
            self._controller = None
            if controller is not None:
                controller.close()
        if controller is not None:
            self._topics.status(controller.status)

    def on_crash(self, error: Exception) -> None:
        """Stops the arm in a controlled way and latches a fault."""
        controller = self._controller
        if controller is not None:
            controller.crashed(error)
            self._topics.status(controller.status)

    # ---- what arrives --------------------------------------------------------------------------

    def _on_chunk(self, msg: ActionChunk, info: Mapping[str, Any]) -> None:
        controller = self._controller
        if controller is None:
            return
        source = publisher(info)
        try:
            chunk = chunk_from_msg(msg)
        except DataError as error:
            controller.refuse(msg.request_id, f'chunk {msg.request_id}: {error}', source)
            return
        controller.on_chunk(chunk, arrival(info), source)

    def _on_image(self, camera: str, msg: CameraInfo) -> None:
        if self._controller is not None:
            self._controller.on_image(camera, stamps.to_ns(msg.header.stamp))

    def _on_episode(self, msg: Episode) -> None:
        """The operator begins or ends an episode; what is older than this node is over."""
        if not self._timers_on:
            return
        age = (self._stamp() - stamps.to_ns(msg.header.stamp)) * 1e-9
        if age > time.monotonic() - self._active_since:
            self.get_logger().info(f'episode {shown(msg.id)} ignored: older than the activation')
            return
        if age < -AHEAD:
            line = f'episode {shown(msg.id)} ignored: its stamp is {-age:.1f} s in the future'
            self.diagnostics.report('episode', line, error=True)
            return
        try:
            event = episode_from_msg(msg)
        except DataError as error:
            self.diagnostics.report('episode', str(error), error=True)
            return
        if event.episode_id == self._own_episode and event.outcome is None:
            return  # our own words
        self.diagnostics.clear('episode')
        if event.outcome is None:
            self._begin(event)
        elif self._controller is not None:
            self._controller.end_episode()

    def _begin(self, event: EpisodeEvent) -> None:
        assert self._controller is not None
        self._controller.start_episode(event.episode_id, event.instruction, event.seed)
        name, words = printable(event.episode_id, 100), shown(event.instruction)
        self.get_logger().info(f'episode {name}: {words}')

    def _serve(
        self, name: str, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """What the operator asks for."""
        controller = self._controller
        if controller is None or not self._timers_on:
            response.message = 'the node is not active'
            return response
        try:
            {
                'resume': controller.resume,
                'recover': controller.recover,
                'home': controller.home,
                'hold': controller.stop,
            }[name]()
        except NotNow as refusal:
            response.message = str(refusal)
            return response
        status = controller.status
        response.success, response.message = True, answer(status)
        self._topics.status(status)
        return response

    # ---- periods -------------------------------------------------------------------------------

    def _on_timer(self, callback: Callable[[], None]) -> None:
        """Serves a timer; a chunk that comes meanwhile is not to wait for the executor, too."""
        self._hear()
        callback()
        self._hear()

    def _hear(self) -> None:
        for msg, info in take_waiting(self._chunks):
            self._on_chunk(msg, info)

    def _on_tick(self) -> None:
        assert self._controller is not None
        if self._ending.due:
            try:
                self.deactivate()
                self._topics.finish()
            except Exception as error:  # it ends all the same
                self.report_error(error)
            raise KeyboardInterrupt
        self._controller.tick()
        status = self._controller.status
        if self._topics.changed(status):
            self._topics.status(status)

    def _on_state_period(self) -> None:
        controller = self._controller
        assert controller is not None
        arm = controller.arm
        told = self._told(arm, controller.gripper_width)
        self._topics.arm(arm, told, time.monotonic() - arm.read_at, controller)

    def _on_status_period(self) -> None:
        controller = self._controller
        assert controller is not None
        controller.on_commanders(self._census())
        self._topics.status(controller.status)

    # ---- the rest ------------------------------------------------------------------------------

    def _census(self) -> dict[str, str]:
        return census(self, self._chunks.topic_name)

    def _stamp(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        if not self.context.ok():
            raise ExternalShutdownException

    def destroy_node(self) -> None:
        """Stops the arm and disconnects first.

        Nothing is published: the middleware may be gone. While the node is active, Ctrl-C and
        SIGTERM come here only after it has been deactivated.
        """
        if self._controller is not None:
            self._controller.close()
        super().destroy_node()


def camera_names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(',') if name.strip())


def answer(status: Status) -> str:
    """What the operator is told after a request that was granted."""
    return f'{told(status)}; next: {status.resume}' if status.resume else told(status)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(FrankaController, args)


if __name__ == '__main__':
    sys.exit(main())
