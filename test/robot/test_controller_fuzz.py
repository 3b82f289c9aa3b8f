# SPDX-License-Identifier: Apache-2.0
"""Nothing that a driver, a policy or an operator does gets an exception out of the controller.

FRS_ROS_FUZZ_STEPS sets how many steps are tried, 10000 if it is not given.
"""

from __future__ import annotations

import os

import pytest

pytest.importorskip('pinocchio')

from hostile import COMMANDING, Ordeal

STEPS = int(os.environ.get('FRS_ROS_FUZZ_STEPS', '10000'))
EACH = 2500  # steps with one seed


@pytest.mark.filterwarnings('ignore::RuntimeWarning')  # of numbers that are not finite
@pytest.mark.parametrize('seed', range(max(1, STEPS // EACH)))
def test_no_exception_leaves_and_no_rule_is_broken(seed):
    ordeal = Ordeal(seed)
    for _ in range(EACH):
        ordeal.step()
    # it was no idle run
    assert ordeal.reached['ACTIVE'] > 20
    assert {'HOLD', 'STOPPED', 'FAULT'} <= set(ordeal.reached)
    assert ordeal.reports > 0
    assert ordeal.driver.commanded > 20
    ordeal.controller.close()
    sent = ordeal.driver.commanded
    ordeal.controller.tick()
    assert ordeal.driver.commanded == sent
    assert ordeal.controller.status.state not in COMMANDING
