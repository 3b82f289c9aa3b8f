# SPDX-License-Identifier: Apache-2.0
"""Follow, attenuate or defer: how much of a wish a policy is asked to carry out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.steering.checks import count, number
from frs_ros.steering.evidence import Case, Evidence, gather
from frs_ros.text import shown


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
    """Judges wishes by what the policy would do by itself: the weakest evidence decides.

    The policy is asked anew in every observation, instead of comparing with quantiles measured
    once: that needs no file that could belong to another checkpoint, works on observations of any
    kind, and keeps plans a function of their request. It costs a batch of samples.

    Recovered noise and round-trip error tell wishes that leave the policy's actions altogether;
    both grow for any coarse wish, right or wrong, so their ramps begin far out. Wrong wishes of
    ordinary size are told by the support: does the policy itself ever go that way?

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

    def judge(self, case: Case, rng: np.random.Generator) -> tuple[float, dict[str, float]]:
        """The share of the wish to follow, and numbers for the plan."""
        evidence = gather(case, self.samples, rng)
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


def _ramp(name: str, pair: object) -> Ramp:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ConfigError(f'gate {name} must be a pair [follow, defer], not {shown(pair)}')
    follow, defer = (number(f'gate {name}', value) for value in pair)
    if follow == defer:
        raise ConfigError(f'gate {name}: follow and defer must differ, both are {follow}')
    return Ramp(follow, defer)
