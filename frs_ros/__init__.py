# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering of flow-matching robot policies, on ROS 2 and in LIBERO.

The names below are imported at their first use, so that `import frs_ros` costs nothing:

    load_policy    a flow-matching policy by name or file
    LiberoEnv      a LIBERO task
    Guidance       a coarse direction; Path and GivenChunk are the other kinds
    make_steerer   a steering method by name
    plan_rng       the random numbers of one plan
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    'GivenChunk': 'frs_ros.guidance.chunk',
    'Gripper': 'frs_ros.messages.guidance',
    'Guidance': 'frs_ros.messages.guidance',
    'LiberoEnv': 'frs_ros.sim.libero',
    'Path': 'frs_ros.guidance.path',
    'load_policy': 'frs_ros.policies.checkpoint',
    'make_steerer': 'frs_ros.steering.registry',
    'plan_rng': 'frs_ros.steering.base',
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'frs_ros' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
