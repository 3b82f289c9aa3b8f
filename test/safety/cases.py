# SPDX-License-Identifier: Apache-2.0
"""How many cases each property is tried on; a test adds them up."""

CASES = {
    'finite': 20_000,
    'time': 10_000,
    'acceleration': 6_000,
    'joint_velocity': 8_000,
    'joint_margin': 6_000,
    'jump': 6_000,
    'tool_speed': 6_000,
    'workspace': 6_000,
    'admission': 20_000,
    'gripper_rate': 10_000,
    'contact': 6_000,
    'watchdog': 10_000,
    'envelope': 7_200,  # steps in sequences: 6 kinds x 20 sequences x 60 steps
    'envelope_with_pinocchio': 900,
    'envelope_anything': 200,
}
