# SPDX-License-Identifier: Apache-2.0
"""One LIBERO simulation for all tests of this folder; building it takes seconds."""

import pytest

from frs_ros.types import AGENTVIEW, WRIST, CameraSpec

CAMERAS = (CameraSpec(AGENTVIEW, 128, 128), CameraSpec(WRIST, 84, 84))


@pytest.fixture(scope='session')
def butter_env():
    pytest.importorskip('libero', reason='LIBERO is not installed')
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_object', 6, cameras=CAMERAS, assets='standin')
    yield env
    env.close()
