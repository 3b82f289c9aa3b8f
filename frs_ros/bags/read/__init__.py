# SPDX-License-Identifier: Apache-2.0
"""Reading bags, whole or damaged; nothing of a bag is ever changed."""
