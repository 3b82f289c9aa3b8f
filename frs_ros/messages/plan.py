# SPDX-License-Identifier: Apache-2.0
"""What a controller and a policy server say to each other, without ROS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.messages.guidance import Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.identity import policy_id
from frs_ros.types import Plan


@dataclass(frozen=True)
class PlanRequest:
    """Asks for a chunk; see msg/PlanRequest.msg.

    Attributes:
        request_id: Increases by 1 within an episode, from 0.
        episode_id: Unique within a session.
        seed: Seed of the episode's random draws.
        instruction: Task in words, '' when none is given.
        stamp_ns: Stamp of the observation to plan from.
    """

    request_id: int
    episode_id: str
    seed: int
    instruction: str
    stamp_ns: int


@dataclass(frozen=True)
class ActionChunk:
    """The answer to a request; see msg/ActionChunk.msg.

    Attributes:
        request_id: Of the request answered.
        episode_id: Of the request answered.
        actions: [H, A] float64, in units.
        noise: [H, D] float32 in model space, NaN for methods that do not denoise.
        execute_steps: How many actions to execute before the next request, in [1, H].
        method: Name of the steering method.
        stamp_ns: Stamp of the observation planned from.
        space: What the actions mean, one of `types.ACTION_SPACES`.
        control_hz: Rate at which they are to be executed.
        policy_id: Whose noise it is, see `policies.identity`; '' if unknown.
        instruction: Of the request answered.
        seed: Of the request answered.
    """

    request_id: int
    episode_id: str
    actions: np.ndarray
    noise: np.ndarray
    execute_steps: int
    method: str
    stamp_ns: int
    space: str
    control_hz: float
    policy_id: str = ''
    instruction: str = ''
    seed: int = 0

    def answers(self, request: PlanRequest) -> bool:
        """Whether it is the answer to this request, word for word."""
        return request == PlanRequest(
            self.request_id, self.episode_id, self.seed, self.instruction, self.stamp_ns
        )

    @classmethod
    def answer(cls, request: PlanRequest, plan: Plan, policy: FlowPolicy) -> ActionChunk:
        """The plan of a policy as the answer to a request."""
        spec = policy.spec
        return cls(
            request_id=request.request_id,
            episode_id=request.episode_id,
            actions=plan.chunk,
            noise=plan.noise,
            execute_steps=spec.execute_steps,
            method=plan.method,
            stamp_ns=request.stamp_ns,
            space=spec.space,
            control_hz=spec.control_hz,
            policy_id=policy_id(policy),
            instruction=request.instruction,
            seed=request.seed,
        )


@dataclass(frozen=True)
class SteeringReport:
    """How a plan was made; see msg/SteeringReport.msg.

    Attributes:
        request_id: As in the chunk.
        episode_id: As in the chunk.
        method: Name of the steering method.
        guidance: The guidance handed to the method, None if there was none.
        nfe: Velocity evaluations spent.
        latency: Seconds from request to answer.
        plan_time: Seconds of it spent planning.
    """

    request_id: int
    episode_id: str
    method: str
    guidance: Guidance | None
    nfe: int
    latency: float
    plan_time: float
