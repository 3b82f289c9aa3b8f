# SPDX-License-Identifier: Apache-2.0
"""The whole graph as processes: the same chunks as in process, faults, `frs up`."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time

import numpy as np
import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray
from process_tree import alive, descendants

from frs_ros.msg import ActionChunk, Episode
from frs_ros.nodes import topics
from frs_ros.ros import qos

TASK, INIT, SEED, MAX_STEPS = 3, 30, 7, 15
BRIDGE = (
    '-p',
    f'task_id:={TASK}',
    '-p',
    f'first_init:={INIT}',
    '-p',
    f'seed:={SEED}',
    '-p',
    'assets:=standin',
    '-p',
    'init_count:=1',
)
START_TIMEOUT = 60.0  # a simulator and torch, on two cores that others use too


class Listener:
    """The test's ears in the graph."""

    def __init__(self, ros) -> None:
        node = ros.node('listener')
        collect = functools.partial(ros.collect, node)
        self.chunks = collect(ActionChunk, topics.ACTION_CHUNK, qos.RECORD)
        self.episodes = collect(Episode, topics.EPISODE, qos.LATCHED)
        self.diagnostics = collect(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)

    def ends(self, outcome: int | None = None) -> list[Episode]:
        ends = [e for e in self.episodes if e.event == Episode.END]
        return [e for e in ends if outcome is None or e.outcome == outcome]

    def says(self, text: str) -> bool:
        return any(text in s.message for array in self.diagnostics for s in array.status)


@pytest.fixture
def listener(ros):
    return Listener(ros)


def in_process(checkpoint: str):
    """The same episode without ROS."""
    from frs_ros.evaluation.episode import run_episode
    from frs_ros.guidance.oracle import oracle_guidance
    from frs_ros.policies.checkpoint import load_policy
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.steering.base import episode_seed
    from frs_ros.steering.registry import make_steerer

    policy = load_policy(checkpoint)
    env = LiberoEnv('libero_object', TASK, cameras=policy.cameras, assets='standin')
    env.max_steps = MAX_STEPS
    try:
        return run_episode(
            env,
            policy,
            make_steerer('frs'),
            oracle_guidance,
            init_id=INIT,
            episode_seed=episode_seed(SEED, 'libero_object', TASK, INIT),
        )
    finally:
        env.close()


def test_graph_gives_the_chunks_of_the_evaluator(ros, listener, node_process, checkpoint):
    server = node_process('policy_server', '-p', f'checkpoint:={checkpoint}')
    oracle = node_process('oracle_guidance')
    bridge = node_process(
        'libero_bridge', *BRIDGE, '-p', f'max_steps:={MAX_STEPS}', '-p', 'episodes:=1'
    )
    result = in_process(checkpoint)
    ros.wait_for(listener.ends, START_TIMEOUT, 'the end of the episode')
    ros.wait_for(lambda: len(listener.chunks) >= len(result.plans), 5.0, 'all chunks')
    assert bridge.wait(10.0) == 0  # ends by itself after the last episode
    (end,) = listener.ends()
    assert (end.outcome, end.steps, end.reason) == (
        Episode.OUTCOME_FAILURE,
        result.steps,
        result.outcome,
    )
    chunks = {c.request_id: np.array(c.actions).reshape(10, 7) for c in listener.chunks}
    assert sorted(chunks) == [0, 1, 2]
    assert any(result.steered)
    for index, plan in enumerate(result.plans):
        assert np.abs(chunks[index] - plan.chunk).max() < 1e-5
    for process in (server, oracle):
        assert process.interrupt() == 0
        assert 'Traceback' not in process.output


def test_killed_policy_server(ros, listener, node_process, checkpoint):
    arguments = ('-p', f'checkpoint:={checkpoint}', '-p', 'guidance_sync:=none')
    server = node_process('policy_server', *arguments)
    bridge = node_process('libero_bridge', *BRIDGE, '-p', 'abort_after:=5.0')
    ros.wait_for(lambda: len(listener.chunks) >= 2, START_TIMEOUT, 'two chunks')
    server.kill()
    start = time.monotonic()
    ros.wait_for(lambda: listener.says('waiting for /action_chunk'), 5.0, 'what it waits for')
    assert time.monotonic() - start < 5.0
    assert bridge.output.count('waiting for /action_chunk') == 1  # one line, not one per tick
    ros.wait_for(lambda: listener.ends(Episode.OUTCOME_ABORTED), 10.0, 'the aborted episode')
    (end,) = listener.ends(Episode.OUTCOME_ABORTED)
    assert 'no answer from the policy server' in end.reason

    listener.chunks.clear()
    node_process('policy_server', *arguments)
    ros.wait_for(lambda: len(listener.chunks) >= 3, START_TIMEOUT, 'chunks after the restart')
    assert listener.episodes[-1].event == Episode.START
    assert listener.episodes[-1].id == listener.chunks[-1].episode_id != end.id
    assert len(listener.ends()) == 1
    # Ctrl-C in the middle of an episode
    assert bridge.interrupt() == 0
    assert 'Traceback' not in bridge.output


def test_realtime_mode(ros, listener, node_process, checkpoint):
    node_process('policy_server', '-p', f'checkpoint:={checkpoint}', '-p', 'guidance_sync:=latest')
    bridge = node_process(
        'libero_bridge',
        *BRIDGE,
        '-p',
        'mode:=realtime',
        '-p',
        'max_steps:=20',
        '-p',
        'episodes:=1',
    )
    ros.wait_for(listener.ends, START_TIMEOUT, 'the end of the episode')
    assert bridge.wait(10.0) == 0
    assert listener.ends()[0].steps == 20
    assert len(listener.chunks) >= 2


def test_bridge_names_a_wrong_task(node_process):
    bridge = node_process('libero_bridge', '-p', 'task_id:=12', '-p', 'assets:=standin')
    assert bridge.wait(30.0) == 2
    assert 'unknown task 12; libero_object has tasks 0 to 9' in bridge.output
    assert 'Traceback' not in bridge.output


def test_up_starts_the_graph_and_ctrl_c_ends_it(ros, listener, node_process, checkpoint, wait_for):
    command = [
        sys.executable,
        '-m',
        'frs_ros.cli',
        'up',
        'libero',
        f'checkpoint:={checkpoint}',
        f'task_id:={TASK}',
        f'first_init:={INIT}',
        'assets:=standin',
        'policy_server.threads:=1',
    ]
    up = node_process('up', command=command)
    ros.wait_for(lambda: len(listener.chunks) >= 2, START_TIMEOUT, 'two chunks')
    children = descendants(up.process.pid)
    assert len(children) >= 3
    os.kill(up.process.pid, signal.SIGINT)  # to it alone, as its nodes are in other groups
    assert up.wait(20.0) == 0
    wait_for(lambda: not any(alive(pid) for pid in children), 1.0, 'the end of every node')
    assert 'Traceback' not in up.output
    for node in ('policy_server', 'oracle_guidance', 'libero_bridge'):
        assert f'[{node}]' in up.output or node == 'oracle_guidance'
