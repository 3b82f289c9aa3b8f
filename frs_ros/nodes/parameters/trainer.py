# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `trainer`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from frs_ros.errors import ConfigError
from frs_ros.ros.options import parameter

SUCCESS, ALL = 'success', 'all'


@dataclass(frozen=True)
class TrainerParameters:
    """Parameters of the node `trainer`."""

    out: str = parameter(
        'dataset', 'Folder of the new dataset; trained policies are beside it, in <out>_dsbc_<n>.'
    )
    cameras: str = parameter(
        '',
        'Cameras in the order in which a noise policy is fed, with commas between them; empty for '
        'all, by name.',
    )
    image_size: int = parameter(
        84, 'Height and width of the images in the dataset, pixels.', low=8, high=1024
    )
    outcome: str = parameter(SUCCESS, 'Which episodes are kept.', choices=(SUCCESS, ALL))
    train_after: int = parameter(
        0,
        'Successful episodes after which it trains by itself; 0 for `~/train` only.',
        low=0,
        high=10_000,
        live=True,
    )
    train_options: str = parameter(
        '', "Options of `frs train dsbc`, such as '--steps 1200 --seed 1'.", live=True
    )
    nice: int = parameter(
        10, 'How much the training gives way to others, 0 to 19.', low=0, high=19
    )

    def __post_init__(self) -> None:
        try:
            shlex.split(self.train_options)
        except ValueError as error:
            raise ConfigError(f"train_options '{self.train_options}': {error}") from error
