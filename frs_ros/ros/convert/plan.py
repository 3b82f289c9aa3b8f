# SPDX-License-Identifier: Apache-2.0
"""Request, Chunk and Report <-> PlanRequest, ActionChunk and SteeringReport."""

from __future__ import annotations

import math

import numpy as np

from frs_ros.errors import DataError
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.messages.plan import ActionChunk, PlanRequest, SteeringReport
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.msg import SteeringReport as SteeringReportMsg
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import finite, text
from frs_ros.ros.convert.guidance import any_guidance_to_msg, guidance_from_msg
from frs_ros.text import shown
from frs_ros.types import ACTION_SPACES, Plan

# Diagnostics of plans that reports carry under the same names, NaN for what was not measured.
MEASURED = (
    'chi_percentile',
    'round_trip_rms',
    'cosine',
    'strength',
    'noise_norm',
    'inversion_residual',
    'gate',
    'noise_ratio',
    'round_trip_ratio',
    'support',
)


def request_to_msg(request: PlanRequest) -> PlanRequestMsg:
    """Message with the stamp of the observation to plan from."""
    return PlanRequestMsg(
        header=stamps.header(request.stamp_ns),
        request_id=request.request_id,
        episode_id=request.episode_id,
        seed=request.seed,
        instruction=request.instruction,
    )


def request_from_msg(msg: PlanRequestMsg) -> PlanRequest:
    """The request a message carries; DataError if a text is long or would steer a terminal."""
    return PlanRequest(
        request_id=msg.request_id,
        episode_id=text('PlanRequest.episode_id', msg.episode_id),
        seed=msg.seed,
        instruction=text('PlanRequest.instruction', msg.instruction),
        stamp_ns=stamps.to_ns(msg.header.stamp),
    )


def chunk_to_msg(chunk: ActionChunk) -> ActionChunkMsg:
    """Message of a chunk; DataError if an action is not finite, ValueError if not [H, A]."""
    horizon, action_dim = chunk.actions.shape
    noise = np.asarray(chunk.noise, dtype=np.float32).reshape(horizon, -1)
    return ActionChunkMsg(
        header=stamps.header(chunk.stamp_ns),
        request_id=chunk.request_id,
        episode_id=chunk.episode_id,
        method=chunk.method,
        horizon=horizon,
        action_dim=action_dim,
        model_dim=noise.shape[1],
        policy_id=chunk.policy_id,
        instruction=chunk.instruction,
        seed=chunk.seed,
        action_space=chunk.space,
        control_hz=float(chunk.control_hz),
        actions=finite('ActionChunk.actions', chunk.actions).ravel().tolist(),
        noise=noise.ravel().tolist(),
        execute_steps=chunk.execute_steps,
    )


def chunk_from_msg(msg: ActionChunkMsg) -> ActionChunk:
    """The chunk a message carries.

    Raises:
        DataError: If sizes disagree, the chunk is empty, an action is not finite, the action space
            is unknown, the rate is not positive, execute_steps is outside [1, horizon] or a text
            is too long. Noise may be NaN: some methods have none.
    """
    if msg.action_space not in ACTION_SPACES:
        space = shown(msg.action_space)
        raise DataError(f'ActionChunk.action_space is {space}, which is unknown')
    if not 0.0 < msg.control_hz < math.inf:
        raise DataError(f'ActionChunk.control_hz is {msg.control_hz}; it must be positive')
    if msg.horizon < 1 or msg.action_dim < 1:
        raise DataError(
            f'ActionChunk is empty: horizon {msg.horizon}, action_dim {msg.action_dim}'
        )
    if not 1 <= msg.execute_steps <= msg.horizon:
        raise DataError(
            f'ActionChunk.execute_steps is {msg.execute_steps}, outside [1, {msg.horizon}]'
        )
    if len(msg.noise) != msg.horizon * msg.model_dim:
        raise DataError(
            f'ActionChunk.noise holds {len(msg.noise)} numbers instead of '
            f'{msg.horizon} x {msg.model_dim}'
        )
    return ActionChunk(
        request_id=msg.request_id,
        episode_id=text('ActionChunk.episode_id', msg.episode_id),
        actions=finite('ActionChunk.actions', msg.actions, (msg.horizon, msg.action_dim)),
        noise=np.array(msg.noise, dtype=np.float32).reshape(msg.horizon, msg.model_dim),
        execute_steps=msg.execute_steps,
        method=text('ActionChunk.method', msg.method),
        stamp_ns=stamps.to_ns(msg.header.stamp),
        space=msg.action_space,
        control_hz=msg.control_hz,
        policy_id=text('ActionChunk.policy_id', msg.policy_id),
        instruction=text('ActionChunk.instruction', msg.instruction),
        seed=msg.seed,
    )


def report_to_msg(
    request: PlanRequest,
    plan: Plan,
    guidance: AnyGuidance | None,
    *,
    latency: float,
    plan_time: float,
    unsteered: np.ndarray | None = None,
    options: str = '{}',
) -> SteeringReportMsg:
    """Report of a plan.

    Args:
        request: What was asked.
        plan: What was made.
        guidance: The guidance handed to the method, None if there was none.
        latency: Seconds from the request's arrival to the answer.
        plan_time: Seconds of it spent planning.
        unsteered: [H, A] what the policy would have done by itself; None if that is not known.
        options: Options of the method as JSON.
    """
    return SteeringReportMsg(
        header=stamps.header(request.stamp_ns),
        request_id=request.request_id,
        episode_id=request.episode_id,
        method=plan.method,
        method_options=options,
        guided=guidance is not None and guidance.active,
        guidance=any_guidance_to_msg(guidance),
        nfe=plan.nfe,
        latency=latency,
        plan_time=plan_time,
        fallback=bool(plan.diagnostics.get('fallback', False)),
        **{name: float(plan.diagnostics.get(name, math.nan)) for name in MEASURED},
        unsteered_actions=[] if unsteered is None else unsteered.ravel().tolist(),
    )


def report_from_msg(msg: SteeringReportMsg) -> SteeringReport:
    """The report a message carries, without its diagnostics; DataError on a bad guidance."""
    return SteeringReport(
        request_id=msg.request_id,
        episode_id=msg.episode_id,
        method=msg.method,
        guidance=guidance_from_msg(msg.guidance) if msg.guidance.enabled else None,
        nfe=msg.nfe,
        latency=msg.latency,
        plan_time=msg.plan_time,
    )
