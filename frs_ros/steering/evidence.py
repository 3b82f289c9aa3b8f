# SPDX-License-Identifier: Apache-2.0
"""How a wish looks beside what the policy would do by itself, in the same observation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.sample import Velocity, sample
from frs_ros.guidance.reference import GRIPPER
from frs_ros.guidance.wish import Wish
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.denoise import draw_noise, field_of
from frs_ros.steering.diagnostics import from_start
from frs_ros.steering.inverter import Inverter
from frs_ros.steering.mixing import Latent
from frs_ros.steering.scores import cosine
from frs_ros.steering.wished import wished

# What a wish is compared with is at least this much, in model space, where 1 is full command: the
# policy's own samples survive an exact inverse so well that ratios to their errors say nothing.
NEGLIGIBLE = 0.02


@dataclass(frozen=True)
class Evidence:
    """The wish against the policy's own samples, over the dimensions that the wish moves.

    Attributes:
        noise: RMS of the recovered noise, relative to the median of own samples inverted alike.
            The nominal chi percentile does not serve: own samples come back far shorter than the
            noise they were drawn from, how much depends on solver, policy and observation.
        round_trip: RMS error after denoising again, relative to the median of own samples or to
            an error that is negligible.
        support: Upper quartile of the cosines between the wish and the own samples: a quarter of
            the policy's plans agree with it at least this much.
    """

    noise: float = 1.0
    round_trip: float = 1.0
    support: float = 1.0


@dataclass(frozen=True)
class Case:
    """A wish that has been inverted.

    Attributes:
        policy: The frozen policy.
        context: Of batch size 1.
        guidance: The wish.
        reference: [H, D] it, as a chunk in model space.
        latent: What the reference was reversed to; the policy's own where that decides.
        own: The policy's own, at the same time.
        invert: What reversed it.
        times: The native grid.
        split: Position of the latent's time in it.
    """

    policy: FlowPolicy
    context: Context
    guidance: Wish
    reference: np.ndarray
    latent: Latent
    own: Latent
    invert: Inverter
    times: np.ndarray
    split: int

    @property
    def t(self) -> float:
        """Time of the latent."""
        return float(self.times[self.split])

    @property
    def after(self) -> np.ndarray:
        """The grid from the latent to the action."""
        return self.times[self.split :]

    @property
    def velocity(self) -> Velocity:
        """The field, for batches of 1."""
        return field_of(self.policy, self.context)


def gather(case: Case, samples: int, rng: np.random.Generator) -> Evidence:
    """Samples the policy, inverts the samples as the wish was, and denoises all of it again.

    A wish without motion (the gripper alone, magnitude 0) is a command about which the samples say
    nothing: it counts as one of them.
    """
    policy, spec = case.policy, case.policy.spec
    dims = [d for d in wished(case.guidance, spec) if spec.names[d] != GRIPPER]
    motion = from_start(case.reference, case.reference, spec)[:, dims]
    if not np.any(motion):
        return Evidence()
    field = field_of(policy, case.context.expand(samples))
    noise = np.stack([draw_noise(policy, rng) for _ in range(samples)])
    x = sample(field, policy.asarray(noise), case.times)
    found, _ = case.invert(field, x, case.after)
    own = to_numpy(x)
    latents = Latent.of_action(to_numpy(found.noise), case.t, own)
    errors = _round_trip(case, own, latents)[..., dims]
    agreement = cosine(from_start(own, case.reference, spec)[..., dims], motion)
    return Evidence(
        noise=_relative(case.latent.noise[None, :, dims], latents.noise[..., dims]),
        round_trip=_relative(errors[:1], errors[1:]),
        support=float(np.quantile(agreement, 0.75)),
    )


def _round_trip(case: Case, own: np.ndarray, latents: Latent) -> np.ndarray:
    """[1 + N, H, D] what denoising makes of wish and samples, minus what they were."""
    targets = np.concatenate([case.reference[None], own])
    start = np.concatenate([case.latent.x[None], latents.x])
    field = field_of(case.policy, case.context.expand(len(start)))
    back: Any = sample(field, case.policy.asarray(start), case.after)
    difference: np.ndarray = to_numpy(back) - targets
    return difference


def _relative(wish: np.ndarray, own: np.ndarray) -> float:
    """RMS of the wish's [1, H, d] over the median RMS of the samples' [N, H, d]."""
    one, many = (np.sqrt(np.mean(values**2, axis=(1, 2))) for values in (wish, own))
    return float(one[0] / max(float(np.median(many)), NEGLIGIBLE))
