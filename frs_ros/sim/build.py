# SPDX-License-Identifier: Apache-2.0
"""LIBERO's own environment, made quietly and always the same."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from frs_ros.sim.assets import Assets, use


def build(bddl_file: str, pack: Assets) -> Any:
    """The environment of a task file, without its renderer and observables."""
    use(pack)
    logging.getLogger('robosuite_logs').setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _numpy_seed(0):
        warnings.simplefilter('ignore')
        from libero.libero.envs.env_wrapper import ControlEnv

        env = ControlEnv(
            bddl_file_name=bddl_file, has_offscreen_renderer=False, use_camera_obs=False
        )
        env.reset()
    env.env.hard_reset = False
    _silence_observables(env.env)
    return env


@contextlib.contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """Seeds numpy's global generator, from which robosuite places fixtures, and restores it."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


def _silence_observables(problem: Any) -> None:
    """Stops robosuite from computing observations that nobody reads."""
    for observable in problem._observables.values():
        observable.set_enabled(False)
        observable.set_active(False)
