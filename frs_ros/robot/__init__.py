# SPDX-License-Identifier: Apache-2.0
"""The arm: drivers under one contract, kinematics, action spaces and the playing of chunks."""
