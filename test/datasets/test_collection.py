# SPDX-License-Identifier: Apache-2.0
"""Collection in the real simulator; a session's worth of two short datasets."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('libero', reason='LIBERO is not installed')

from frs_ros.datasets import demonstrations
from frs_ros.datasets.collection import (
    CollectionSettings,
    Disturbance,
    coarse_approach,
    record_episode,
)
from frs_ros.datasets.collector import FAILURES, collect, episode_path, render_again
from frs_ros.errors import DataError
from frs_ros.sim.wording import object_type
from frs_ros.types import AGENTVIEW, WRIST, CameraSpec

CAMERAS = (CameraSpec(AGENTVIEW, 128, 128), CameraSpec(WRIST, 84, 84))
SETTINGS = CollectionSettings(tasks=(0,))


@pytest.fixture(scope='module')
def soup_env():
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_object', 0, cameras=CAMERAS, assets='standin')
    yield env
    env.close()


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('dataset')
    collect(SETTINGS, CAMERAS, folder, episodes=2, workers=1)
    return folder


def test_an_episode_depends_on_its_number_only(soup_env, dataset):
    numbers = [int(p.stem) for p in demonstrations.episode_files(dataset)]
    soup_env.reset(5)  # whatever happened before
    again = record_episode(soup_env, SETTINGS, numbers[0])
    stored = demonstrations.load(episode_path(dataset, numbers[0]))
    np.testing.assert_array_equal(again.actions, stored.actions)
    np.testing.assert_array_equal(again.qpos, stored.qpos)


def test_episodes_have_what_training_needs(dataset):
    for path in demonstrations.episode_files(dataset):
        episode = demonstrations.load(path)
        assert object_type(episode.target) not in SETTINGS.held_out
        assert object_type(episode.target).replace('_', ' ') in episode.instruction
        assert episode.init_id < SETTINGS.init_states
        assert len(episode.state) == len(episode.actions) == len(episode.qpos)
        assert np.all(np.diff(episode.frames) > 0)
        assert episode.frames[-1] < len(episode.actions)
        assert len(episode.decode_frames(AGENTVIEW)) == len(episode.frames)
        assert episode.decode_frames(WRIST).shape[1:] == (84, 84, 3)
        assert np.abs(episode.actions).max() <= 1


def test_a_finished_run_has_nothing_left_to_do(dataset):
    assert collect(SETTINGS, CAMERAS, dataset, episodes=2, workers=1)['attempts'] == 0


def test_a_lost_episode_is_recorded_again(dataset):
    path = demonstrations.episode_files(dataset)[0]
    before = demonstrations.load(path)
    path.unlink()
    totals = collect(SETTINGS, CAMERAS, dataset, episodes=2, workers=1)
    assert totals['attempts'] == 1
    np.testing.assert_array_equal(demonstrations.load(path).wrist, before.wrist)


def test_other_settings_do_not_mix(dataset):
    with pytest.raises(DataError, match='other settings'):
        collect(replace(SETTINGS, seed=1), CAMERAS, dataset, episodes=2, workers=1)


def test_failed_attempts_are_not_repeated(dataset, tmp_path):
    (tmp_path / FAILURES).write_text('0\n1\n')
    assert collect(SETTINGS, CAMERAS, tmp_path, episodes=2, workers=1)['attempts'] == 0


def test_images_can_be_drawn_again_from_the_states(dataset, tmp_path):
    path = demonstrations.episode_files(dataset)[0]
    small = (CAMERAS[0], CameraSpec(WRIST, 42, 42))
    totals = render_again(dataset, tmp_path / 'again', 'standin', small, workers=1)
    assert totals['successes'] == len(demonstrations.episode_files(dataset))
    old, new = (
        demonstrations.load(path),
        demonstrations.load(tmp_path / 'again/episodes' / path.name),
    )
    np.testing.assert_array_equal(new.agentview, old.agentview)
    assert new.decode_frames(WRIST).shape[1:] == (42, 42, 3)
    np.testing.assert_allclose(new.pixels[:, 1] * 2, old.pixels[:, 1], rtol=1e-4)
    np.testing.assert_array_equal(new.actions, old.actions)
    assert render_again(dataset, tmp_path / 'again', 'standin', small, workers=1)['attempts'] == 0


def test_a_dataset_of_another_version_is_refused(tmp_path):
    (tmp_path / 'dataset.json').write_text('{"settings": {"colour": "red"}}')
    with pytest.raises(DataError, match='another version'):
        render_again(tmp_path, tmp_path / 'again', 'standin', CAMERAS, workers=1)


def test_coarse_approach_ends_near_the_target_with_an_open_hand(soup_env):
    target = 'cream_cheese_1'
    for seed in range(3):
        soup_env.reset(20)
        soup_env.pursue(('in', target, soup_env.goal[2]), 'fetch it')
        coarse_approach(soup_env, np.random.default_rng(seed))
        offset = soup_env.world.position(target) - soup_env.world.gripper_pose()[0]
        assert np.linalg.norm(offset[:2]) < 0.1
        assert soup_env.gripper_command < 0


def test_disturbance_is_bounded_and_leaves_the_rest_alone():
    noise = Disturbance(np.random.default_rng(0), step=0.2)
    action = np.array([1.0, -1, 0.5, 0.1, 0.2, 0.3, -1])
    outputs = np.stack([noise(action) for _ in range(200)])
    assert np.abs(outputs).max() <= 1
    np.testing.assert_array_equal(outputs[:, 3:], np.tile(action[3:], (200, 1)))
    # Stationary standard deviation of the process: step / sqrt(1 - decay^2).
    assert 0.2 < outputs[:, 2].std() < 0.5
