# SPDX-License-Identifier: Apache-2.0
"""What the oracle says along the scripted expert's way, in real scenes."""

import numpy as np
import pytest

pytest.importorskip('libero', reason='LIBERO is not installed')

FAR = 0.05  # m from the destination


@pytest.mark.parametrize(
    ('suite', 'task'),
    [('libero_goal', 1), ('libero_goal', 8), ('libero_spatial', 2), ('libero_spatial', 5)],
)
def test_what_is_carried_is_steered_to_where_it_belongs(suite, task):
    from frs_ros.guidance.oracle import is_held, oracle_guidance
    from frs_ros.sim.expert import FetchExpert
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv(suite, task, cameras=(), assets='standin')
    env.reset(30)
    along = []  # cosines of wishes with the way to the destination
    for action in FetchExpert(env, env.goal).actions():
        scene = env.scene()
        wish = oracle_guidance(scene)
        way = (scene.objects[scene.destination].position - scene.objects[scene.target].position)[
            :2
        ]
        if is_held(scene) and np.linalg.norm(way) > FAR and np.any(wish.direction[:2]):
            along.append(wish.direction[:2] @ way / np.linalg.norm(way))
        if env.step(action):
            break
    env.close()
    assert len(along) >= 8
    assert min(along) > 0.9
