# SPDX-License-Identifier: Apache-2.0
"""Which topics are recorded, and with which quality of service they are heard."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy')

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from frs_ros import cli
from frs_ros.bringup.graphs import GRAPHS
from frs_ros.nodes.recorded_topics import IMAGES, RecordedTopics
from frs_ros.ros import endpoints

TOPICS = {
    'compressed': {'/robot/wrist/color/image_raw/compressed'},
    'raw': {'/robot/wrist/color/image_raw'},
    'both': {'/robot/wrist/color/image_raw', '/robot/wrist/color/image_raw/compressed'},
    'none': set(),
}
ALWAYS = {'/robot/episode', '/robot/wrist/color/camera_info', '/robot/a/b/color/camera_info'}
EXTRA = {'/tf', '/robot/note'}
NEVER = {
    '/episode',  # of another namespace
    '/robot/view/color/image_raw/compressed',
    '/robot/markers',
    '/robot2/wrist/color/camera_info',
    '/robot/wrist/color/image_raw/theora',
    '/robot/wrist/aligned_depth_to_color/image_raw',
}


def resolve(name: str) -> str:
    return name if name.startswith('/') else f'/robot/{name}'


@pytest.mark.parametrize('images', IMAGES)
def test_topics_are_chosen_by_name(images):
    topics = RecordedTopics(images, ['/tf', 'note'], resolve, '/robot')
    names = {*TOPICS['both'], *ALWAYS, *EXTRA, *NEVER, '/diagnostics'}
    wanted = {name for name in names if topics.wanted(name)}
    assert wanted == TOPICS[images] | ALWAYS | EXTRA | {'/diagnostics'}


def test_without_a_namespace():
    topics = RecordedTopics('compressed', [], lambda name: f'/{name}', '/')
    assert topics.wanted('/wrist/color/image_raw/compressed')
    assert topics.wanted('/episode')
    assert not topics.wanted('/view/color/image_raw/compressed')


@pytest.mark.parametrize('reliable', [[True, True], [True, False], [False]])
@pytest.mark.parametrize('latched', [[True, True], [True, False], [False, False]])
def test_a_subscription_asks_for_no_more_than_every_publisher_offers(reliable, latched):
    offered = [
        QoSProfile(
            depth=1,
            reliability=ReliabilityPolicy.RELIABLE if r else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if d else DurabilityPolicy.VOLATILE,
        )
        for r, d in zip(reliable, latched)
    ]
    profile = endpoints.fitting(offered, 7)
    assert profile.depth == 7
    assert (profile.reliability == ReliabilityPolicy.RELIABLE) == all(reliable)
    expected = all(d for _, d in zip(reliable, latched))
    assert (profile.durability == DurabilityPolicy.TRANSIENT_LOCAL) == expected
    assert endpoints.same(profile, endpoints.fitting(offered, 1))


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=lambda graph: graph.name)
def test_graphs_record_if_they_are_told_where(graph):
    if 'record' not in {argument.name for argument in graph.arguments}:
        return  # a replay is not recorded again
    given = {'checkpoint': 'mini'}
    assert 'recorder' not in [p.row.label for p in graph.processes(given)]
    made = {p.row.label: p.overrides for p in graph.processes({**given, 'record': 'my bags'})}
    assert made['recorder']['directory'] == 'my bags'


def test_a_benchmark_of_no_time_is_one_line(capsys):
    assert cli.main(['bench', 'recorder', '--seconds', '0']) == 2
    assert '--seconds must be from 1 to 3600' in capsys.readouterr().err
