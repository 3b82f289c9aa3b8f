# SPDX-License-Identifier: Apache-2.0
"""The world of an evaluation in LIBERO: stock tasks, oracle guidance, a checkpoint."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from frs_ros.errors import ConfigError
from frs_ros.evaluation.conditions import NONE
from frs_ros.evaluation.episode import Environment
from frs_ros.evaluation.guides import Guide
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.settings import OTHER, STOCK, EvaluationSettings
from frs_ros.policies.base import FlowPolicy, knows
from frs_ros.sim.wording import TOLD_BY_PLACE, check_retargeted
from frs_ros.steering.base import Steerer


def check_variations(settings: EvaluationSettings) -> None:
    """ConfigError if layout or target make no sense in the suite."""
    if settings.target != STOCK:
        check_retargeted(settings.suite)
    told = {m.under(settings.conditions).instruction for m in settings.methods} - {NONE}
    if settings.layout != STOCK and settings.suite == TOLD_BY_PLACE and told:
        raise ConfigError(
            f'instructions of {TOLD_BY_PLACE} say where a thing lies, which is false in shuffled '
            'layouts; give --instruction none'
        )


@dataclass(frozen=True)
class LiberoWorld:
    """Makes policies, tasks, steerers and guides; see `evaluate.World`."""

    def policy(self, checkpoint: str) -> FlowPolicy:
        """Loads the checkpoint; one thread, as the workers share the cores."""
        import torch

        from frs_ros.policies.checkpoint import load_policy

        torch.set_num_threads(1)
        return load_policy(checkpoint)

    def environment(
        self, settings: EvaluationSettings, task_id: int, policy: FlowPolicy
    ) -> Environment:
        """The task, seen through the cameras of the policy, varied as the settings say."""
        from frs_ros.sim.libero import LiberoEnv
        from frs_ros.sim.variations import Variation, other_target, shuffled

        env: Any = LiberoEnv(
            settings.suite,
            task_id,
            cameras=policy.cameras,
            assets=settings.assets,
            target=settings.named_target,
        )
        if settings.layout == 'shuffled':
            env = Variation(env, shuffled(settings.seed))
        if settings.target == OTHER:
            env = Variation(env, other_target(functools.partial(knows, policy)))
        return env

    def steerer(self, method: Method) -> Steerer:
        """The registered method with its options."""
        return method.steerer()

    def guide(self, guidance: str, magnitude: float, near_target: float) -> Guide | None:
        """Privileged oracle guidance, or none."""
        if guidance == 'none':
            return None
        from frs_ros.guidance.oracle import OracleSettings, oracle_guidance

        distances = OracleSettings(near_target=near_target)
        return functools.partial(oracle_guidance, magnitude=magnitude, settings=distances)
