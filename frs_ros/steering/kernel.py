# SPDX-License-Identifier: Apache-2.0
"""Common steps of all steering methods: what a method gets, and how its answer becomes a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import Times, uniform
from frs_ros.flow.sample import Velocity, sample
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.checks import finite_reference
from frs_ros.steering.diagnostics import against_reference, chi_percentile, standing_still
from frs_ros.types import ActionSpec, Observation, Plan


def draw_noise(policy: FlowPolicy, rng: np.random.Generator) -> np.ndarray:
    """[H, D] float32 standard normal noise: the first draw of every plan."""
    shape = (policy.spec.horizon, policy.spec.model_dim)
    return rng.standard_normal(shape, dtype=np.float32)


def field_of(policy: FlowPolicy, context: Context) -> Velocity:
    """The policy's velocity field for one encoded observation."""

    def velocity(x: Any, t: Any) -> Any:
        return policy.velocity(x, t, context)

    return velocity


class Steering:
    """One chunk to be made: policy, observation, guidance, and what was spent on it so far.

    Make and use it within `policy.inference()`.

    Attributes:
        policy: Frozen policy.
        observation: What the policy sees.
        guidance: Active guidance, or None.
        rng: Source of all randomness.
        noise: [H, D] float32 first draw of `rng`: the noise of the unsteered plan.
        times: [K + 1] native grid of the policy, from noise (0) to action (1).
        evaluations: Velocity evaluations so far; a batch of n counts n.
    """

    def __init__(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
        write: ReferenceWriter = reference_chunk,
    ) -> None:
        """Draws the noise; nothing is encoded or evaluated yet.

        Args:
            policy: Frozen policy.
            observation: What the policy sees.
            guidance: Active guidance, or None.
            rng: Source of all randomness.
            write: Writes guidance as a reference chunk.
        """
        self.policy, self.observation = policy, observation
        self.guidance, self.rng = guidance, rng
        self.noise = draw_noise(policy, rng)
        self.times = uniform(policy.spec.steps)
        self.evaluations = 0
        self._write = write

    @property
    def spec(self) -> ActionSpec:
        """Meaning of the chunk."""
        return self.policy.spec

    @cached_property
    def context(self) -> Context:
        """The encoded observation, of batch size 1; encoded at the first use."""
        return self.policy.encode(self.observation)

    @cached_property
    def written(self) -> Any:
        """[1, H, D] Array, the guidance as a chunk in model space.

        ConfigError if a number is not finite; GuidanceError if the policy cannot be guided so.
        """
        assert self.guidance is not None
        written = self._write(self.guidance, self.policy, self.observation)
        finite_reference(written)
        return written

    @cached_property
    def reference(self) -> np.ndarray:
        """[H, D] float64, as `written`."""
        return finite_reference(self.written)

    @cached_property
    def still(self) -> np.ndarray:
        """[H, D] model space, from which chunks count as motion; see `standing_still`."""
        return standing_still(self.policy, self.observation)

    def velocity(self, batch: int = 1) -> Velocity:
        """The velocity field of this observation for a batch; its evaluations are counted."""
        context = self.context if batch == 1 else self.context.expand(batch)

        def velocity(x: Any, t: Any) -> Any:
            self.evaluations += len(x)
            return self.policy.velocity(x, t, context)

        return velocity

    def sample(self, latents: np.ndarray, times: Times | None = None) -> Any:
        """[B, H, D] Array, the actions that the native sampler makes of latents [B, H, D].

        Args:
            latents: Noise, or latents of the first of `times`.
            times: The native grid unless given.
        """
        x = self.policy.asarray(latents)
        return sample(self.velocity(len(latents)), x, self.times if times is None else times)

    def plan(
        self,
        actions: Any,
        noise: np.ndarray | None,
        method: str,
        numbers: Mapping[str, float] | None = None,
    ) -> Plan:
        """The plan of the actions [1, H, D] in model space.

        Args:
            actions: Array.
            noise: [H, D] float32 that they come from, or None if there is none.
            method: Name of the method.
            numbers: Diagnostics; those that are not finite are left out.
        """
        known = np.full_like(self.noise, np.nan) if noise is None else noise
        found = {'chi_percentile': chi_percentile(known), **(numbers or {})}
        return Plan(
            chunk=self.policy.from_model(actions, self.observation)[0],
            noise=known,
            method=method,
            nfe=self.evaluations,
            diagnostics={key: value for key, value in found.items() if np.isfinite(value)},
        )


def unsteered(
    policy: FlowPolicy, observation: Observation, rng: np.random.Generator, name: str = 'base'
) -> Plan:
    """The policy's own plan: fresh noise, native sampler."""
    with policy.inference():
        steering = Steering(policy, observation, None, rng)
        return steering.plan(steering.sample(steering.noise[None]), steering.noise, name)


@dataclass(frozen=True)
class Steered:
    """Answer of a method.

    Attributes:
        actions: [1, H, D] Array, in model space.
        noise: [H, D] float32 that they come from; None for methods that start from none.
        numbers: Diagnostics of the method.
    """

    actions: Any
    noise: np.ndarray | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class GuidedMethod(ABC):
    """A steering method that does nothing without guidance; see `steering.base.Steerer`.

    Attributes:
        reference: Writes guidance as a reference chunk.
    """

    name: ClassVar[str]
    reference: ReferenceWriter = reference_chunk

    @abstractmethod
    def steer(self, steering: Steering) -> Steered:
        """The actions for active guidance, and the noise that they come from."""

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Plans a chunk, encoding at most once; see `steering.base.Steerer.plan`."""
        if guidance is None or not guidance.active:
            return unsteered(policy, observation, rng)
        with policy.inference():
            s = Steering(policy, observation, guidance, rng, self.reference)
            steered = self.steer(s)
            chunk = to_numpy(steered.actions)[0]
            numbers = against_reference(chunk, s.reference, s.still, s.spec)
            return s.plan(
                steered.actions, steered.noise, self.name, {**steered.numbers, **numbers}
            )
