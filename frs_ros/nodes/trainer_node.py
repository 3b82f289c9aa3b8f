# SPDX-License-Identifier: Apache-2.0
"""Node `trainer`: makes a dataset of the episodes it hears, and noise policies of that."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name
from std_srvs.srv import Trigger

from frs_ros.datasets.live_dataset import LiveDataset
from frs_ros.errors import ConfigError, DataError
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.trainer import SUCCESS, TrainerParameters
from frs_ros.nodes.training_process import TrainingProcess
from frs_ros.nodes.training_topics import TrainingTopics
from frs_ros.ros import spin
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.parameters import declare, on_change

PERIOD = 0.02  # s between two looks at what has arrived
BUSY = 0.1  # s after which other callbacks have their turn
STATUS_PERIOD = 1.0  # s
DISCOVERY_PERIOD = 0.2  # s
SILENCE = 2.0  # s after which nothing that belongs to an episode is on the way any more


class Trainer(Node):
    """Hears episodes, of a robot, a simulator or a bag that is played; learns from them.

    Writes the dataset that `frs bag convert` would make of a recording. Service `~/train` trains
    on what there is. No policy is switched: it says how.
    """

    def __init__(self) -> None:
        super().__init__('trainer', automatically_declare_parameters_from_overrides=True)
        self._settings = p = declare(self, TrainerParameters)
        self._out = Path(p.out).expanduser()
        if not p.out:
            raise ConfigError('name the folder of the dataset: -p out:=...')
        cameras = tuple(name.strip() for name in p.cameras.split(',') if name.strip())
        for name in cameras:
            validate_topic_name(topics.image(name))
        self._dataset = LiveDataset(
            self._out,
            time.strftime('live-%Y%m%d-%H%M%S'),
            outcomes=('success',) if p.outcome == SUCCESS else None,
            image_size=p.image_size,
            cameras=cameras or None,
        )
        self._diagnostics = Diagnostics(self)
        self._topics = TrainingTopics(self, self._dataset.wants, cameras)
        self._heard_at = time.monotonic()
        self._written = False  # episodes that the dataset's description does not count yet
        self._training: TrainingProcess | None = None
        self._trained = 0  # successes that the last training began with
        on_change(self, p, self._on_change)
        self.create_service(Trigger, '~/train', self._on_train)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may be that of a playback
        self.create_timer(PERIOD, self._on_period, clock=steady)
        self.create_timer(DISCOVERY_PERIOD, self._topics.look, clock=steady)
        self.create_timer(STATUS_PERIOD, self._on_status, clock=steady)

    def _on_change(self, values: TrainerParameters) -> None:
        self._settings = values

    def _on_period(self) -> None:
        try:
            self._take()
            if self._written:
                self._written = False
                self._on_episodes()
        except (DataError, OSError) as error:  # what is no message; a full disk
            self._diagnostics.report('messages', str(error))

    def _take(self) -> None:
        """Takes in what has arrived, but leaves other callbacks their turn."""
        now = time.monotonic()
        while time.monotonic() - now < BUSY:
            arrival = self._topics.next(time.time_ns())
            if arrival is None:
                break
            self._heard_at = now
            message = self._topics.content(arrival)
            written = self._dataset.push(
                arrival.topic, arrival.stamp_ns, message, arrival.arrived_ns or None
            )
            self._written = self._written or written > 0
        if now - self._heard_at > SILENCE and self._dataset.settle():
            self._written = True

    def _on_episodes(self) -> None:
        data, wanted = self._dataset, self._settings.train_after
        if not data.commit():
            return  # the status says why
        self.get_logger().info(
            f'{data.episodes} episodes, {data.samples} chunks in {self._out} '
            f'({data.successes} successes)'
        )
        if wanted and data.successes - self._trained >= wanted and self._training is None:
            self._train()

    def _on_train(self, _: Trigger.Request, answer: Trigger.Response) -> Trigger.Response:
        if self._training is not None:
            answer.message = f'it trains already: {self._training.line}'
        elif not self._dataset.successes or not self._dataset.commit():
            answer.message = self._fault() or 'no successful episode has been heard yet'
        else:
            answer.message, answer.success = self._train(), True
        return answer

    def _train(self) -> str:
        """Begins a training; returns what happens."""
        number = 1
        while (out := self._out.with_name(f'{self._out.name}_dsbc_{number}')).exists():
            number += 1
        p = self._settings
        self._training = TrainingProcess(self._out, out, p.train_options, p.nice)
        self._trained = self._dataset.successes
        line = f'training on {self._trained} successes, to {out}'
        self.get_logger().info(line)
        return line

    def _on_status(self) -> None:
        self._watch_training()
        data = self._dataset
        values = {
            'episodes': data.episodes,
            'chunks': data.samples,
            'successes': data.successes,
            **{f'heard: {outcome}': count for outcome, count in data.heard.items()},
            **{f'left out: {reason}': count for reason, count in data.dropped.items()},
        }
        fault = self._fault()
        if fault:
            self._diagnostics.report('dataset', fault, error=data.policies > 1, values=values)
        else:
            self._diagnostics.well('dataset', values)

    def _fault(self) -> str:
        """What is wrong with the dataset, '' if nothing."""
        data = self._dataset
        if data.policies > 1:
            return (
                f'noise of {data.policies} policies was heard, which mean nothing to each other: '
                'start again with a new folder for each'
            )
        if data.complaints:
            return data.complaints[-1]
        left = ', '.join(f'{count} {reason}' for reason, count in data.dropped.items())
        if data.heard and not data.episodes:
            return f'nothing to learn from yet: {left}'
        return ''

    def _watch_training(self) -> None:
        training = self._training
        if training is None:
            return
        result = training.result
        if result is None:
            self._diagnostics.well('training', {'progress': training.line})
            return
        self._training = None
        if result != 0:
            line = training.line or f'exit code {result}'
            self._diagnostics.report('training', f'the training failed: {line}', error=True)
            return
        self._diagnostics.well('training', {'checkpoint': training.checkpoint})
        for line in training.lines:
            self.get_logger().info(line)
        server = f'{self.get_namespace().rstrip("/")}/policy_server'
        # the options of the present method first: dsbc may not have them
        self.get_logger().info(
            f"to use it: ros2 param set {server} method_options '' && "
            f'ros2 param set {server} distilled {shlex.quote(str(training.checkpoint.absolute()))}'
            f' && ros2 param set {server} method dsbc'
        )

    def destroy_node(self) -> None:
        """Ends a training, and leaves what there is as a dataset."""
        if hasattr(self, '_training') and self._training is not None:
            self._training.stop()
        if hasattr(self, '_dataset'):
            self._dataset.settle()
            self._dataset.commit()
        super().destroy_node()


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(Trainer, args)


if __name__ == '__main__':
    sys.exit(main())
