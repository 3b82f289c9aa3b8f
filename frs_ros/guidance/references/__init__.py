# SPDX-License-Identifier: Apache-2.0
"""Reference chunks: guidance written in the model space of a policy."""
