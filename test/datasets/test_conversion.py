# SPDX-License-Identifier: Apache-2.0
"""Bags to datasets: what is learned from, what is left out, and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bag_factory import (
    ABORTED,
    CAMERAS,
    FAILURE,
    MS,
    POLICY,
    START_NS,
    A,
    BagFactory,
    D,
    H,
    S,
    chunk,
    jpeg,
    make,
    noise,
    write_bag,
)

from frs_ros.bags.read.bag_reader import open_bags
from frs_ros.cameras.codec import decode_jpeg
from frs_ros.cli import main
from frs_ros.datasets.conversion import Conversion, ConversionSettings, convert
from frs_ros.datasets.distillation import DistillationDataset, PolicyInfo, load_dataset
from frs_ros.errors import ConfigError, DataError
from frs_ros.policies import images
from frs_ros.types import CameraSpec

INFO = PolicyInfo(POLICY, H, A, D, 'cartesian_delta', 20.0)


def run(*bags: Path, out: Path, **settings: object) -> tuple[Conversion, DistillationDataset]:
    done = convert(open_bags(bags), out, ConversionSettings(**settings))  # type: ignore[arg-type]
    return done, load_dataset(out)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('namespace', ['', '/lab/robot_1'])
def test_a_dataset_holds_what_the_policy_saw_and_answered(
    storage: str, namespace: str, tmp_path: Path
) -> None:
    bag = write_bag(tmp_path / 'b', storage=storage, namespace=namespace)
    done, dataset = run(bag, out=tmp_path / 'd')
    assert (done.episodes, done.samples, done.notes) == (2, 8, ())
    assert dataset.info.policy == INFO
    assert dataset.info.cameras == CAMERAS
    assert (dataset.info.image_size, dataset.info.state_dim) == (84, S)
    assert dict(dataset.info.dropped) == {}
    assert [source.name for source in dataset.info.sources] == ['b']
    for number, episode in enumerate(dataset.episodes):
        assert (episode.id, episode.instruction, episode.outcome) == (
            f'e{number}', 'open it', 'success',
        )  # fmt: skip
        began_ns = START_NS + 5000 * MS * number
        assert episode.stamp_ns.tolist() == [began_ns + 100 * MS * (n + 1) for n in range(4)]
        assert np.array_equal(episode.noise, [noise(n) for n in range(4)])
        assert episode.actions.shape == (4, H, A)
        assert episode.executed.tolist() == [2] * 4
        assert episode.steered.tolist() == [True, False, True, False]
        assert set(episode.method) == {'frs'}
        assert episode.state[:, 0] == pytest.approx(1e-9 * (episode.stamp_ns - START_NS))
        for camera in CAMERAS:
            for row, stamp in enumerate(episode.stamp_ns):
                seen = decode_jpeg(jpeg(int(stamp), camera))
                expected = images.resampled(seen, CameraSpec(camera, 84, 84))
                assert np.array_equal(episode.images[camera][row], expected)


def test_raw_images_and_an_image_size(tmp_path: Path) -> None:
    _, dataset = run(write_bag(tmp_path / 'b', raw=True), out=tmp_path / 'd', image_size=32)
    assert dataset.episodes[0].images['wrist'].shape == (4, 32, 32, 3)


def test_storages_and_cuts_give_the_same_dataset(tmp_path: Path) -> None:
    digests = set()
    for storage in ('mcap', 'sqlite3'):
        bag = write_bag(tmp_path / storage, storage=storage)
        (bag / 'metadata.yaml').unlink()
        digests.add(run(bag, out=tmp_path / f'{storage}_d')[1].digest())
    file = tmp_path / 'mcap' / 'mcap.mcap'
    file.write_bytes(file.read_bytes()[:-100])
    done, dataset = run(tmp_path / 'mcap', out=tmp_path / 'cut')
    digests.add(dataset.digest())
    assert len(digests) == 1
    assert any('unfinished: read up to' in note for note in done.notes)


def test_only_successes_unless_all_are_wanted(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('good')
        bag.episode('bad', START_NS + 2000 * MS, outcome=FAILURE)
        bag.episode('stopped', START_NS + 4000 * MS, outcome=ABORTED)
        bag.episode('cut', START_NS + 6000 * MS, outcome=None)
    done, dataset = run(tmp_path / 'b', out=tmp_path / 'd')
    assert [e.id for e in dataset.episodes] == ['good']
    assert dict(done.info.dropped) == {
        'episodes: failure': 1, 'episodes: aborted': 1, 'episodes: unknown': 1,
    }  # fmt: skip
    _, dataset = run(tmp_path / 'b', out=tmp_path / 'all', outcomes=None)
    assert [e.outcome for e in dataset.episodes] == ['success', 'failure', 'aborted', 'unknown']


def test_the_first_episodes_are_kept_up_to_a_limit(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('bad', outcome=FAILURE)
        for number in range(3):
            bag.episode(f'good{number}', START_NS + 2000 * (number + 1) * MS)
    done, dataset = run(tmp_path / 'b', out=tmp_path / 'd', limit=2)
    assert [e.id for e in dataset.episodes] == ['good0', 'good1']
    assert dict(done.info.dropped) == {'episodes: failure': 1, 'episodes beyond the limit': 1}
    with pytest.raises(ConfigError, match='must not be negative'):
        run(tmp_path / 'b', out=tmp_path / 'n', limit=-1)
    assert not (tmp_path / 'n').exists()


def test_sessions_are_put_together_although_ids_repeat(tmp_path: Path) -> None:
    for name, began_ns in (('a', START_NS), ('b', START_NS + 60_000 * MS)):
        with BagFactory(tmp_path / 'bags' / name) as bag:
            for number in range(2):
                bag.episode(f'e{number}', began_ns + 5000 * MS * number)
    _, dataset = run(tmp_path / 'bags', out=tmp_path / 'd')
    assert [e.source for e in dataset.episodes] == ['a', 'a', 'b', 'b']
    assert [source.name for source in dataset.info.sources] == ['a', 'b']


def test_chunks_that_cannot_be_learned_from_are_counted(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        ended_ns = bag.episode('e0')
        now = ended_ns - 50 * MS
        bag.observation(now)
        bag.plan(now, 10, 'e0', True, noise=np.full(H * D, np.nan, np.float32))
        bag.plan(now, 11, 'e0', True, noise=np.zeros(3, np.float32))
        bag.plan(now + 5000 * MS, 12, 'e0', True)  # no image, no state
        stamp = now + 9000 * MS
        bag.observation(stamp, cameras=('wrist',))
        bag.plan(stamp, 13, 'e0', True)
        bag.write('action_chunk', stamp, chunk(stamp, 14, 'never started'))
    done, dataset = run(tmp_path / 'b', out=tmp_path / 'd')
    assert dataset.samples == 4
    assert dict(done.info.dropped) == {'corrupt chunks': 1, 'chunks without noise': 1,
                                       'chunks after the end of their episode': 2,
                                       'episodes: unknown': 1}  # fmt: skip
    assert any('3 noise numbers' in note for note in done.notes)


def test_images_that_are_missing_or_broken_are_counted(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.event(1, START_NS, 'e0')
        for number, cameras in enumerate((CAMERAS, ('wrist',), ('agentview',), ())):
            stamp = START_NS + 1000 * MS * (number + 1)
            bag.observation(stamp, cameras)
            if number == 2:
                broken = make(
                    'sensor_msgs/msg/CompressedImage', format='jpeg',
                    header=make('std_msgs/msg/Header'), data=np.zeros(10, np.uint8),
                )  # fmt: skip
                broken.header.stamp.sec = stamp // 10**9
                bag.write('wrist/color/image_raw/compressed', stamp, broken)
            bag.plan(stamp, number, 'e0', True)
        bag.event(2, START_NS + 5000 * MS, 'e0', 1)
    done, dataset = run(tmp_path / 'b', out=tmp_path / 'd')
    assert dataset.episodes[0].stamp_ns.tolist() == [START_NS + 1000 * MS]
    assert done.info.dropped['chunks without images'] == 3
    assert done.info.dropped['unreadable images'] == 1


@pytest.mark.parametrize('command', ['convert', 'export', 'info'])
def test_an_encoding_that_is_not_read_is_named(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.event(1, START_NS, 'e0')
        for number in range(2):
            stamp = START_NS + 1000 * MS * (number + 1)
            bag.observation(stamp, CAMERAS[1:] if number else CAMERAS)
            if number:
                head = make('std_msgs/msg/Header')
                head.stamp.sec = stamp // 10**9
                deep = make('sensor_msgs/msg/Image', header=head, height=2, width=2, step=4,
                            encoding='mono16', data=np.zeros(8, np.uint8))  # fmt: skip
                bag.write(f'{CAMERAS[0]}/color/image_raw', stamp, deep)
            bag.plan(stamp, number, 'e0', True)
        bag.event(2, START_NS + 5000 * MS, 'e0', 1)
    format_ = ['--format', 'lerobot'] if command == 'export' else []
    out = ['--out', str(tmp_path / 'd')] if command != 'info' else []
    assert main(['bag', command, str(tmp_path / 'b'), *out, *format_]) == 0
    told = ''.join(capfd.readouterr())
    assert "is not read: Image.encoding is 'mono16'" in told
    assert told.count('is not read') == 1


def test_cameras_can_be_chosen_and_ordered(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'b')
    _, dataset = run(bag, out=tmp_path / 'd', cameras=('wrist', 'agentview'))
    assert dataset.info.cameras == ('wrist', 'agentview')
    _, dataset = run(bag, out=tmp_path / 'one', cameras=('wrist',))
    assert set(dataset.episodes[0].images) == {'wrist'}


def two_policies(path: Path) -> Path:
    with BagFactory(path) as bag:
        bag.episode('e0')
        bag.episode('e1', START_NS + 5000 * MS, policy_id='f' * 16)
    return path


def test_noise_of_two_policies_is_refused_unless_one_is_named(tmp_path: Path) -> None:
    bag = two_policies(tmp_path / 'b')
    with pytest.raises(DataError, match=f'noise of 2 policies.*{POLICY}.*{"f" * 16}.*--policy'):
        run(bag, out=tmp_path / 'd')
    assert not (tmp_path / 'd').exists()
    done, dataset = run(bag, out=tmp_path / 'd', policy=INFO)
    assert [e.id for e in dataset.episodes] == ['e0']
    assert done.info.dropped['chunks of another policy'] == 4


def test_noise_of_another_dimension_is_refused(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'b')
    other = PolicyInfo('', 10, 7, 32, 'cartesian_delta', 20.0)
    with pytest.raises(DataError, match=r'another policy.*noise 4 x 5.*noise 10 x 32'):
        run(bag, out=tmp_path / 'd', policy=other)
    assert not (tmp_path / 'd').exists()


def test_nothing_to_learn_from_is_one_line(tmp_path: Path) -> None:
    failed = write_bag(tmp_path / 'failed', outcome=FAILURE)
    with pytest.raises(DataError, match='no success among 2 failure episodes'):
        run(failed, out=tmp_path / 'd')
    direct = write_bag(tmp_path / 'direct', noise=np.full(H * D, np.nan, np.float32))
    with pytest.raises(DataError, match='8 chunks without noise'):
        run(direct, out=tmp_path / 'd')
    corrupt = write_bag(tmp_path / 'corrupt', noise=np.zeros(3, np.float32))
    with pytest.raises(DataError, match='8 corrupt chunks'):
        run(corrupt, out=tmp_path / 'd')
    assert not (tmp_path / 'd').exists()


def test_missing_topics_are_named(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.event(1, START_NS, 'e0')
        bag.event(2, START_NS + 100 * MS, 'e0', 1)
    with pytest.raises(DataError, match='no topic action_chunk, robot_state, <camera>') as caught:
        run(tmp_path / 'b', out=tmp_path / 'd')
    assert '\n' not in str(caught.value)
    write_bag(tmp_path / 'good')
    done, dataset = run(tmp_path / 'b', tmp_path / 'good', out=tmp_path / 'd')
    assert dataset.samples == 8
    assert any('no topic' in note for note in done.notes)


def test_clock_jumps_between_episodes(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('e0')
        bag.episode('e1', START_NS - 3600 * 10**9)
        bag.episode('e2', START_NS + 3600 * 10**9)
    _, dataset = run(tmp_path / 'b', out=tmp_path / 'd')
    assert sorted((e.id, len(e)) for e in dataset.episodes) == [('e0', 4), ('e1', 4), ('e2', 4)]


def test_the_commands(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bag(Path('b'))
    assert main(['bag', 'convert', 'b', '--out', 'd', '--json', 'c.json']) == 0
    assert '8 chunks of 2 episodes in d' in capfd.readouterr().out
    written = json.loads(Path('c.json').read_text())
    assert written['digest'] == load_dataset(Path('d')).digest()
    assert main(['bag', 'convert', 'b', '--out', 'd']) == 2
    assert 'd exists' in capfd.readouterr().err
    assert main(['bag', 'info', 'b', '--json', 'i.json']) == 0
    out = capfd.readouterr().out
    assert '2 episodes: 2 success' in out
    assert 'finished' in out
    (summary,) = json.loads(Path('i.json').read_text())['bags']
    assert [(e['id'], e['chunks'], e['steered_share']) for e in summary['episodes']] == [
        ('e0', 4, 0.5),
        ('e1', 4, 0.5),
    ]
    counts = {topic['name']: topic['count'] for topic in summary['topics']}
    assert counts['/action_chunk'] == counts['/wrist/color/image_raw/compressed'] == 8
    assert (summary['finished'], summary['dropped'], summary['missing']) == (True, None, [])


@pytest.mark.parametrize('command', ['info', 'convert'])
def test_errors_are_one_line_and_exit_code_2(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'a.txt').write_text('hello')
    out = [] if command == 'info' else ['--out', str(tmp_path / 'd')]
    for path in ('a.txt', 'nowhere'):
        assert main(['bag', command, str(tmp_path / path), *out]) == 2
        assert capfd.readouterr().err.count('\n') == 1
    two = two_policies(tmp_path / 'two')
    if command == 'convert':
        assert main(['bag', command, str(two), *out]) == 2
        assert capfd.readouterr().err.count('\n') == 1
        assert main(['bag', command, str(two), *out, '--policy', 'mini']) == 2
        assert capfd.readouterr().err.count('\n') == 1


def test_info_says_what_is_not_finished(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_bag(tmp_path / 'b', outcome=None)
    file = folder / 'b.mcap'
    file.write_bytes(file.read_bytes()[:-60])
    assert main(['bag', 'info', str(folder)]) == 0
    out = capfd.readouterr().out
    assert 'NOT finished' in out
    assert 'unfinished: read up to 2025-10-09 08:53:25 UTC' in out
    assert '2 episodes: 2 unknown' in out
    shutil.rmtree(folder)


def test_texts_of_a_bag_forge_no_line_of_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('e\x1b[2K\nforged: all is well\x07')
    assert main(['bag', 'info', str(tmp_path / 'b')]) == 0
    out = capfd.readouterr().out
    assert 'e\\x1b[2K\\nforged: all is well\\x07' in out
    assert all(line.isprintable() for line in out.splitlines())
