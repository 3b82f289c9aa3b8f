# SPDX-License-Identifier: Apache-2.0
"""A core of the openpi lineage as a `FlowPolicy`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from frs_ros.errors import CheckpointError, ConfigError, FrsError
from frs_ros.policies.identity import UNKNOWN
from frs_ros.policies.vla.capture import POINT, TIME, capture, step_of
from frs_ros.policies.vla.context import CapturedContext
from frs_ros.policies.vla.convention import NOISE_AT_ONE, Convention
from frs_ros.policies.vla.rules import ActionRules
from frs_ros.policies.vla.stack import Stack, one_line
from frs_ros.types import ActionSpec, CameraSpec, Observation


class VlaPolicy:
    """Frozen; weights in whatever dtype the stack keeps them, points and velocities in float32.

    `encode` and `velocity` may be called from several threads.

    Args:
        stack: The loaded model.
        spec: Meaning of chunks; its horizon and model_dim must be the core's.
        rules: Units <-> model space.
        convention: Which way the core's time runs.
        compiled: Applied once to the core's step, such as `torch.compile`.
        identity: See `policies.identity`.
    """

    def __init__(
        self,
        stack: Stack,
        spec: ActionSpec,
        rules: ActionRules,
        convention: Convention = NOISE_AT_ONE,
        compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda step: step,
        identity: str = UNKNOWN,
    ) -> None:
        self.identity = identity
        self.spec: ActionSpec = spec
        self.cameras: tuple[CameraSpec, ...] = stack.cameras
        self._stack, self._rules, self._convention = stack, rules, convention
        stack.core.eval().requires_grad_(False)
        # Taken once: a capture in another thread stands before the method for a moment.
        step, self._signature = step_of(stack.core)
        self._step = compiled(step)

    @torch.no_grad()
    def encode(self, observation: Observation) -> CapturedContext:
        """Runs the stack's preprocessing and the prefix once, up to its first step.

        Raises:
            ConfigError: An image is missing or misshapen, the state is not [S] and finite, or the
                device has too little memory.
            CheckpointError: The stack fails, or its chunks are not those of the spec.
        """
        try:
            arguments = capture(self._stack.core, lambda: self._stack.start(observation))
        except FrsError:
            raise
        except torch.cuda.OutOfMemoryError as error:
            raise self._too_little('encode an observation', error) from error
        except Exception as error:
            raise CheckpointError(
                f'{self._stack.name} failed to encode an observation; are cameras, state and '
                f'instruction mapped to its inputs? {one_line(error)}'
            ) from error
        point = arguments.pop(POINT)
        arguments.pop(TIME)
        wanted = (1, self.spec.horizon, self.spec.model_dim)
        if tuple(point.shape) != wanted:
            raise CheckpointError(
                f'{self._stack.name} samples chunks {list(point.shape)}, expected {list(wanted)}'
            )
        return CapturedContext(arguments, 1)

    def velocity(self, x: Tensor, t: Tensor, context: Any) -> Tensor:
        """dx/dt at x [B, H, D] and t [B]; the `CapturedContext` has batch B or 1.

        Raises:
            ConfigError: The device has too little memory.
            CheckpointError: A step has changed the prefix.
        """
        context = context.expand(len(x))
        arguments = {**context.for_a_step(), POINT: x, TIME: self._convention.time(t)}
        call = inspect.BoundArguments(self._signature, arguments)
        try:
            v = self._step(*call.args, **call.kwargs)
        except torch.cuda.OutOfMemoryError as error:
            raise self._too_little(f'take a step for {len(x)} chunks', error) from error
        context.check()
        velocity: Tensor = self._convention.velocity(v).to(x.dtype)
        return velocity

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Tensor:
        """[.., H, A] in units -> [.., H, D] float32 in model space, by the checkpoint's rules."""
        return self.asarray(self._rules.to_model(chunk, observation.state))

    def from_model(self, x: Tensor, observation: Observation) -> np.ndarray:
        """[.., H, D] in model space -> [.., H, A] float64 in units."""
        return self._rules.from_model(x.detach().cpu().double().numpy(), observation.state)

    def asarray(self, x: np.ndarray) -> Tensor:
        """Float32 tensor on the core's device."""
        # A copy, whose strides are always those of its shape: compiled steps are kept by strides.
        array = np.array(x, dtype=np.float32, order='C')
        return torch.from_numpy(array).to(self._stack.device)

    def inference(self) -> AbstractContextManager[None]:
        """`torch.no_grad`; a context made inside may be differentiated through outside."""
        return torch.no_grad()

    def _too_little(self, purpose: str, error: BaseException) -> ConfigError:
        return ConfigError(
            f'{self._stack.device} has too little memory for {self._stack.name} to {purpose}; end '
            f'other programs there, take dtype bfloat16 or a larger card: {one_line(error)}'
        )
