# SPDX-License-Identifier: Apache-2.0
"""Small networks from an observation to noise (DSBC), and their baseline."""
