# SPDX-License-Identifier: Apache-2.0
"""Raw HID reports of two SpaceMouse models, through pyspacemouse, to directions."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import synthesise_recordings as synthesis

from frs_ros.errors import ConfigError, DataError
from frs_ros.guidance.operator.devices.hid import HidReader, mouse_of
from frs_ros.guidance.operator.devices.recording import Recorder, read_recording
from frs_ros.guidance.operator.devices.replay import RecordedHid, Replay
from frs_ros.guidance.operator.mapper import DirectionMapper, MapperSettings
from frs_ros.guidance.operator.pilots import DevicePilot
from frs_ros.messages.guidance import Gripper

pytest.importorskip('pyspacemouse')

MS = 1_000_000
FILES = {model: synthesis.FOLDER / f'{name}.jsonl' for model, name in synthesis.MODELS.items()}
DIRECTIONS = {
    'forward': (1, 0, 0),
    'back': (-1, 0, 0),
    'left': (0, 1, 0),
    'right': (0, -1, 0),
    'up': (0, 0, 1),
    'down': (0, 0, -1),
}
NONE = (0, 0, 0)


class Player:
    """A recording, looked at every 20 ms of its own time."""

    def __init__(self, path, **settings) -> None:
        source = Replay(path)
        source.start()
        self.pilot = DevicePilot(source, DirectionMapper(MapperSettings(**settings), 'replay'))
        self.now = 5_000_000_000 * MS
        self.start = self.now

    def at(self, seconds: float):
        """The guidance at a time of the recording."""
        while self.now < self.start + seconds * 1000 * MS:
            wish = self.pilot.guidance(self.now)
            self.now += 20 * MS
        return wish

    def after(self, gesture: str, seconds: float):
        return self.at(synthesis.start_of(gesture) + seconds)


@pytest.fixture(params=FILES.values(), ids=FILES)
def player(request):
    return Player(request.param)


@pytest.mark.parametrize('model', FILES)
def test_files_are_what_the_script_makes(model):
    assert FILES[model].read_text() == synthesis.recording(model)


def test_six_directions(player):
    assert not player.at(0.2).enabled
    for name, direction in DIRECTIONS.items():
        wish = player.after(name, 0.4)
        assert tuple(wish.direction) == direction, name
        assert wish.active
        assert not player.after(name, 1.6).enabled, f'{name} is over'


def test_buttons_move_the_gripper(player):
    assert player.after('open', 0.1).gripper is Gripper.OPEN
    assert player.after('open', 1.6).gripper is Gripper.POLICY
    assert player.after('close', 0.1).gripper is Gripper.CLOSE


def test_values_beyond_the_scale_are_clipped():
    player = Player(FILES['SpaceNavigator'], proportional=True)
    wish = player.after('too far forward', 0.4)
    assert tuple(wish.direction) == DIRECTIONS['forward']
    assert wish.magnitude == 1.0


def test_a_lost_zero_report_is_a_release(player):
    assert tuple(player.after('left, zero lost', 0.7).direction) == DIRECTIONS['left']
    assert not player.after('left, zero lost', 0.8 + 0.25).enabled
    assert tuple(player.after('right after it', 0.4).direction) == DIRECTIONS['right']


def test_diagonals_and_twists_are_no_direction(player):
    for seconds in (0.2, 0.4, 0.6):
        assert not player.after('diagonal', seconds).enabled
    for seconds in (0.2, 0.4, 0.6):
        assert not player.after('twist', seconds).enabled


def test_twists_count_if_rotation_is_allowed():
    player = Player(FILES['SpaceMouseWireless'], allow_rotation=True)
    wish = player.after('twist', 0.4)
    assert tuple(wish.rotation) == (0, 0, 1)  # to the left, seen from above
    assert tuple(wish.direction) == NONE


def test_a_tap_is_seen_after_it_is_over(player):
    assert tuple(player.after('tap forward', 0.5).direction) == DIRECTIONS['forward']
    assert not player.after('tap forward', 0.8).enabled


def test_an_unplugged_device_steers_nobody_and_what_is_held_when_it_is_back_is_no_wish(player):
    name = 'forward, unplugged'
    assert tuple(player.after(name, 0.38).direction) == DIRECTIONS['forward']
    assert not player.after(name, 0.42).enabled
    assert 'unplugged' in player.pilot.fault()
    for seconds in (0.9, 1.2, 1.5):
        assert not player.after(name, seconds).enabled
    assert player.pilot.fault() == ''
    assert tuple(player.after('up again', 0.4).direction) == DIRECTIONS['up']


def test_the_reports_that_queued_up_are_all_seen_at_once():
    player = Player(FILES['SpaceNavigator'], tap=1.0)
    tap = synthesis.start_of('tap forward')
    player.at(tap)
    player.now += 200 * MS  # the node was busy while the whole tap went by
    assert tuple(player.at(tap + 0.24).direction) == DIRECTIONS['forward']


def test_a_repeated_recording_begins_again():
    source = Replay(FILES['SpaceNavigator'], repeat=True)
    source.start()
    length = read_recording(FILES['SpaceNavigator']).entries[-1].time + 0.5
    source.take(0)
    samples = source.take(round((length + synthesis.start_of('forward') + 0.4) * 1000) * MS)
    assert samples[-1].values[0] == pytest.approx(300 / 350, abs=0.05)


HEADER = '{"model": "SpaceNavigator"}'


@pytest.mark.parametrize(
    ('lines', 'named'),
    [
        ([], 'line 1'),
        (['{"t": 0, "hex": "01"}'], 'no "model"'),
        ([HEADER], 'holds no reports'),
        ([HEADER, 'nonsense'], 'line 2: not a JSON object'),
        ([HEADER, '{"t": 0, "hex": "0g"}'], 'line 2: "hex"'),
        ([HEADER, '{"t": null, "hex": "01"}'], 'line 2: "t"'),
        ([HEADER, '{"t": NaN, "hex": "01"}'], 'line 2: "t"'),
        ([HEADER, '{"t": 0, "event": "explode"}'], 'line 2: neither'),
        ([HEADER, '{"t": 1, "hex": "01"}', '{"t": 0, "hex": "01"}'], 'line 3: time goes back'),
    ],
)
def test_broken_recordings_are_named_by_line(tmp_path, lines, named):
    path = tmp_path / 'broken.jsonl'
    path.write_text('\n'.join(lines))
    with pytest.raises(DataError, match=r'broken\.jsonl') as error:
        Replay(path)
    assert named in str(error.value)


WHOLE = [HEADER, '{"t": 0, "hex": "01"}', '{"t": 1, "hex": "01"}']


@pytest.mark.parametrize(
    'cut', ['{"t": 1.5, "he', '{', '{"t": 1.5, "hex": "0', 'x' * 1000, '\x00']
)
def test_a_last_line_that_was_cut_off_is_left_out_and_said(tmp_path, cut):
    path = tmp_path / 'killed.jsonl'
    path.write_text('\n'.join([*WHOLE, cut]))
    recording = read_recording(path)
    assert [entry.time for entry in recording.entries] == [0, 1]
    assert 'line 4 is cut off' in recording.notice
    assert Replay(path).notice == recording.notice
    path.write_text('\n'.join([*WHOLE, cut, '']))  # whole, so it is damaged
    with pytest.raises(DataError, match='line 4: not a JSON object'):
        read_recording(path)


@pytest.mark.parametrize('end', ['\n', '\r\n'])
def test_blank_lines_and_byte_order_marks_do_not_count(tmp_path, end):
    path = tmp_path / 'edited.jsonl'
    path.write_bytes(b'\xef\xbb\xbf' + (2 * end).join(['', *WHOLE, ' ', '']).encode())
    recording = read_recording(path)
    assert (len(recording.entries), recording.notice) == (2, '')


@pytest.mark.parametrize(
    ('line', 'named'),
    [
        ('[' * 100_000, 'not a JSON object'),
        ('{"t": 1' + '0' * 250 + ', "hex": "01"}', '"t" must be seconds'),
        ('{"t": 1, "hex": "' + '01' * 100_000 + '"}', 'a report of 100000 bytes'),
    ],
)
def test_hostile_lines_are_named(tmp_path, line, named):
    path = tmp_path / 'hostile.jsonl'
    path.write_text('\n'.join([*WHOLE, line, '']))
    with pytest.raises(DataError, match=f'line 4: {named}'):
        read_recording(path)


def test_missing_recording_and_unknown_model(tmp_path):
    with pytest.raises(DataError, match=r'nothing\.jsonl'):
        Replay(tmp_path / 'nothing.jsonl')
    path = tmp_path / 'other.jsonl'
    path.write_text('{"model": "SpaceBalloon"}\n{"t": 0, "hex": "01"}\n')
    with pytest.raises(ConfigError, match='unknown SpaceMouse model'):
        Replay(path).start()


def held(tmp_path, start: float):
    """A recording in which the cap is forward from `start` on, without a gentle beginning."""
    path = tmp_path / 'held.jsonl'
    times = [start + 0.016 * i for i in range(125)]
    path.write_text(
        HEADER + '\n' + '\n'.join(f'{{"t": {t:.3f}, "hex": "010000a2fe0000"}}' for t in times)
    )
    return Player(path)


def test_what_is_held_at_the_start_gives_no_direction(tmp_path):
    player = held(tmp_path, 0.0)
    for seconds in (0.1, 0.5, 1.0, 1.9):
        assert not player.at(seconds).enabled


def test_a_device_that_was_silent_at_the_start_was_at_rest(tmp_path):
    assert tuple(held(tmp_path, 0.5).at(1.0).direction) == DIRECTIONS['forward']


def drifting(tmp_path, size: int):
    """A recording of a device whose cap stands aside by `size` of 350, reported all the time."""
    report = (b'\x01' + struct.pack('<3h', 0, -size, 0)).hex()
    path = tmp_path / 'drift.jsonl'
    lines = [f'{{"t": {0.02 * i:.2f}, "hex": "{report}"}}' for i in range(400)]
    path.write_text('\n'.join([HEADER, *lines, '']))
    return path


def test_a_device_that_drifts_is_told_and_may_be_allowed_to(tmp_path):
    path = drifting(tmp_path, 100)
    player = Player(path)
    assert not player.at(5.0).enabled
    assert 'not seen at rest: x 0.29' in player.pilot.fault()
    source = Replay(path, rest=0.3)
    source.start()
    pilot = DevicePilot(source, DirectionMapper(MapperSettings(off=0.3, on=0.5), 'replay'))
    for i in range(250):
        pilot.guidance(i * 20 * MS)
    assert pilot.fault() == ''


@pytest.mark.parametrize('number', range(256))
def test_short_and_huge_reports_end_nothing(number):
    """Whatever a device sends, as it would come from a driver that does not fill up."""

    class Hid(RecordedHid):
        def read(self, size):
            return bytearray(self.reports.popleft()) if self.reports else bytearray()

    hid = Hid()
    reader = HidReader(mouse_of('SpaceNavigator', hid), lambda: 0)
    sizes = (1, 2, 3, 6, 7, 8, 13, 64, 5000)
    hid.reports.extend(bytes([number, *[255] * (size - 1)]) for size in sizes)
    samples = reader.drain()
    assert not hid.reports
    assert all(np.isfinite(sample.values).all() for sample in samples)


def test_a_full_disk_ends_the_recording_and_not_the_guidance(capfd):
    class Hid:
        def read(self, size: int) -> bytes:
            return bytes(7)

    recorder = Recorder('/dev/full', lambda: 0.0)
    for _ in range(2):  # plugged in once more
        device = recorder.tap('SpaceNavigator', Hid())
        assert [device.read(64) for _ in range(3)] == [bytes(7)] * 3
    line = '/dev/full: the recording of the device has ended: No space left on device\n'
    assert capfd.readouterr().err == line
