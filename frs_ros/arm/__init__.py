# SPDX-License-Identifier: Apache-2.0
"""The arm as mathematics: models, kinematics, distances, action spaces."""
