# SPDX-License-Identifier: Apache-2.0
"""What numpy and torch share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from frs_ros.flow.arrays import filled, finish, to_numpy


@pytest.fixture
def gpus(monkeypatch):
    """Pretends that torch has used two of three GPUs; those that were waited for."""
    waited = []
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 3)
    monkeypatch.setattr(torch.cuda, 'memory_reserved', [1 << 21, 0, 1 << 30].__getitem__)
    monkeypatch.setattr(torch.cuda, 'synchronize', waited.append)
    return waited


def test_all_gpus_in_use_are_waited_for(gpus):
    finish()
    assert gpus == [0, 2]


def test_an_unused_gpu_is_left_alone(gpus, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: False)
    finish()
    assert gpus == []


class OnDevice(torch.Tensor):
    """As on a device without float64, such as Apple's."""

    def double(self):
        raise TypeError('Cannot convert a MPS Tensor to float64')

    def cpu(self):
        return self.as_subclass(torch.Tensor).clone()


def test_numbers_leave_the_device_before_they_become_float64():
    x = torch.randn(2, 3).requires_grad_()
    moved = to_numpy(x.as_subclass(OnDevice))
    assert moved.dtype == np.float64
    np.testing.assert_array_equal(moved, x.detach().double().numpy())


@pytest.mark.parametrize('x', [np.ones(2), torch.ones(2, dtype=torch.float64)])
def test_the_original_is_never_aliased(x):
    to_numpy(x)[0] = 7
    assert float(x[0]) == 1


@pytest.mark.parametrize('x', [np.ones((3, 2), np.float32), torch.ones((3, 2)).half()])
def test_filled_is_of_the_kind_of_its_pattern(x):
    times = filled(np.float64(1 / 3), x)
    assert type(times) is type(x)
    assert (times.shape, times.dtype) == ((3,), x.dtype)
    np.testing.assert_array_equal(to_numpy(times), to_numpy(x[:, 0] * 0 + 1 / 3))
