# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from frs_ros.policies import images
from frs_ros.policies.mini import random_policy
from frs_ros.policies.mini_network import SpatialSoftmax
from frs_ros.policies.normalisation import MIN_HALF_WIDTH, Normalisation
from frs_ros.policies.proprioception import proprioception, rotation_matrices
from frs_ros.policies.vocabulary import NO_INSTRUCTION, Vocabulary
from frs_ros.types import AGENTVIEW, CameraSpec, Observation

OBSERVATION = Observation(
    {'agentview': np.zeros((128, 128, 3), np.uint8), 'wrist': np.zeros((84, 84, 3), np.uint8)},
    np.array([0, 0, 1, np.pi, 0, 0, 0.04, -0.04]),
)


def test_unknown_instruction_counts_as_none():
    policy = random_policy()
    known = 'Pick up  the KETCHUP and place it in the basket. '
    assert policy.knows(known)
    assert not policy.knows('pick up the milk and place it in the basket')
    assert not policy.knows('')

    def condition(instruction):
        return policy.encode(replace(OBSERVATION, instruction=instruction)).condition

    torch.testing.assert_close(condition('fetch me the milk'), condition(''), rtol=0, atol=0)
    assert (condition(known) - condition('')).abs().max() > 1e-3


def test_seed_makes_the_random_policy():
    first, again, other = (random_policy(seed).encode(OBSERVATION).condition for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert (first - other).abs().max() > 1e-3


def test_random_policy_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    random_policy()
    assert torch.rand(1) == expected


def test_vocabulary_is_ordered_and_deduplicated():
    vocabulary = Vocabulary(['b c', 'A', 'a', '', 'B  c.'])
    assert vocabulary.instructions == ('a', 'b c')
    assert [vocabulary.index(t) for t in ('a', 'B c', 'd', '')] == [1, 2, NO_INSTRUCTION, 0]


def test_agentview_crop_is_symmetric_and_moves_pixels_along():
    image = np.zeros((128, 128, 3), np.uint8)
    image[70, 40] = 255
    cropped = images.prepare(image, CameraSpec(AGENTVIEW, 128, 128))
    u, v = images.crop_pixels(np.array([40, 70]), AGENTVIEW)
    assert cropped.shape[:2] == images.network_size(AGENTVIEW)
    assert cropped[v, u, 0] == 255
    mirrored = images.prepare(image[:, ::-1], CameraSpec(AGENTVIEW, 128, 128))
    np.testing.assert_array_equal(mirrored, cropped[:, ::-1])


def test_proprioception_of_known_rotations():
    half_turn = proprioception(np.array([1, 2, 3, np.pi, 0, 0, 0.04, -0.04]))
    np.testing.assert_allclose(half_turn, [1, 2, 3, 1, 0, 0, 0, -1, 0, 0.04, -0.04], atol=1e-6)
    still = proprioception(np.zeros((2, 8)))
    np.testing.assert_allclose(still[1, 3:9], [1, 0, 0, 0, 1, 0])
    # the two descriptions of a turn by nearly pi are far apart, the rotation is not
    a, b = rotation_matrices(np.array([[np.pi - 1e-6, 0, 0], [-np.pi + 1e-6, 0, 0]]))
    np.testing.assert_allclose(a, b, atol=1e-5)
    quarter = rotation_matrices(np.array([0, 0, np.pi / 2]))
    np.testing.assert_allclose(quarter @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_normalisation_uses_quantiles_with_a_floor():
    rng = np.random.default_rng(0)
    actions = np.stack([rng.uniform(-1, 3, 20_000), np.full(20_000, 0.2)], -1)
    fitted = Normalisation.fit(actions, rng.normal(5, 2, (20_000, 1)))
    np.testing.assert_allclose(fitted.action_low, [-0.96, 0.2 - MIN_HALF_WIDTH], atol=0.02)
    np.testing.assert_allclose(fitted.action_high, [2.96, 0.2 + MIN_HALF_WIDTH], atol=0.02)
    np.testing.assert_allclose(fitted.standardise(np.array([5.0])), 0, atol=0.05)
    again = Normalisation.from_json(fitted.to_json())
    np.testing.assert_array_equal(again.action_high, fitted.action_high)


@pytest.mark.parametrize('cell', [(0, 0), (3, 4), (5, 6)])
def test_spatial_softmax_finds_a_peak(cell):
    rows, columns = 6, 7
    reader = SpatialSoftmax(2, keypoints=1, features=1, height=rows, width=columns)
    with torch.no_grad():
        reader.read.weight.copy_(torch.eye(2))
        reader.read.bias.zero_()
    features = torch.zeros(1, rows * columns, 2)
    features[0, cell[0] * columns + cell[1]] = torch.tensor([50.0, 7.0])
    seen = reader(features)
    expected = [2 * cell[1] / (columns - 1) - 1, 2 * cell[0] / (rows - 1) - 1]
    np.testing.assert_allclose(seen.xy[0, 0].detach(), expected, atol=1e-5)
    assert seen.features.item() == pytest.approx(7, abs=1e-3)
    assert seen.log_map.exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_observations_side_by_side_are_as_they_are_alone():
    policy = random_policy()
    other = replace(OBSERVATION, state=OBSERVATION.state + 0.1)
    alone = [policy.encode(seen) for seen in (OBSERVATION, other)]
    x, t = torch.randn(2, 10, 7), torch.tensor([0.2, 0.7])
    together = policy.velocity(x, t, policy.stack(alone))
    for i, context in enumerate(alone):
        one = policy.velocity(x[i : i + 1], t[i : i + 1], context)[0]
        torch.testing.assert_close(together[i], one, rtol=0, atol=1e-5)
