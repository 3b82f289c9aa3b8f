# SPDX-License-Identifier: Apache-2.0
"""Tests with the stacks' own libraries: `make test-vla`, in an environment of their own."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

# Nothing here may reach for a model hub.
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['TRANSFORMERS_OFFLINE'] = '1'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is in this folder where LeRobot is missing."""
    if importlib.util.find_spec('lerobot') is not None:
        return
    skip = pytest.mark.skip(reason='needs LeRobot: make test-vla')
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(skip)


@pytest.fixture(scope='session', autouse=True)
def _torchvision() -> None:
    """Lets torchvision be imported beside a torch without CUDA.

    PyPI's torchvision is built for CUDA. Where its library cannot be loaded its operators do not
    exist, and declaring their shapes fails. LeRobot uses none of them.
    """
    import torch

    declare = torch.library.register_fake

    def tolerant(name, *args, **kwargs):
        if isinstance(name, str) and name.startswith('torchvision::'):
            return lambda function: function
        return declare(name, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.library, 'register_fake', tolerant)
        import torchvision  # noqa: F401
