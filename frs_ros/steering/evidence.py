# SPDX-License-Identifier: Apache-2.0
"""How a wish looks beside what the policy would do by itself, in the same observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.sample import sample
from frs_ros.guidance.references.direction import GRIPPER
from frs_ros.messages.wish import Wish
from frs_ros.steering.denoise import draw_noise
from frs_ros.steering.mixing import Latent
from frs_ros.steering.reversal import Reversal
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
    """A wish that has been reversed.

    Attributes:
        reversal: What reversed it.
        guidance: The wish.
        reference: [H, D] it, as a chunk in model space.
        still: [H, D] from which chunks count as motion, see `diagnostics.standing_still`.
        latent: [H, D] what it was reversed to.
    """

    reversal: Reversal
    guidance: Wish
    reference: np.ndarray
    still: np.ndarray
    latent: Latent


def gather(case: Case, samples: int, rng: np.random.Generator) -> Evidence:
    """Samples the policy, reverses the samples as the wish was, and denoises all of it again.

    A wish without motion (the gripper alone, magnitude 0) is a command about which the samples say
    nothing: it counts as one of them.
    """
    reversal, policy, spec = case.reversal, case.reversal.policy, case.reversal.policy.spec
    dims = [d for d in wished(case.guidance, spec) if spec.names[d] != GRIPPER]
    motion = (case.reference - case.still)[:, dims]
    if not np.any(motion):
        return Evidence()
    noise = np.stack([draw_noise(policy, rng) for _ in range(samples)])
    x = sample(reversal.field(samples), policy.asarray(noise), reversal.times)
    own, latents = to_numpy(x), reversal(x).latents
    agreement = cosine((own - case.still)[..., dims], motion)
    # what denoising makes of wish and samples, minus what they were
    targets = np.concatenate([case.reference[None], own])
    back = to_numpy(reversal.denoise(np.concatenate([case.latent.x[None], latents.x])))
    errors = (back - targets)[..., dims]
    return Evidence(
        noise=_relative(case.latent.noise[None, :, dims], latents.noise[..., dims]),
        round_trip=_relative(errors[:1], errors[1:]),
        support=float(np.quantile(agreement, 0.75)),
    )


def _relative(wish: np.ndarray, own: np.ndarray) -> float:
    """RMS of the wish's [1, H, d] over the median RMS of the samples' [N, H, d]."""
    one, many = (np.sqrt(np.mean(values**2, axis=(1, 2))) for values in (wish, own))
    return float(one[0] / max(float(np.median(many)), NEGLIGIBLE))
