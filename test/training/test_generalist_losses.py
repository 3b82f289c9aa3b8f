# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch

from frs_ros.policies.mini_network import FlowHead, Keypoints
from frs_ros.training.generalist.augmentation import jitter, permute_channels, to_network
from frs_ros.training.generalist.ema import UPDATE_EVERY, MovingAverage
from frs_ros.training.generalist.losses import flow_matching_loss, localisation_loss, sample_times
from frs_ros.training.generalist.objective import augment, drop_instruction, labelled_keypoints

SIZE = (84, 84)
CELLS = 21


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def keypoints(batch, seed=0, maps=3):
    """Random keypoints that remember gradients, as logits and absent scores."""
    logits = torch.randn(batch, maps, CELLS * CELLS, generator=seeded(seed), requires_grad=True)
    presence = torch.randn(batch, maps, generator=seeded(seed + 1), requires_grad=True)
    log_map = logits.log_softmax(-1)
    axis = torch.linspace(-1, 1, CELLS)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing='xy'), -1).reshape(-1, 2)
    seen = Keypoints(
        log_map.exp() @ grid, presence.sigmoid(), torch.zeros(batch, maps, 8), log_map, presence
    )
    return seen, logits, presence


def test_localisation_is_least_at_the_labelled_place():
    pixels = torch.tensor([[[40.0, 60], [10, 20]]])  # cells (10, 15) and (2.5, 5), right and down
    logits = torch.full((1, 2, CELLS * CELLS), -30.0)
    logits[0, 0, 15 * CELLS + 10] = 0
    logits[0, 1, 5 * CELLS + 2] = logits[0, 1, 5 * CELLS + 3] = 0
    seen, *_ = keypoints(1, maps=2)
    log_map = logits.log_softmax(-1)
    axis = torch.linspace(-1, 1, CELLS)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing='xy'), -1).reshape(-1, 2)
    sure = torch.full((1, 2), 30.0)
    seen = seen._replace(log_map=log_map, xy=log_map.exp() @ grid, presence=sure)
    loss = localisation_loss(seen, pixels, torch.ones(1, 2, dtype=torch.bool), SIZE)
    assert loss.place.item() == pytest.approx(math.log(2) / 2, abs=1e-4)  # of the split label
    assert loss.presence.item() == pytest.approx(0, abs=1e-6)
    assert loss.pixel_error.item() == pytest.approx(0, abs=0.01)
    moved = localisation_loss(seen, pixels + 8, torch.ones(1, 2, dtype=torch.bool), SIZE)
    assert moved.pixel_error.item() == pytest.approx(8 * math.sqrt(2), abs=0.01)


def test_what_is_not_labelled_leaves_no_trace_in_the_maps():
    seen, logits, presence = keypoints(3)
    pixels = torch.full((3, 2, 2), 40.0)
    pixels[2, 0] = torch.tensor([-5.0, 40])  # named, but outside the image
    settled = torch.ones(3, dtype=torch.bool)
    labelled = labelled_keypoints(torch.tensor([1, 0, 2]), settled)  # the second: none
    localisation_loss(seen, pixels, labelled, SIZE).total().backward()
    touched = logits.grad.abs().sum(-1) > 0
    assert touched.tolist() == [[True, True, False], [False, True, False], [False, True, False]]
    absent = presence.grad[:, 0] > 0  # the presence is pushed down
    assert absent.tolist() == [False, True, True]
    assert (presence.grad[:, 2] == 0).all()


def test_flow_times_are_half_uniform_half_towards_the_noise():
    t = sample_times(200_000, seeded())
    assert 0 <= t.min() <= t.max() <= 1
    for bound in (0.25, 0.5, 0.75):
        expected = 0.5 * bound + 0.5 * (1 - (1 - bound) ** 2)
        assert (t < bound).float().mean().item() == pytest.approx(expected, abs=0.005)


def test_flow_loss_of_a_silent_head_is_the_spread_of_the_target():
    head = FlowHead(4, width=16, blocks=1)  # its output layer starts at zero
    chunk, valid = torch.full((500, 10, 7), 2.0), torch.ones(500, 10)
    valid[:, 5:] = 0
    chunk[:, 5:] = 1e3  # beyond the end of the episode, must not count
    loss = flow_matching_loss(head, torch.zeros(500, 16), chunk, valid, 4, seeded())
    assert loss.item() == pytest.approx(2.0**2 + 1, rel=0.02)


def test_flow_loss_fits_a_constant_chunk():
    torch.manual_seed(0)
    head = FlowHead(4, width=128, blocks=1)
    optimizer = torch.optim.Adam(head.parameters(), 3e-3)
    chunk, valid = torch.full((16, 10, 7), 0.5), torch.ones(16, 10)
    condition = torch.zeros(16, 128)
    losses = []
    for i in range(150):
        loss = flow_matching_loss(head, condition, chunk, valid, 4, seeded(i))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_instruction_is_dropped_at_the_given_rate():
    instruction = torch.full((20_000,), 3)
    dropped = drop_instruction(instruction, 0.3, seeded()) == 0
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (instruction == 3).all()


def test_jitter_changes_colours_around_the_plain_image():
    images = torch.randint(256, (64, 6, 5, 3), generator=seeded(), dtype=torch.uint8)
    kept = images.clone()
    plain, changed = to_network(images), jitter(images, seeded())
    assert changed.shape == plain.shape == (64, 3, 6, 5)
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert (images == kept).all()
    difference = changed - plain
    assert 0.03 < difference.std() < 0.15
    assert abs(difference.mean()) < 0.03
    # tint and gain are of the whole image: a common line explains all but the fixed pattern
    fit = torch.stack([plain[0, 0].flatten(), torch.ones(30)], 1)
    line = fit @ torch.linalg.lstsq(fit, changed[0, 0].flatten()[:, None]).solution
    assert (changed[0, 0].flatten() - line[:, 0]).std().item() < 0.03


def test_channels_are_permuted_only_where_chosen():
    images = torch.arange(3, dtype=torch.uint8).repeat(300, 2, 2, 1)
    chosen = torch.arange(300) % 2 == 0
    permuted = permute_channels(images.clone(), chosen, seeded())
    assert (permuted[~chosen] == images[~chosen]).all()
    orders = {tuple(image[0, 0].tolist()) for image in permuted[chosen]}
    assert len(orders) == 6
    assert (permuted.sort(-1).values == images).all()


def test_agentview_colours_stay_where_the_instruction_names_them():
    from frs_ros.training.generalist.data import Frames

    def frames():
        image = torch.tensor([250, 120, 0], dtype=torch.uint8).repeat(200, 4, 4, 1)
        return Frames(image, image.clone(), torch.zeros(200, 11), *[torch.zeros(200)] * 5)

    agentview, wrist, proprio = augment(frames(), torch.ones(200, dtype=torch.long), seeded())

    def reordered(images):
        red, _, blue = images.mean((2, 3)).unbind(1)
        return (red < blue).float().mean().item()

    assert reordered(agentview) == 0
    assert 0.15 < reordered(wrist) < 0.35  # half are permuted, of these half the orders
    assert 0 < proprio.std() < 0.1
    agentview, *_ = augment(frames(), torch.zeros(200, dtype=torch.long), seeded())
    assert 0.15 < reordered(agentview) < 0.35


def test_moving_average_follows_and_leaves_the_source_alone():
    source = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(source.weight)
    average = MovingAverage(source)
    torch.nn.init.ones_(source.weight)
    for step in range(1, 2 * UPDATE_EVERY + 1):
        average.update(step)
    assert average.network.weight.item() == pytest.approx(1 - 0.9**2)
    assert source.weight.item() == 1


def test_a_destination_among_several_is_looked_for_only_where_it_is_named():
    instruction, settled = torch.tensor([1, 0, 0]), torch.tensor([False, False, True])
    labelled = labelled_keypoints(instruction, settled)
    assert labelled.tolist() == [[True, True], [False, False], [False, True]]
