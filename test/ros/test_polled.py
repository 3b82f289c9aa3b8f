# SPDX-License-Identifier: Apache-2.0
"""Messages that are taken before the executor's turn."""

import pytest
from std_msgs.msg import String

from frs_ros.ros import qos
from frs_ros.ros.polled import take_waiting

pytestmark = pytest.mark.ros


def test_what_waits_is_taken_once_and_in_order(ros, wait_for):
    heard, node = [], ros.node('hearer')
    subscription = node.create_subscription(String, 'words', heard.append, qos.EXCHANGE)
    publisher = node.create_publisher(String, 'words', qos.EXCHANGE)
    wait_for(lambda: publisher.get_subscription_count() == 1)
    assert list(take_waiting(subscription)) == []
    for word in ('one', 'two'):
        publisher.publish(String(data=word))
    taken = []
    wait_for(lambda: len(taken.extend(take_waiting(subscription)) or taken) == 2)
    assert [msg.data for msg, _ in taken] == ['one', 'two']
    assert all(info['received_timestamp'] > 0 for _, info in taken)
    publisher.publish(String(data='three'))
    ros.wait_for(lambda: heard)
    assert [msg.data for msg in heard] == ['three']
