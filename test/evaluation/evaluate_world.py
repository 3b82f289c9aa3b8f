# SPDX-License-Identifier: Apache-2.0
"""A world of one point that evaluates in milliseconds, with faults on demand.

The gripper starts at the origin and the target lies 0.5 m away in x or y, by the task's parity; an
action moves the gripper by up to 0.05 m. 'frs' obeys the guidance, 'base' does not move.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.settings import EvaluationSettings
from frs_ros.messages.guidance import Guidance
from frs_ros.types import ActionSpec, ObjectPose, Observation, Plan, PrivilegedScene

NAMES = ('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper')
STEP = 0.05
DISTANCE = 0.5
MAX_STEPS = 23
NUM_INIT_STATES = 12
# A checkpoint that is too slow to solve anything.
WEAK, WEAK_SPEED = 'weak', 0.2


def settings(**changes) -> EvaluationSettings:
    values = dict(
        suite='fake',
        tasks=(0, 1),
        methods=(Method('base', 'base'), Method('frs', 'frs')),
        trials=3,
    )
    return EvaluationSettings(**(values | changes))


class PointPolicy:
    """Only what an episode asks of a policy; the chunks come from the steerers below."""

    spec = ActionSpec(5, 7, 8, 20.0, NAMES, ('1',) * 7, steps=4, execute_steps=3)
    cameras = ()

    def __init__(self, checkpoint: str = 'mini') -> None:
        self.checkpoint = checkpoint

    def inference(self):
        return contextlib.nullcontext()


class PointEnv:
    """The target is lifted as soon as the gripper reaches it."""

    max_steps = MAX_STEPS
    num_init_states = NUM_INIT_STATES

    def __init__(self, task_id: int = 0, speed: float = 1.0) -> None:
        self.task_id = task_id
        self.speed = speed
        self.target = DISTANCE * np.eye(3)[task_id % 2]
        self.actions: list[np.ndarray] = []
        self.resets: list[int] = []
        self.closed = False

    def reset(self, init_id: int) -> None:
        self.gripper = np.zeros(3)
        self.resets.append(init_id)

    def observe(self) -> Observation:
        return Observation({}, self.gripper.copy(), f'task {self.task_id}')

    def scene(self) -> PrivilegedScene:
        pose = ObjectPose(self.target, np.full(3, 0.05), 0.0)
        far = ObjectPose(np.array([-5.0, 0, 0]), np.full(3, 0.05), 0.0)
        return PrivilegedScene(
            self.gripper.copy(), {'milk': pose, 'basket': far}, 'milk', 'basket'
        )

    def step(self, action: np.ndarray) -> bool:
        self.actions.append(np.array(action))
        self.gripper = self.gripper + self.speed * STEP * np.clip(action[:3], -1, 1)
        return bool(np.linalg.norm(self.gripper - self.target) < STEP / 4)

    def close(self) -> None:
        self.closed = True


class PointSteerer:
    """Obeys the guidance, or stays where it is; the last column of the chunk is a random draw."""

    def __init__(self, name: str, strength: float = 1.0) -> None:
        self.name = name
        self.strength = strength
        self.observations: list[Observation] = []

    def plan(self, policy, observation, guidance, rng) -> Plan:
        self.observations.append(observation)
        noise = rng.standard_normal((policy.spec.horizon, policy.spec.model_dim))
        chunk = np.zeros((policy.spec.horizon, policy.spec.action_dim))
        chunk[:, 6] = noise[:, 6]
        steered = guidance is not None and guidance.active
        if steered:
            chunk[:, :3] = self.strength * guidance.magnitude * guidance.direction
        diagnostics = {'cosine': 1.0} if steered else {}
        nfe = policy.spec.steps * (2 if steered else 1)
        return Plan(chunk, noise.astype(np.float32), self.name, nfe, diagnostics)


def towards_target(scene: PrivilegedScene, magnitude: float = 1.0) -> Guidance:
    offset = scene.objects[scene.target].position - scene.gripper
    return Guidance(offset / max(np.linalg.norm(offset), 1e-9), magnitude=magnitude)


@dataclass(frozen=True)
class PointWorld:
    """The world with faults.

    Attributes:
        fault: What happens at `at`: '', 'raise', 'refuse' (FrsError) or 'kill'.
        at: (task, init state) of the fault.
        trace: File that gets a line per episode begun.
        pause: Seconds per step.
    """

    fault: str = ''
    at: tuple[int, int] = (-1, -1)
    trace: str = ''
    pause: float = 0.0

    def policy(self, checkpoint):
        return PointPolicy(checkpoint)

    def environment(self, settings, task_id, policy):
        return _FaultyEnv(self, task_id, policy.checkpoint)

    def steerer(self, method):
        return PointSteerer(method.name, method.options.get('strength', 1.0))

    def guide(self, guidance, magnitude, near_target):
        if guidance == 'none':
            return None
        return lambda scene: towards_target(scene, magnitude)


class _FaultyEnv(PointEnv):
    def __init__(self, world: PointWorld, task_id: int, checkpoint: str) -> None:
        super().__init__(task_id, WEAK_SPEED if checkpoint == WEAK else 1.0)
        self.world = world

    def reset(self, init_id: int) -> None:
        super().reset(init_id)
        world = self.world
        if world.trace:
            with Path(world.trace).open('a') as file:
                file.write(f'{os.getpid()} {self.task_id} {init_id}\n')
        if (self.task_id, init_id) == world.at:
            if world.fault == 'raise':
                raise ZeroDivisionError('the fake world broke')
            if world.fault == 'refuse':
                raise ConfigError('the fake world refuses')
            if world.fault == 'kill':
                os.kill(os.getpid(), signal.SIGKILL)

    def step(self, action):
        time.sleep(self.world.pause)
        return super().step(action)


def add_arguments(parser) -> None:
    """Makes this module a command of `frs`, for tests of Ctrl-C."""
    parser.add_argument('out', type=Path)


def run(args) -> int:
    from frs_ros.evaluation.evaluate import evaluate

    args.out.mkdir(exist_ok=True)
    evaluate(
        settings(), PointWorld(pause=0.02, trace=str(args.out / 'trace')), args.out, workers=2
    )
    return 0
