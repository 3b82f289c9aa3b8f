# SPDX-License-Identifier: Apache-2.0
"""Marks where they belong, a video that plays, a summary, a table that tells the truth."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from frs_ros.demo import marks, side_by_side, summary
from frs_ros.demo.comparison import rows, table, verdict
from frs_ros.demo.video import write_mp4
from frs_ros.errors import DataError
from frs_ros.messages.guidance import Gripper, Guidance


def looks_like(image, at, colour, tolerance=40):
    u, v = np.rint(at).astype(int)
    return np.abs(image[v, u].astype(int) - colour).max() <= tolerance


@pytest.fixture
def frame(pairs):
    """A steered frame two actions into its plan."""
    return pairs[0].tapes['steered'].frames[1]


def test_projection(camera):
    pixels = camera.project(np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0.1, 0, 0.5]]))
    np.testing.assert_allclose(pixels, [[48, 48], [73, 48], [48, 23], [98, 48]])


def test_points_behind_the_camera_stay_finite(camera):
    assert np.isfinite(camera.project(np.array([[0.1, 0.1, 2.0]]))).all()


def test_path_is_the_rest_of_the_chunk_from_the_gripper_on(frame):
    path = marks.planned_path(frame)
    assert path.shape == (9, 3)
    np.testing.assert_allclose(path[0], frame.gripper)
    np.testing.assert_allclose(path[-1] - path[0], [8 * marks.METRES_PER_ACTION, 0, 0])


def test_arrow_points_where_the_wish_does(frame):
    arrow = marks.guidance_arrow(frame)
    np.testing.assert_allclose(arrow, [[0, 0, 0], [marks.ARROW_LENGTH, 0, 0]])


def test_marks_are_drawn_at_their_projections(frame):
    image = marks.marked(frame)
    start, middle, tip = frame.camera.project(np.array([[0, 0, 0], [0.06, 0, 0], [0.13, 0, 0]]))
    assert looks_like(image, middle, marks.PATH)
    assert looks_like(image, tip, marks.GUIDED)
    assert looks_like(image, start - np.array([20, 0]), (200, 200, 200))
    unguided = dataclasses.replace(frame.plan, report=None)
    image = marks.marked(dataclasses.replace(frame, plan=unguided))
    assert looks_like(image, middle, marks.PATH)
    assert looks_like(image, tip + np.array([4, 0]), (200, 200, 200))


def test_arrow_seen_head_on_is_a_dot():
    image = np.zeros((40, 40, 3), np.uint8)
    marks.draw_arrow(image, np.array([[20.0, 20.0], [20.0, 20.0]]))
    assert looks_like(image, (20, 20), marks.GUIDED)


def test_marks_far_outside_do_no_harm():
    image = np.zeros((40, 40, 3), np.uint8)
    marks.draw_arrow(image, np.array([[1e7, -1e7], [1e9, 3.0]]))
    marks.draw_path(image, np.array([[-1e8, 5.0], [1e8, 5.0]]))


@pytest.mark.parametrize(
    ('guidance', 'words'),
    [
        (None, 'none'),
        (Guidance(enabled=False), 'none'),
        (Guidance(defer=True), 'left to the policy'),
        (Guidance(direction=np.array([1.0, 1.0, 0])), 'forward left'),
        (Guidance(direction=np.array([0, 0, -1.0])), 'down'),
        (Guidance(gripper=Gripper.CLOSE), 'gripper close'),
    ],
)
def test_words_of_a_wish(guidance, words):
    assert marks.guidance_words(guidance) == words


def test_video_plays_with_every_frame(tmp_path, settings, pairs):
    path = tmp_path / 'demo.mp4'
    wanted = side_by_side.length(settings, pairs)
    assert write_mp4(path, side_by_side.frames(settings, pairs), 20.0) == wanted
    video = cv2.VideoCapture(str(path))
    shapes = []
    while True:
        ok, image = video.read()
        if not ok:
            break
        shapes.append(image.shape)
    assert shapes == [(side_by_side.SIZE[1], side_by_side.SIZE[0], 3)] * wanted
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(20.0)
    assert b'avc1' in path.read_bytes()


def test_video_that_cannot_be_written(tmp_path):
    frame = np.zeros((16, 16, 3), np.uint8)
    (tmp_path / 'file').touch()
    with pytest.raises(DataError, match=r'cannot write .*file'):
        write_mp4(tmp_path / 'file' / 'a.mp4', [frame] * 100, 20.0)
    with pytest.raises(DataError, match='0 frames'):
        write_mp4(tmp_path / 'b.mp4', [], 20.0)


def test_side_that_ends_first_waits_with_its_outcome(settings, pairs):
    (pair,) = pairs
    k = len(pair.tapes['steered'].frames)
    x = side_by_side.GAP + side_by_side.SIDE + side_by_side.GAP + 4
    y = side_by_side.HEADER + side_by_side.TITLE + 100
    assert looks_like(side_by_side.compose(settings, pair, k), (x, y), side_by_side.GOOD)
    assert looks_like(side_by_side.compose(settings, pair, k - 1), (x, y), (200, 200, 200))


def test_summary_shows_both_outcomes(tmp_path, settings, pairs):
    image = summary.summary_figure(settings, pairs)
    last = summary.MARGIN + summary.LABEL + 4 * (summary.TILE + summary.GAP) + 4
    assert looks_like(image, (last, summary.HEADER + 100), side_by_side.BAD)
    below = summary.HEADER + summary.TILE + summary.GAP + 100
    assert looks_like(image, (last, below), side_by_side.GOOD)
    summary.write_png(tmp_path / 'a.png', image)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / 'a.png'))[:, :, ::-1], image)
    with pytest.raises(DataError, match='cannot write'):
        summary.write_png(tmp_path / 'a.png' / 'b.png', image)


def test_table_tells_outcomes_and_totals(pairs):
    text = table(pairs).splitlines()
    assert text[1].split('  ')[0].strip() == '30'
    assert 'never near' in text[1]
    assert 'success' in text[2]
    assert text[-1] == 'solved: 0 of 1 unsteered, 1 of 1 steered'
    first = rows(pairs)[0]
    assert (first['steps'], first['plans'], first['nfe'], first['plan_ms_mean']) == (20, 4, 80, 20)


def test_no_success_is_claimed_when_there_is_none(pairs):
    (pair,) = pairs
    failed = {'unsteered': pair.tapes['unsteered'], 'steered': pair.tapes['unsteered']}
    assert 'did not help' in verdict([dataclasses.replace(pair, tapes=failed)])
