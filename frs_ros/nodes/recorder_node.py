# SPDX-License-Identifier: Apache-2.0
"""Node `recorder`: the topics of the graph into rosbag2 bags."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rclpy.validate_topic_name import validate_topic_name
from std_srvs.srv import Trigger

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write.bag_session import GB, BagSession, BagSettings
from frs_ros.errors import DataError
from frs_ros.messages.episode import EpisodeEvent
from frs_ros.msg import Episode
from frs_ros.nodes import topics
from frs_ros.nodes.bag_subscriptions import POLL_PERIOD, BagSubscriptions
from frs_ros.nodes.episode_labels import EpisodeLabels
from frs_ros.nodes.parameters.recorder import EPISODE, RecorderParameters
from frs_ros.nodes.recorded_topics import RecordedTopics
from frs_ros.nodes.recorder_status import RecorderStatus
from frs_ros.ros import spin
from frs_ros.ros.convert.episode import episode_from_msg
from frs_ros.ros.managed import ManagedNode
from frs_ros.ros.parameters import declare
from frs_ros.ros.serialised import message_of

DISCOVERY_PERIOD = 0.5  # s
STATUS_PERIOD = 1.0  # s
AFTER_END = 1.0  # s for which an episode's bag takes what still comes, such as reports


class Recorder(ManagedNode):
    """Records what makes up episodes: as it is on the wire, nothing is decoded but the labels.

    A thread writes; the node itself never waits for the disk. When the disk is full or broken,
    recording stops and /diagnostics says why; the node stays for `~/start`.

    Activating subscribes and, with `autostart`, begins to record; deactivating closes the bag.
    Unless `managed` is set the node configures and activates itself.
    """

    def __init__(self) -> None:
        super().__init__('recorder')
        self._settings = p = declare(self, RecorderParameters)
        extra = [name.strip() for name in p.extra_topics.split(',') if name.strip()]
        for name in extra:
            validate_topic_name(name)
        self._session = BagSession(
            BagSettings(
                Path(p.directory).expanduser(),
                p.storage,
                min_free=p.min_free_gb * GB,
                queue=p.queue_mb * 2**20,
                sync_period=p.sync_period,
            )
        )
        self._status = RecorderStatus(self.diagnostics, self._session, self.get_logger())
        self._armed = False  # one bag per episode: whether the next one is recorded
        self._episode = ''  # id of the one whose bag is open
        self._ends: float | None = None  # when that bag ends, monotonic
        self._episode_topic = self.resolve_topic_name(topics.EPISODE)
        self._labels = EpisodeLabels(self, p.instruction, p.seed)
        self._hearing: BagSubscriptions | None = None  # while active
        self._active = ExitStack()  # what deactivating undoes
        self.create_service(Trigger, '~/start', self._on_start)
        self.create_service(Trigger, '~/stop', self._on_stop)
        if not p.managed:
            self.start_by_itself()

    def configure(self) -> None:
        """Makes the folder of the bags and looks whether its disk has room."""
        self._session.require_room()

    def activate(self) -> None:
        """Subscribes, and begins to record with `autostart`."""
        p = self._settings
        if p.autostart:
            self._start()
        extra = [name.strip() for name in p.extra_topics.split(',') if name.strip()]
        wanted = RecordedTopics(p.images, extra, self.resolve_topic_name, self.get_namespace())
        self._hearing = hearing = BagSubscriptions(self, wanted, self._take, self.diagnostics)
        self._active.callback(hearing.close)
        for period, callback in (
            (POLL_PERIOD, hearing.poll),
            (DISCOVERY_PERIOD, self._on_discovery),
            (STATUS_PERIOD, self._on_status),
        ):
            self._active.callback(self.destroy_timer, self.create_timer(period, callback))

    def deactivate(self) -> None:
        """Takes what has come, closes the bag and hears nothing more."""
        self._active.close()
        self._hearing = None
        self._stop()

    def cleanup(self) -> None:
        """Closes the bag."""
        self.deactivate()

    def _take(self, topic: BagTopic, log_ns: int, sent_ns: int, data: bytes) -> None:
        if topic.name == self._episode_topic:
            self._on_episode(data)
        self._session.put(topic, log_ns, sent_ns, data)

    def _on_episode(self, data: bytes) -> None:
        try:
            event = episode_from_msg(message_of(data, Episode, self._episode_topic))
        except DataError as error:
            self._status.diagnostics.report('labels', str(error))
            return
        self._labels.heard(event)
        if self._armed:
            self._split(event)

    def _split(self, event: EpisodeEvent) -> None:
        if event.outcome is not None:
            if event.episode_id == self._episode:
                self._ends = time.monotonic() + AFTER_END
        elif event.episode_id != self._episode or not self._session.recording:
            self._episode, self._ends = event.episode_id, None
            try:
                self._begin(f'{event.episode_id}_{event.instruction}')
            except DataError as error:
                self._status.failed(str(error))

    def _start(self) -> str:
        """Begins recording; says what happens. DataError if it cannot."""
        if self._settings.split == EPISODE:
            self._session.require_room()
            self._armed, self._episode = True, ''
            return 'the next episode will be recorded'
        return f'recording to {self._begin("session" if not self._settings.label else "")}'

    def _begin(self, words: str) -> Path:
        folder = self._session.start('_'.join(filter(None, (self._settings.label, words))))
        self._status.begun(folder)
        return folder

    def _stop(self) -> None:
        self._armed, self._ends = False, None
        self._session.stop()

    def _on_start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._hearing is None:
            response.message = 'the node is not active'
            return response
        if self._session.recording or self._armed:
            response.message = f'recording already: {self._session.folder or "the next episode"}'
            return response
        try:
            response.message, response.success = self._start(), True
        except DataError as error:
            response.message = str(error)
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._session.recording or self._armed
        response.message = str(self._session.folder or '') if response.success else 'not recording'
        self._stop()
        return response

    def _on_discovery(self) -> None:
        if self._hearing is not None:
            self._hearing.look()
        if self._ends is not None and time.monotonic() > self._ends:
            self._ends = None
            self._session.stop()

    def _on_status(self) -> None:
        if not self._status.publish():
            self._stop()

    def destroy_node(self) -> None:
        """Takes what has come and closes the bag."""
        if hasattr(self, '_active'):  # not if a signal came while the node was being made
            self.deactivate()
        if hasattr(self, '_session') and not self._session.close():
            print('frs_ros: the disk does not answer; the bag ends in the middle', file=sys.stderr)
        super().destroy_node()


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(Recorder, args)


if __name__ == '__main__':
    sys.exit(main())
