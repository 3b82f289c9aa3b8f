# SPDX-License-Identifier: Apache-2.0
"""Ways to turn a policy, an observation and guidance into a plan: one method per file."""
