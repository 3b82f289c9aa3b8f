# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.errors import ConfigError

FORWARD = np.array([1.0, 0, 0, 0, 0, 0, -1])


def roll(env, init_id, steps=15):
    env.reset(init_id)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        env.step(rng.uniform(-1, 1, 7))
    return env.data.qpos.copy(), env.capture()


def test_episodes_leave_nothing_behind(butter_env):
    first = roll(butter_env, 30)
    roll(butter_env, 33, steps=30)
    again = roll(butter_env, 30)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]


def test_state_is_what_openpi_computes_from_robosuite(butter_env):
    from robosuite.utils.transform_utils import convert_quat

    env = butter_env
    env.reset(31)
    env.step(FORWARD)
    robot, sim = env._env.robots[0], env._env.sim
    xyzw = convert_quat(np.array(sim.data.get_body_xquat(robot.robot_model.eef_name)), to='xyzw')
    angle = 2 * np.arccos(np.clip(xyzw[3], -1, 1))
    expected = np.concatenate(
        [
            sim.data.site_xpos[robot.eef_site_id],
            xyzw[:3] * angle / np.sqrt(1 - xyzw[3] ** 2),
            sim.data.qpos[robot._ref_gripper_joint_pos_indexes],
        ]
    )
    np.testing.assert_allclose(env.state(), expected, atol=1e-12)


def test_actions_move_the_gripper_along_base_axes(butter_env):
    env = butter_env
    for axis in range(3):
        env.reset(30)
        before = env.state()[:3]
        action = np.zeros(7)
        action[axis], action[6] = 1.0, -1.0
        for _ in range(5):
            env.step(action)
        moved = env.state()[:3] - before
        assert np.argmax(np.abs(moved)) == axis
        assert moved[axis] > 0.02


def test_projected_objects_show_their_colour(butter_env):
    """Checks projection and mirroring at once: the butter is yellow, the basket is on the left."""
    env = butter_env
    env.reset(30)
    image = env.view(256, 256)
    (u, v), (basket_u, _) = env.project(
        np.stack([env.world.position('butter_1'), env.world.position('basket_1')]), 256, 256
    )
    r, g, b = image[int(v), int(u)].astype(int)
    assert min(r, g) > 2 * b
    assert env.world.position('basket_1')[1] > env.world.position('butter_1')[1]
    assert basket_u < u


def test_observation_is_what_a_receiver_of_the_images_decodes(butter_env):
    from frs_ros.cameras.codec import decode_jpeg

    butter_env.reset(30)
    sent, seen = butter_env.capture(), butter_env.observe(stamp_ns=5)
    assert seen.stamp_ns == 5
    assert {n: p.shape for n, p in seen.images.items()} == {
        'agentview': (128, 128, 3),
        'wrist': (84, 84, 3),
    }
    for name, data in sent.items():
        np.testing.assert_array_equal(decode_jpeg(data), seen.images[name])


def test_scene_names_target_and_destination(butter_env):
    butter_env.reset(30)
    scene = butter_env.scene()
    assert (scene.target, scene.destination) == ('butter_1', 'basket_1')
    butter = scene.objects['butter_1']
    np.testing.assert_allclose(butter.extent, [0.08, 0.042, 0.018], atol=2e-3)
    assert butter.rest_height == pytest.approx(butter.position[2], abs=1e-4)


@pytest.mark.parametrize('action', [np.full(7, np.nan), np.full(7, np.inf), np.zeros(6)])
def test_bad_actions_are_refused(butter_env, action):
    butter_env.reset(30)
    with pytest.raises(ConfigError, match='7 finite numbers'):
        butter_env.step(action)


def test_unknown_cameras_are_refused_before_anything_is_built():
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.types import CameraSpec

    with pytest.raises(ConfigError, match=r"unknown camera 'selfie'; choose one of: agentview"):
        LiberoEnv('libero_object', 6, cameras=(CameraSpec('selfie', 8, 8),), assets='standin')


def test_goals_of_unknown_kinds_are_refused(butter_env, monkeypatch):
    goals = [['in', 'butter_1', 'basket_1_contain_region'], ['up', 'butter_1']]
    monkeypatch.setitem(butter_env._problem.parsed_problem, 'goal_state', goals)
    with pytest.raises(ConfigError, match=r'task 6, "pick up the butter .*cannot be run: .*up b'):
        butter_env._known_goals()


def test_a_task_is_solved_only_when_all_its_goals_hold(butter_env, monkeypatch):
    env = butter_env
    goals = (
        ('in', 'butter_1', 'basket_1_contain_region'),
        ('in', 'milk_1', 'basket_1_contain_region'),
    )
    held = set()
    monkeypatch.setattr(env, 'stock_goals', goals)
    monkeypatch.setattr(env.world, 'fulfilled', lambda goal: goal in held)
    monkeypatch.setattr(env.world, 'joint', lambda name: None)
    monkeypatch.setattr('frs_ros.sim.libero.aim', lambda *_: None)
    env.reset(30)
    seen = []
    for goal in goals:
        seen.append((env.goal, env.step(FORWARD)))
        held.add(goal)
        done = env.step(FORWARD)
    assert seen == [(goals[0], False), (goals[1], False)]
    assert done


def test_unknown_init_state_is_refused(butter_env):
    with pytest.raises(ConfigError, match='init state 50 does not exist'):
        butter_env.reset(50)


def test_joint_state_has_seven_joints(butter_env):
    butter_env.reset(30)
    names, positions, velocities = butter_env.joint_state()
    assert len(names) == len(positions) == len(velocities) == 7
    assert np.all(np.isfinite(positions))


@pytest.mark.parametrize(('suite', 'task_id'), [('libero_spatial', 3), ('libero_goal', 1)])
def test_tabletop_tasks_rest_on_standin_assets(suite, task_id):
    """The stock init states were made with other shapes: nothing may fall or roll away."""
    from frs_ros.sim.libero import IDLE, LiberoEnv

    env = LiberoEnv(suite, task_id, cameras=(), assets='standin')
    env.reset(3)
    before = {n: env.world.position(n) for n in env.object_names}
    for _ in range(20):
        env.step(IDLE)
    assert len(before) >= 5
    for name, position in before.items():
        assert np.linalg.norm(env.world.position(name) - position) < 1e-3, name
        assert position[2] > 0.87, name  # the table top is at 0.9 m, the stove's origin below
    env.close()
