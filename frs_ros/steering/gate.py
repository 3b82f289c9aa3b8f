# SPDX-License-Identifier: Apache-2.0
"""Follow, attenuate or defer: how much of the guidance a policy is asked to carry out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.direction import GRIPPER
from frs_ros.steering.checks import count, number
from frs_ros.steering.guided_dims import guided_dims
from frs_ros.steering.kernel import draw_noise
from frs_ros.steering.reversal import Latent, Reversal
from frs_ros.steering.scores import cosine
from frs_ros.text import shown

# Least value that guidance is compared with, in model space, where 1 is full command: the policy's
# own samples survive an exact inverse so well that ratios to their errors say nothing.
NEGLIGIBLE = 0.02


@dataclass(frozen=True)
class Evidence:
    """Guidance beside the policy's own samples, over the dimensions that it moves.

    Attributes:
        noise: RMS of the recovered noise, relative to the median of own samples inverted alike.
            The nominal chi percentile does not serve: own samples come back far shorter than the
            noise they were drawn from, how much depends on solver, policy and observation.
        round_trip: RMS error after denoising again, relative to the median of own samples or to
            an error that is negligible.
        support: Upper quartile of the cosines between guidance and own samples: a quarter of the
            policy's plans agree with it at least this much.
    """

    noise: float = 1.0
    round_trip: float = 1.0
    support: float = 1.0


@dataclass(frozen=True)
class Ramp:
    """1 up to `follow`, 0 from `defer` on, straight in between; the two may be in either order."""

    follow: float
    defer: float

    def __call__(self, value: float) -> float:
        """The share in [0, 1]; 0 where the value is no number."""
        if np.isnan(value):
            return 0.0
        return float(np.clip((value - self.defer) / (self.follow - self.defer), 0, 1))


@dataclass(frozen=True)
class Gate:
    """Judges guidance by what the policy would do by itself: the weakest evidence decides.

    The policy is asked anew in every observation, instead of comparing with quantiles measured
    once: that needs no file that could belong to another checkpoint, works on observations of any
    kind, and keeps plans a function of their request. It costs a batch of samples.

    Recovered noise and round-trip error detect guidance that leaves the policy's actions
    altogether; both grow for any coarse guidance, right or wrong, so their ramps begin far out.
    Wrong guidance of ordinary size is detected by the support: does the policy itself ever move
    that way?

    Attributes:
        samples: Own samples to compare with.
        noise: Ramp over `Evidence.noise`.
        round_trip: Ramp over `Evidence.round_trip`.
        support: Ramp over `Evidence.support`.
    """

    samples: int = 8
    noise: Ramp = Ramp(4.0, 8.0)
    round_trip: Ramp = Ramp(10.0, 20.0)
    support: Ramp = Ramp(0.0, -0.4)

    @classmethod
    def of(cls, option: object) -> Gate | None:
        """From an option: false, true, or an object that changes some attributes.

        Raises:
            ConfigError: An attribute does not exist or is no [follow, defer] pair of numbers.
        """
        if isinstance(option, bool):
            return cls() if option else None
        known = [field.name for field in fields(cls)]
        if not isinstance(option, dict) or not set(option) <= set(known):
            raise ConfigError(
                f'gate must be true, false or an object with {", ".join(known)}, '
                f'not {shown(option)}'
            )
        changes: dict[str, Any] = {
            name: count('samples', value) if name == 'samples' else _ramp(name, value)
            for name, value in option.items()
        }
        return cls(**changes)

    def judge(self, reversal: Reversal, latent: Latent) -> tuple[float, dict[str, float]]:
        """Share of the guidance to follow, and numbers for the plan.

        Args:
            reversal: What reversed the reference.
            latent: [H, D] what the reference was reversed to.
        """
        evidence = gather(reversal, latent, self.samples)
        share = self.share(evidence)
        numbers = {
            'gate': share,
            'noise_ratio': evidence.noise,
            'round_trip_ratio': evidence.round_trip,
            'support': evidence.support,
        }
        return share, numbers

    def share(self, evidence: Evidence) -> float:
        """1 follow, 0 defer, in between attenuate."""
        return min(
            self.noise(evidence.noise),
            self.round_trip(evidence.round_trip),
            self.support(evidence.support),
        )


def gather(reversal: Reversal, latent: Latent, samples: int) -> Evidence:
    """Samples the policy, reverses the samples as the reference was, and denoises all of it again.

    Guidance without motion (the gripper alone, magnitude 0) is a command about which the samples
    say nothing: it counts as one of them.

    Args:
        reversal: What reversed the reference.
        latent: [H, D] what the reference was reversed to.
        samples: Number of own samples.
    """
    s = reversal.steering
    assert s.guidance is not None
    dims = [d for d in guided_dims(s.guidance, s.spec) if s.spec.names[d] != GRIPPER]
    motion = (s.reference - s.still)[:, dims]
    if not np.any(motion):
        return Evidence()
    x = s.sample(np.stack([draw_noise(s.policy, s.rng) for _ in range(samples)]))
    own, latents = to_numpy(x), reversal(x).latents
    agreement = cosine((own - s.still)[..., dims], motion)
    # what denoising makes of the reference and the samples, minus what they were
    targets = np.concatenate([s.reference[None], own])
    back = to_numpy(reversal.denoise(np.concatenate([latent.x[None], latents.x])))
    errors = (back - targets)[..., dims]
    return Evidence(
        noise=_relative(latent.noise[None, :, dims], latents.noise[..., dims]),
        round_trip=_relative(errors[:1], errors[1:]),
        support=float(np.quantile(agreement, 0.75)),
    )


def _relative(reference: np.ndarray, own: np.ndarray) -> float:
    """RMS of the reference's [1, H, d] over the median RMS of the samples' [N, H, d]."""
    one, many = (np.sqrt(np.mean(values**2, axis=(1, 2))) for values in (reference, own))
    return float(one[0] / max(float(np.median(many)), NEGLIGIBLE))


def _ramp(name: str, pair: object) -> Ramp:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ConfigError(f'gate {name} must be a pair [follow, defer], not {shown(pair)}')
    follow, defer = (number(f'gate {name}', value) for value in pair)
    if follow == defer:
        raise ConfigError(f'gate {name}: follow and defer must differ, both are {follow}')
    return Ramp(follow, defer)
