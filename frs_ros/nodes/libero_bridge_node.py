# SPDX-License-Identifier: Apache-2.0
"""Node `libero_bridge`: a LIBERO task with the topics of cameras and a robot controller."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence

from rclpy.node import Node
from rclpy.task import Future

from frs_ros.errors import ConfigError, DataError
from frs_ros.messages.episode import EpisodeEvent
from frs_ros.messages.plan import PlanRequest
from frs_ros.msg import ActionChunk
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.libero_bridge import LiberoBridgeParameters
from frs_ros.nodes.simulator_topics import SimulatorTopics, increasing
from frs_ros.ros import qos, spin
from frs_ros.ros.convert.episode import episode_to_msg
from frs_ros.ros.convert.plan import chunk_from_msg
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.message_info import acknowledged, endpoint, several
from frs_ros.ros.parameters import declare
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.lockstep import LockstepRunner
from frs_ros.sim.realtime import RealtimeRunner
from frs_ros.sim.runner import EpisodeRunner, Job, Limits
from frs_ros.steering.base import episode_seed
from frs_ros.types import AGENTVIEW, WRIST, CameraSpec

TICK = 0.1  # s between two looks at unanswered requests


class LiberoBridge(Node):
    """Runs episodes: publishes observations, asks for chunks, executes them.

    Subscribes `action_chunk`; publishes `plan_request`, `robot_state`, `joint_states`,
    `privileged_scene`, `episode`, images with calibration. Everything runs in one thread, that
    which made the simulator: rendering contexts belong to a thread.

    Attributes:
        done: Fulfilled after the last episode.
    """

    def __init__(self) -> None:
        super().__init__('libero_bridge', automatically_declare_parameters_from_overrides=True)
        self.done = Future()
        self._settings = p = declare(self, LiberoBridgeParameters)
        self._env = LiberoEnv(
            p.suite, p.task_id, cameras=cameras(p), assets=p.assets, target=p.target
        )
        self._check_init_states()
        self._warm_up()
        self.get_logger().info(
            f'{p.suite} task {p.task_id}, {self._env.instruction}, with '
            f'{self._env.assets.choice} assets'
        )
        self._stamp = increasing(lambda: self.get_clock().now().nanoseconds)
        self._topics = SimulatorTopics(self, self._env, with_view=p.view_every > 0)
        self._diagnostics = Diagnostics(self)
        self._instruction = {'task': self._env.instruction, 'none': ''}.get(
            p.instruction, p.instruction
        )
        self._chunk_subscription = self.create_subscription(
            ActionChunk, topics.ACTION_CHUNK, self._on_chunk, qos.EXCHANGE
        )
        self._runner = self._make_runner()
        self._start_timer = self.create_timer(0.0, self._start)
        self.create_timer(TICK, self._on_tick)

    def _warm_up(self) -> None:
        """Draws all images once: no episode is to wait while the renderer is made."""
        p = self._settings
        self._env.capture()
        if p.view_every:
            self._env.view(p.view_height, p.view_width)

    def _make_runner(self) -> EpisodeRunner:
        p = self._settings
        limits = Limits(p.max_steps or self._env.max_steps, p.answer_timeout, p.abort_after)
        common = {'instruction': self._instruction, 'limits': limits, 'clock': time.monotonic}
        if p.mode == 'lockstep':
            return LockstepRunner(self._env, self, jobs(p), **common)
        runner = RealtimeRunner(self._env, self, jobs(p), **common)

        def on_period() -> None:
            runner.on_period()
            self._end_if_finished()

        self.create_timer(1.0 / self._env.control_hz, on_period)
        return runner

    def _check_init_states(self) -> None:
        p, last = self._settings, self._env.num_init_states - 1
        if p.first_init + p.init_count - 1 > last:
            raise ConfigError(
                f'first_init {p.first_init} and init_count {p.init_count} go beyond the last init '
                f'state {last} of {p.suite} task {p.task_id}; lower one of the two'
            )

    # ---- events -------------------------------------------------------------------------------

    def _start(self) -> None:
        self._start_timer.cancel()
        self._runner.start()

    def _on_chunk(self, msg: ActionChunk) -> None:
        try:
            chunk = chunk_from_msg(msg)
        except DataError as error:
            self.rejected(str(error))
            return
        self._runner.on_chunk(chunk)
        self._end_if_finished()

    def _on_tick(self) -> None:
        self._runner.on_tick()
        if self.count_publishers(self._topics.request.topic_name) > 1:
            self._diagnostics.report('requests', self._several(self._topics.request.topic_name))
        else:
            self._diagnostics.clear('requests')

    def _end_if_finished(self) -> None:
        if self._runner.finished and not self.done.done():
            # the END event must not die with this process
            acknowledged(self._topics.episode, 1.0)
            self.done.set_result(None)

    # ---- frs_ros.sim.runner.Outlet ------------------------------------------------------------

    def ask(self, request_id: int, episode_id: str, seed: int) -> PlanRequest:
        """Publishes the observation of now, and the request."""
        request = PlanRequest(request_id, episode_id, seed, self._instruction, self._stamp())
        self._topics.observation(request)
        if request_id == 0:
            self._show(0, request.stamp_ns)
        return request

    def repeat(self) -> None:
        """Publishes the last observation and request again."""
        self._topics.repeat()

    def stepped(self, steps: int) -> None:
        """Publishes the state after a control step."""
        stamp_ns = self._stamp()
        self._topics.state(stamp_ns)
        self._show(steps, stamp_ns)

    def episode(self, event: EpisodeEvent) -> None:
        """Publishes and logs the start or end of an episode."""
        self._topics.episode.publish(episode_to_msg(event, self._stamp()))
        if event.outcome is None:
            self.get_logger().info(f"episode {event.episode_id}: '{event.instruction}'")
        else:
            reason = f' ({event.reason})' if event.reason else ''
            self.get_logger().info(
                f'episode {event.episode_id}: {event.outcome.value}{reason} '
                f'after {event.steps} steps'
            )

    def servers(self) -> frozenset[str]:
        """Endpoint ids of the publishers of chunks."""
        infos = self.get_publishers_info_by_topic(self._chunk_subscription.topic_name)
        return frozenset(endpoint(info.endpoint_gid) for info in infos)

    def rivals(self) -> str:
        """Says that several servers answer, and returns the line."""
        line = self._several(self._chunk_subscription.topic_name)
        self._diagnostics.report('policy server', line, error=True)
        return line

    def _several(self, topic: str) -> str:
        return several(topic, self.get_publishers_info_by_topic(topic))

    def waiting(self, request: PlanRequest) -> None:
        """Says what is waited for."""
        topic = self._chunk_subscription.topic_name
        heard_of = self.count_publishers(topic) > 0
        who = 'its publisher does not answer' if heard_of else 'nobody publishes it'
        self._diagnostics.report(
            'policy server',
            f'waiting for {topic} ({who}): no answer to request {request.request_id} of episode '
            f"'{request.episode_id}' within {self._settings.answer_timeout:g} s; "
            'is the policy server running?',
            error=True,
        )

    def answered(self) -> None:
        """The policy server is there (again)."""
        self._diagnostics.clear('policy server')
        self._diagnostics.clear('chunk')

    def rejected(self, reason: str) -> None:
        """Says why a chunk is not executed."""
        self._diagnostics.report('chunk', reason, error=True)

    def _show(self, steps: int, stamp_ns: int) -> None:
        p = self._settings
        if p.view_every and steps % p.view_every == 0:
            self._topics.view(p.view_height, p.view_width, stamp_ns)

    def destroy_node(self) -> None:
        """Closes the simulator, too."""
        self._env.close()
        super().destroy_node()


def cameras(p: LiberoBridgeParameters) -> tuple[CameraSpec, ...]:
    """Cameras with the sizes of the parameters."""
    return (
        CameraSpec(AGENTVIEW, p.agentview_height, p.agentview_width),
        CameraSpec(WRIST, p.wrist_height, p.wrist_width),
    )


def jobs(p: LiberoBridgeParameters) -> Iterator[Job]:
    """The episodes to finish: init states in turn, over and over if there is no end."""
    for n in itertools.islice(itertools.count(), p.episodes or None):
        init_id = p.first_init + n % p.init_count
        seed = episode_seed(p.seed, p.suite, p.task_id, init_id)
        task = f'{p.suite}-{p.task_id}' + (f'-{p.target}' if p.target else '')
        yield Job(f'{task}-{init_id}-{n}', init_id, seed)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(LiberoBridge, args)


if __name__ == '__main__':
    sys.exit(main())
