# SPDX-License-Identifier: Apache-2.0
"""Guidance written as a chunk in model space: the paper's construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.messages.any_guidance import AnyGuidance, GuidanceError
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import ActionSpec, Observation

TRANSLATION = ('x', 'y', 'z')
ROTATION = ('roll', 'pitch', 'yaw')
GRIPPER = 'gripper'

# Writes guidance as a chunk [1, H, D] in model space; see `references`.
ReferenceWriter = Callable[[AnyGuidance, FlowPolicy, Observation], Any]

# Gripper command of each choice: -1 open, +1 closed; the policy's choice is written as neutral.
GRIPPER_COMMAND = {Gripper.POLICY: 0.0, Gripper.OPEN: -1.0, Gripper.CLOSE: 1.0}


def guidance_reference(guidance: Guidance, policy: FlowPolicy, observation: Observation) -> Any:
    """The chunk that does what the guidance says and nothing else, constant over its rows.

    A chunk of raw zeros is encoded; then the unit direction times the magnitude is written into
    the NORMALISED translation, 1 being about the fastest motion of the training data (arXiv
    2606.13675, appendix D). Rotation likewise. What the guidance does not mention keeps the
    encoding of raw 0 (stand still), the padding is zero. Where the model counts actions from the
    state, the guidance counts from that encoding, too.

    Args:
        guidance: Active guidance in the base frame.
        policy: Its `spec` names the dimensions, its `to_model` encodes.
        observation: What the policy sees; some policies normalise relative to it.

    Returns:
        [1, H, D] in model space, as the policy's array type; GuidanceError if the policy's actions
        lack a dimension that the guidance speaks of.
    """
    spec = policy.spec
    raw = np.zeros((1, spec.horizon, spec.action_dim))
    if guidance.gripper != Gripper.POLICY:
        raw[..., dimensions(spec, GRIPPER)] = GRIPPER_COMMAND[guidance.gripper]
    chunk = to_numpy(encoded(raw, policy, observation))
    start = np.where(counts_from_state(policy, observation), chunk, 0.0)
    distance = np.linalg.norm(guidance.direction)
    if distance > 0:
        motion = guidance.direction / distance * guidance.magnitude
        dims = dimensions(spec, *TRANSLATION)
        chunk[..., dims] = start[..., dims] + motion
    if np.any(guidance.rotation):
        dims = dimensions(spec, *ROTATION)
        chunk[..., dims] = start[..., dims] + guidance.rotation
    return policy.asarray(chunk)


def counts_from_state(policy: FlowPolicy, observation: Observation) -> np.ndarray:
    """[H, D] bool, whether the model knows an action relative to the state (openpi's delta)."""
    spec = policy.spec
    raw = np.zeros((1, spec.horizon, spec.action_dim))
    zeros = np.zeros_like(observation.state)
    at_zero, at_one = (
        to_numpy(policy.to_model(raw, replace(observation, state=state)))[0]
        for state in (zeros, zeros + 1)
    )
    return np.asarray(at_zero != at_one)


def encoded(raw: np.ndarray, policy: FlowPolicy, observation: Observation) -> Any:
    """A chunk [1, H, A] in units as [1, H, D] in model space, its padding zero."""
    chunk = to_numpy(policy.to_model(raw, observation))
    chunk[..., policy.spec.action_dim :] = 0.0
    return policy.asarray(chunk)


def dimensions(spec: ActionSpec, *names: str) -> list[int]:
    """Positions of named action dimensions; GuidanceError if the policy does not have them."""
    try:
        return spec.indices(*names)
    except ValueError:
        has = ', '.join(spec.names)
        raise GuidanceError(
            f'this policy cannot be guided in {", ".join(names)}: its actions are {has}'
        ) from None
