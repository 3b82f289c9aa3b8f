# SPDX-License-Identifier: Apache-2.0
"""What the middleware says about messages and their publishers."""

from types import SimpleNamespace

import pytest

from frs_ros.ros.message_info import node_of


@pytest.mark.parametrize(
    ('namespace', 'name', 'full'),
    [
        ('/', 'policy_server', '/policy_server'),
        ('/left', 'policy_server', '/left/policy_server'),
        ('_NODE_NAMESPACE_UNKNOWN_', '_NODE_NAME_UNKNOWN_', ''),
    ],
)
def test_full_name_of_a_publishers_node(namespace, name, full):
    assert node_of(SimpleNamespace(node_namespace=namespace, node_name=name)) == full
