# SPDX-License-Identifier: Apache-2.0
"""Plans on request, the same for the same request. Without ROS."""

from __future__ import annotations

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.any_guidance import AnyGuidance, GuidanceError
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.policies.base import FlowPolicy
from frs_ros.serving.example import example_observation
from frs_ros.steering.base import Checked, Steerer, plan_rng
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.steering.options import parse_options
from frs_ros.steering.registry import LEARNED, make_steerer
from frs_ros.text import one_line
from frs_ros.types import Observation, Plan


class Planner:
    """A policy and the steering method in force.

    Attributes:
        policy: The frozen policy.
    """

    def __init__(self, policy: FlowPolicy, steerer: Steerer) -> None:
        self.policy = policy
        self.use(steerer)

    @property
    def steerer(self) -> Steerer:
        """The method in force."""
        return self._steerer

    def use(self, steerer: Steerer) -> None:
        """Plans by this method from now on; CheckpointError or ConfigError if it does not fit.

        The method before stays in force then.
        """
        if isinstance(steerer, Checked):
            steerer.check(self.policy)
        self._steerer = steerer

    def plan(
        self, request: PlanRequest, observation: Observation, guidance: AnyGuidance | None
    ) -> Plan:
        """The plan for a request; its random draws depend on seed and request id only."""
        rng = plan_rng(request.seed, request.request_id)
        return self._steerer.plan(self.policy, observation, guidance, rng)

    def follow(
        self, request: PlanRequest, observation: Observation, guidance: AnyGuidance | None
    ) -> tuple[Plan, str]:
        """As `plan`, but without guidance that cannot be followed; then with the reason, else ''.

        The guidance came from outside while the robot moves: it must not cost the plan that would
        be made without it.
        """
        try:
            return self.plan(request, observation, guidance), ''
        except GuidanceError as error:
            return self.plan(request, observation, None), str(error)

    def unsteered(self, request: PlanRequest, observation: Observation) -> Plan:
        """What the policy would do by itself for a request, with the same random draws."""
        rng = plan_rng(request.seed, request.request_id)
        return Unsteered().plan(self.policy, observation, None, rng)

    def warm_up(self) -> None:
        """Makes a steered plan from black images, so that the first real one is not slow."""
        guidance = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='warm-up')
        self.plan(PlanRequest(0, '', 0, '', 0), example_observation(self.policy), guidance)


def steerer_from(
    method: str, options: str, reference: ReferenceWriter = reference_chunk, checkpoint: str = ''
) -> Steerer:
    """The method with its options; ConfigError if either does not exist.

    Args:
        method: Its name.
        options: As `steering.options` reads them; empty for none.
        reference: Writes guidance.
        checkpoint: For learned methods (`registry.LEARNED`), unless the options name one.
    """
    values = parse_options(options, 'method options')
    if checkpoint and method in LEARNED:
        values = {'checkpoint': checkpoint, **values}
    try:
        return make_steerer(method, reference, **values)
    except ConfigError as error:
        # live, they may be those of the method before
        raise ConfigError(
            f'{error}; the options in force: {one_line(options) or "none"}'
        ) from error
