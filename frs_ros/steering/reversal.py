# SPDX-License-Identifier: Apache-2.0
"""How actions in one observation are taken back towards noise, whoever they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.flow.arrays import embedded, to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.inpainting import inpainted
from frs_ros.flow.sample import Velocity, sample, trajectory
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.denoise import field_of
from frs_ros.steering.inverter import Inverter
from frs_ros.steering.mixing import Latent


@dataclass(frozen=True)
class Reversed:
    """What B actions were reversed to.

    Attributes:
        latents: [B, H, D] the operator's dimensions recovered, the policy's own elsewhere.
        residual: [B] of the inversion, see `flow.inversion`.
        fell_back: [B] bool, see `Inverter`.
    """

    latents: Latent
    residual: np.ndarray
    fell_back: np.ndarray


@dataclass(frozen=True)
class Reversal:
    """Reverses the operator's dimensions of actions; all others are the policy's own.

    Attributes:
        policy: The frozen policy.
        context: Of batch size 1.
        invert: Inverse solver with its fallback.
        owned: [D] bool, the operator's dimensions.
        times: The native grid.
        split: Position in it of the time that is reversed to.
        own: [H, D] the policy's own latent there; None where it is not needed, because all of the
            latent is recovered.
        path: The policy's own latents [1, H, D] at all times, beside which the operator's
            dimensions are reversed; empty if the others' part of the action is reversed along
            and then thrown away.
    """

    policy: FlowPolicy
    context: Context
    invert: Inverter
    owned: np.ndarray
    times: np.ndarray
    split: int
    own: Latent | None
    path: Sequence[Any] = ()

    @classmethod
    def of(
        cls,
        policy: FlowPolicy,
        context: Context,
        fresh: np.ndarray,
        owned: np.ndarray,
        invert: Inverter,
        *,
        depth: float,
        inpaint: bool,
        mixes: bool,
    ) -> Reversal:
        """Samples as much of the policy's own plan as is needed.

        Args:
            policy: The frozen policy.
            context: Of batch size 1.
            fresh: [H, D] the policy's own noise.
            owned: [D] bool, the operator's dimensions.
            invert: Inverse solver with its fallback.
            depth: Share of the way to noise that is reversed, see `FlowReversalSteering`.
            inpaint: Whether to reverse beside the policy's own path.
            mixes: Whether the policy's own latent is needed even if all dimensions are recovered.
        """
        steps = policy.spec.steps
        times, split = uniform(steps), steps - max(1, round(depth * steps))
        inpaint = inpaint and not owned.all()
        needed = mixes or not owned.all()
        path = [policy.asarray(fresh[None])]
        if inpaint or (needed and split > 0):
            last = steps if inpaint else split
            path = trajectory(field_of(policy, context), path[0], times[: last + 1])
        own = None
        if needed:
            own = Latent.of_noise(to_numpy(path[split])[0], times[split], fresh)
        return cls(
            policy, context, invert, owned, times, split, own, tuple(path) if inpaint else ()
        )

    @property
    def t(self) -> float:
        """Time of the latents."""
        return float(self.times[self.split])

    @property
    def _after(self) -> np.ndarray:
        return self.times[self.split :]

    def field(self, batch: int) -> Velocity:
        """The policy's field for a batch."""
        context = self.context if batch == 1 else self.context.expand(batch)
        return field_of(self.policy, context)

    def __call__(self, actions: Any) -> Reversed:
        """Takes actions [B, H, D] in model space back."""
        velocity, part = self.field(len(actions)), actions
        if self.path:
            velocity = inpainted(velocity, self.path, self.times, self.owned)
            part = actions[..., self.owned]
        found, fell_back = self.invert(velocity, part, self._after)
        x = to_numpy(found.noise)
        if self.path and self.own is not None:
            x = embedded(x, self.own.x[None], self.owned)
        latents = Latent.of_action(x, self.t, to_numpy(actions))
        if self.own is not None:
            latents = latents.where(self.owned, self.own)
        return Reversed(latents, to_numpy(found.residual), fell_back)

    def denoise(self, x: np.ndarray) -> Any:
        """Actions [B, H, D] that the native sampler makes of latents."""
        return sample(self.field(len(x)), self.policy.asarray(x), self._after)
