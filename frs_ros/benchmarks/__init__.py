# SPDX-License-Identifier: Apache-2.0
"""What plans, inverse solvers and graphs cost."""
