# SPDX-License-Identifier: Apache-2.0
"""Sample and rank: of many plans of the policy, the one that is most like the wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from frs_ros.errors import choose
from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.wish import Wish
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.checks import count, finite_reference
from frs_ros.steering.denoise import draw_noise, field_of
from frs_ros.steering.diagnostics import against_reference, chi_percentile, standing_still
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.steering.scores import SCORES
from frs_ros.steering.wished import wished
from frs_ros.types import Observation, Plan


@dataclass(frozen=True)
class SampleAndRank:
    """N samples in one batch on one encoded observation; the best by a score is executed.

    What FRS is compared with (arXiv 2606.13675, appendix E: 16 samples, cosine). It can only
    choose among what the policy does by itself. The first candidate is the unsteered plan. A
    score looks at the dimensions that the wish is about: the translation for a direction.

    The noise reported is that of the candidate chosen. Sampled alone it gives the chunk up to
    rounding, because matrix products of another batch size add in another order.

    Attributes:
        reference: Writes the wish as a chunk.
        n: N, candidates; a plan counts n evaluations for each step.
        score: One of `scores.SCORES`.
    """

    name: ClassVar[str] = 'sample_and_rank'
    reference: ReferenceWriter = reference_chunk
    n: int = 16
    score: str = 'cosine'

    def __post_init__(self) -> None:
        count('n', self.n)
        choose('score', self.score, SCORES)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Wish | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Steers one chunk, encoding once; see `steering.base.Steerer.plan`."""
        if guidance is None or not guidance.active:
            return Unsteered().plan(policy, observation, guidance, rng)
        spec = policy.spec
        with policy.inference():
            noise = np.stack([draw_noise(policy, rng) for _ in range(self.n)])
            field = field_of(policy, policy.encode(observation).expand(self.n))
            reference = finite_reference(self.reference(guidance, policy, observation))
            x = sample(field, policy.asarray(noise), uniform(spec.steps))
            chunks = to_numpy(x)
            dims = wished(guidance, spec)
            still = standing_still(policy, observation)
            values = SCORES[self.score](
                (chunks - still)[..., dims], (reference - still)[..., dims]
            )
            best = int(np.argmax(values))
            chunk = policy.from_model(x[best : best + 1], observation)[0]
        numbers = against_reference(chunks[best], reference, still, spec)
        return Plan(
            chunk=chunk,
            noise=noise[best],
            method=self.name,
            nfe=self.n * spec.steps,
            diagnostics={'chi_percentile': chi_percentile(noise[best])} | numbers,
        )
