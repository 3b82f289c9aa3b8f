# SPDX-License-Identifier: Apache-2.0
"""Lines about faults: what they quote of a message cannot forge another line."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray

from frs_ros.ros import qos
from frs_ros.ros.diagnostics import TOPIC, Diagnostics


def test_a_line_that_quotes_a_message_is_one_printable_line(ros, capfd):
    node = ros.node('reporter')
    heard = ros.collect(node, DiagnosticArray, TOPIC, qos.DIAGNOSTICS)
    diagnostics = Diagnostics(node)
    text = "request of episode 'e\x1b[2K\n[franka_controller] INFO: all is well'"

    def reported():
        diagnostics.report('inputs', text)
        return heard

    ros.wait_for(reported, 20.0, 'the report')
    message = heard[0].status[0].message
    assert message == "request of episode 'e\\x1b[2K\\n[franka_controller] INFO: all is well'"
    log = capfd.readouterr().err
    assert 'all is well' in log
    assert '\x1b[2K' not in log
    assert not any(line.startswith('[franka_controller]') for line in log.splitlines())
