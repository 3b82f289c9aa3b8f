# SPDX-License-Identifier: Apache-2.0
"""What the scripted expert can do, one skill per module, each a stream of actions."""
