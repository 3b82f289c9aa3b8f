# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of the scripted expert, made so that a policy trained on them can be steered.

A generalist has several modes per scene; so the expert fetches various objects, not only the stock
target. Executed actions are disturbed (DART, arXiv 1703.09327: Ornstein-Uhlenbeck noise) while the
clean ones are the labels, and part of the episodes starts from a hovering pose that a coarse
approach has left, as coarse guidance will.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.datasets.demonstrations import CAMERAS, Demonstration
from frs_ros.errors import DataError
from frs_ros.guidance.coarse import diagonal
from frs_ros.sim.expert import FetchExpert
from frs_ros.sim.layouts import shuffle_layout
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.placing import reach_point
from frs_ros.sim.repertoire import Goal, repertoire
from frs_ros.sim.splits import SPLITS
from frs_ros.types import CameraSpec

_EMPTY = np.zeros(0)


@dataclass(frozen=True)
class CollectionSettings:
    """What is recorded; part of the dataset's description.

    Attributes:
        suite: LIBERO suite.
        tasks: Tasks whose scenes are used.
        held_out: What is never done, see `sim.repertoire`.
        assets: Asset pack.
        seed: Seed of everything; with an episode's number it determines the episode.
        init_states: The first so many stock init states are used.
        target: Type of the object that is the task's own target; '' for LIBERO's.
        stock_target: Share of episodes that fetch the task's own target.
        shuffled: Share of episodes in a randomised layout.
        coarse_start: Share of episodes that begin where a coarse approach ends.
        noise: Step sizes of the disturbance, drawn per episode, in units of the action.
        max_steps: Episodes that take longer are failures.
    """

    suite: str = 'libero_object'
    tasks: tuple[int, ...] = SPLITS['libero_object'].tasks
    held_out: tuple[str, ...] = SPLITS['libero_object'].never
    assets: str = 'standin'
    seed: int = 0
    init_states: int = 30
    target: str = ''
    stock_target: float = 0.2
    shuffled: float = 0.6
    coarse_start: float = 0.4
    noise: tuple[float, ...] = (0.0, 0.1, 0.2)
    max_steps: int = 300

    def describe(self) -> dict[str, object]:
        """JSON-serialisable form."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def record_episode(
    env: LiberoEnv, settings: CollectionSettings, number: int
) -> Demonstration | None:
    """Records episode `number` without images; None if the expert fails."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, number]))
    init_id = int(rng.integers(settings.init_states))
    env.reset(init_id)
    shuffled = rng.random() < settings.shuffled and shuffle_layout(env, rng)
    goal = _choose_goal(env, settings, shuffled, rng)
    env.pursue(goal.predicate, goal.instruction)
    coarse = rng.random() < settings.coarse_start
    if coarse:
        coarse_approach(env, rng)
    noise = Disturbance(rng, float(rng.choice(settings.noise)))
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    try:
        expert = FetchExpert(env, env.goal, hover=0.03 if coarse else 0.08)
        for action in expert.actions():
            rows.append((env.state(), action, env.data.qpos.copy()))
            if env.step(noise(action)):
                return _demonstration(env, init_id, rows)
            if len(rows) >= settings.max_steps:
                return None
    except DataError:  # no grasp exists, for example when the object has fallen over
        return None
    return None


def coarse_approach(env: LiberoEnv, rng: np.random.Generator) -> None:
    """Moves the open hand near and above the goal's object in coarse axis-aligned steps."""
    target = env.goal[1]
    aim = reach_point(env.world, env.goal) - env.world.position(target)  # 0, or a place on the rim
    reach = rng.uniform(0.01, 0.05)
    clearance = rng.uniform(0.0, 0.06)
    for _ in range(rng.integers(8, 24)):
        offset = env.world.position(target) + aim - env.world.gripper_pose()[0]
        top = env.world.vertices(target)[:, 2].max()
        action = np.array([0.0, 0, 0, 0, 0, 0, -1])
        if np.linalg.norm(offset[:2]) > reach:
            action[:2] = np.sign(diagonal(offset[:2])[:2]) * rng.uniform(0.5, 1.0)
        elif env.world.gripper_pose()[0][2] > top + clearance:
            action[2] = -rng.uniform(0.5, 1.0)
        else:
            return
        for _ in range(int(rng.integers(2, 5))):
            env.step(action)


class Disturbance:
    """Ornstein-Uhlenbeck noise on the translation of executed actions."""

    def __init__(self, rng: np.random.Generator, step: float, decay: float = 0.85) -> None:
        self._rng, self._step, self._decay = rng, step, decay
        self._value = np.zeros(3)

    def __call__(self, action: np.ndarray) -> np.ndarray:
        """A disturbed copy of an action [7]."""
        self._value = self._decay * self._value + self._step * self._rng.normal(size=3)
        return np.concatenate([np.clip(action[:3] + self._value, -1, 1), action[3:]])


def choose_frames(
    env: LiberoEnv, demonstration: Demonstration, rng: np.random.Generator
) -> np.ndarray:
    """Steps that get images: every 5th, and every 2nd while the hand is close to the target."""
    joint = env.model.body(env.world.body_name(demonstration.target)).jntadr[0]
    address = int(env.model.jnt_qposadr[joint])
    offset = demonstration.qpos[:, address : address + 2] - demonstration.state[:, :2]
    close = np.linalg.norm(offset, axis=1) < 0.07
    return np.array(list(_strided(close, rng)), dtype=np.int64)


def _strided(close: np.ndarray, rng: np.random.Generator) -> Iterator[int]:
    step = int(rng.integers(5))
    carrying_after = np.flatnonzero(close)[0] + 60 if close.any() else 0
    while step < len(close):
        yield step
        step += 2 if close[step] and step < carrying_after else 5


def render(
    env: LiberoEnv, demonstration: Demonstration, frames: np.ndarray, cameras: Sequence[CameraSpec]
) -> Demonstration:
    """The episode with images of the given steps, drawn from its simulator states."""
    import mujoco

    images: dict[str, list[bytes]] = {camera: [] for camera in CAMERAS}
    pixels = np.zeros((len(frames), len(CAMERAS), len(demonstration.names), 2), np.float32)
    specs = {c.name: c for c in cameras}
    for row, step in enumerate(frames):
        env.data.qpos[:] = demonstration.qpos[step]
        mujoco.mj_kinematics(env.model, env.data)
        mujoco.mj_comPos(env.model, env.data)
        mujoco.mj_camlight(env.model, env.data)
        points = np.stack([env.world.position(n) for n in demonstration.names])
        for index, name in enumerate(CAMERAS):
            height, width = specs[name].height, specs[name].width
            images[name].append(encode_jpeg(env.view(height, width, name)))
            pixels[row, index] = env.project(points, height, width, name)
    return demonstration.with_images(frames, pixels, images)


def _choose_goal(
    env: LiberoEnv, settings: CollectionSettings, shuffled: bool, rng: np.random.Generator
) -> Goal:
    goals = repertoire(env, settings.held_out, shuffled)
    stock = [g for g in goals if g.predicate == env.stock_goal]
    if rng.random() < settings.stock_target and stock:
        return stock[0]
    return goals[int(rng.choice(len(goals)))]


def _demonstration(
    env: LiberoEnv,
    init_id: int,
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> Demonstration:
    state, actions, qpos = (np.stack(column) for column in zip(*rows, strict=True))
    return Demonstration(
        env.task_id,
        init_id,
        env.goal[1],
        tuple(env.object_names),
        env.instruction,
        state,
        actions.astype(np.float32),
        qpos,
        frames=_EMPTY,
        pixels=_EMPTY,
        agentview=_EMPTY,
        agentview_offsets=_EMPTY,
        wrist=_EMPTY,
        wrist_offsets=_EMPTY,
    )
