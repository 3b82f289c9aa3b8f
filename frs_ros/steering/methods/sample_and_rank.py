# SPDX-License-Identifier: Apache-2.0
"""Sample and rank: of many plans of the policy, the one that is most like the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from frs_ros.errors import choose
from frs_ros.flow.arrays import to_numpy
from frs_ros.steering.checks import count
from frs_ros.steering.guided_dims import guided_dims
from frs_ros.steering.kernel import GuidedMethod, Steered, Steering, draw_noise
from frs_ros.steering.scores import SCORES


@dataclass(frozen=True)
class SampleAndRank(GuidedMethod):
    """N samples in one batch on one encoded observation; the best by a score is executed.

    What FRS is compared with (arXiv 2606.13675, appendix E: 16 samples, cosine). It can only
    choose among what the policy does by itself. The first candidate is the unsteered plan. A
    score looks at the guided dimensions: the translation for a direction.

    The noise reported is that of the candidate chosen. Sampled alone it gives the chunk up to
    rounding, because matrix products of another batch size add in another order.

    Attributes:
        reference: Writes guidance as a reference chunk.
        n: N, candidates; a plan counts n evaluations for each step.
        score: One of `scores.SCORES`.
    """

    name: ClassVar[str] = 'sample_and_rank'
    n: int = 16
    score: str = 'cosine'

    def __post_init__(self) -> None:
        count('n', self.n)
        choose('score', self.score, SCORES)

    def steer(self, steering: Steering) -> Steered:
        """See `GuidedMethod.steer`."""
        s = steering
        assert s.guidance is not None
        noise = np.stack([s.noise, *(draw_noise(s.policy, s.rng) for _ in range(self.n - 1))])
        actions, dims = s.sample(noise), guided_dims(s.guidance, s.spec)
        score = SCORES[self.score]
        motion, wanted = to_numpy(actions) - s.still, s.reference - s.still
        best = int(np.argmax(score(motion[..., dims], wanted[..., dims])))
        return Steered(actions[best : best + 1], noise[best])
