# SPDX-License-Identifier: Apache-2.0
"""Reversal of actions towards noise: any solver, to any depth, of some dimensions only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.flow.arrays import embedded, like, namespace, per_sample, to_numpy
from frs_ros.flow.grids import Times
from frs_ros.flow.inpainting import inpainted
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.flow.sample import Velocity, trajectory
from frs_ros.steering.kernel import Steering


@dataclass(frozen=True)
class Inverter:
    """An inverse solver, and the paper's for what that one does not solve.

    Attributes:
        solve: Called as solve(velocity, action, times).
        limit: Largest residual of one sampler step, RMS in model space, with which a result is
            used. A sample beyond it, or not finite, is solved again by reverse Euler, which
            cannot diverge. Infinite for solvers that measure something else.
    """

    solve: Callable[..., Inversion] = reverse_euler
    limit: float = np.inf

    def __call__(
        self, velocity: Velocity, action: Any, times: Times
    ) -> tuple[Inversion, np.ndarray]:
        """The inversion, with the evaluations of both if need be, and which samples [B] fell back.

        The samples of a batch do not influence each other.
        """
        found = self.solve(velocity, action, times)
        failed = self._failed(found)
        if not failed.any():
            return found, failed
        rough = reverse_euler(velocity, action, times)
        choose, x = namespace(found.noise).where, found.noise
        again = like(failed.astype(np.float64), x) > 0
        merged = Inversion(
            noise=choose(per_sample(again, x), rough.noise, x),
            nfe=found.nfe + rough.nfe,
            residual=choose(again, rough.residual, found.residual),
            converged=False,
        )
        return merged, failed

    def _failed(self, found: Inversion) -> np.ndarray:
        noise = to_numpy(found.noise)
        finite = np.isfinite(noise.reshape(len(noise), -1)).all(axis=1)
        failed: np.ndarray = ~finite | (to_numpy(found.residual) > self.limit)
        return failed


@dataclass(frozen=True)
class Latent:
    """A point x = t a + (1 - t) z between noise z and action a, of which one end is known.

    Attributes:
        x: [.., H, D] float64.
        noise: [.., H, D] float64 the noise part (1 - t) z of x.
    """

    x: np.ndarray
    noise: np.ndarray

    @classmethod
    def of_noise(cls, x: np.ndarray, t: float, noise: np.ndarray) -> Latent:
        """The latent at time t of a sample drawn from known noise."""
        return cls(x, (1 - t) * noise)

    @classmethod
    def of_action(cls, x: np.ndarray, t: float, action: np.ndarray) -> Latent:
        """The latent at time t of a known action reversed."""
        return cls(x, x - t * action)

    def where(self, mask: np.ndarray, other: Latent) -> Latent:
        """This one where the mask [D] holds, the other elsewhere."""
        return Latent(np.where(mask, self.x, other.x), np.where(mask, self.noise, other.noise))

    def sample(self, index: int) -> Latent:
        """One of a batch."""
        return Latent(self.x[index], self.noise[index])


def mix(own: Latent, steered: Latent, share: np.ndarray) -> np.ndarray:
    """[H, D] latent that is steered to the given share.

    Action parts are mixed as (1 - w) and w, noise parts as sqrt(1 - w^2) and w: independent
    standard normal noises then stay standard normal, where a linear mixture of them would be
    shorter than any noise the policy has seen.

    Args:
        own: The policy's, at the same time as `steered`.
        steered: The reference's.
        share: [D] w in [0, 1]; elements at 0 and 1 are exactly one or the other.
    """
    action = (1 - share) * (own.x - own.noise) + share * (steered.x - steered.noise)
    noise = np.sqrt(1 - share**2) * own.noise + share * steered.noise
    between = np.where(share <= 0, own.x, action + noise)
    mixed: np.ndarray = np.where(share >= 1, steered.x, between)
    return mixed


@dataclass(frozen=True)
class Reversed:
    """B reversed actions.

    Attributes:
        latents: [B, H, D] recovered in the guided dimensions, the policy's own elsewhere.
        residual: [B] of the inversion, see `flow.inversion`.
        fell_back: [B] bool, see `Inverter`.
    """

    latents: Latent
    residual: np.ndarray
    fell_back: np.ndarray


@dataclass(frozen=True)
class Reversal:
    """Reverses the guided dimensions of actions; all others are the policy's own.

    Attributes:
        steering: Whose field it is.
        invert: Inverse solver with its fallback.
        guided: [D] bool, the guided dimensions.
        split: Position in the native grid of the time that is reversed to.
        own: [H, D] the policy's own latent there; None where it is not needed, because all of the
            latent is recovered.
        path: The policy's own latents [1, H, D] at all times, beside which the guided dimensions
            are reversed; empty if the others' part of the action is reversed along and then
            thrown away.
    """

    steering: Steering
    invert: Inverter
    guided: np.ndarray
    split: int
    own: Latent | None
    path: Sequence[Any] = ()

    @classmethod
    def of(
        cls,
        steering: Steering,
        guided: np.ndarray,
        invert: Inverter,
        *,
        depth: float,
        inpaint: bool,
        mixes: bool,
    ) -> Reversal:
        """Samples as much of the policy's own path as is needed.

        Args:
            steering: Whose field and noise it is.
            guided: [D] bool, the guided dimensions.
            invert: Inverse solver with its fallback.
            depth: Share of the native steps that are reversed, rounded, at least one.
            inpaint: Whether `path` is wanted.
            mixes: Whether the policy's own latent is needed in the guided dimensions, too.
        """
        times, policy = steering.times, steering.policy
        steps = len(times) - 1
        split = steps - max(1, round(depth * steps))
        inpaint = inpaint and not guided.all()
        needed = mixes or not guided.all()
        path = [policy.asarray(steering.noise[None])]
        if inpaint or (needed and split > 0):
            last = steps if inpaint else split
            path = trajectory(steering.velocity(), path[0], times[: last + 1])
        own = None
        if needed:
            own = Latent.of_noise(to_numpy(path[split])[0], times[split], steering.noise)
        return cls(steering, invert, guided, split, own, tuple(path) if inpaint else ())

    @property
    def t(self) -> float:
        """Time of the latents."""
        return float(self.steering.times[self.split])

    @property
    def _after(self) -> np.ndarray:
        return self.steering.times[self.split :]

    def __call__(self, actions: Any) -> Reversed:
        """Takes actions [B, H, D] in model space back."""
        velocity, part = self.steering.velocity(len(actions)), actions
        if self.path:
            velocity = inpainted(velocity, self.path, self.steering.times, self.guided)
            part = actions[..., self.guided]
        found, fell_back = self.invert(velocity, part, self._after)
        x = to_numpy(found.noise)
        if self.path and self.own is not None:
            x = embedded(x, self.own.x[None], self.guided)
        latents = Latent.of_action(x, self.t, to_numpy(actions))
        if self.own is not None:
            latents = latents.where(self.guided, self.own)
        return Reversed(latents, to_numpy(found.residual), fell_back)

    def denoise(self, x: np.ndarray) -> Any:
        """Actions [B, H, D] that the native sampler makes of latents."""
        return self.steering.sample(x, self._after)
