# SPDX-License-Identifier: Apache-2.0
"""The example runs as its docstring says and shows what it claims."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'round_trip.py'


def test_round_trip_example(tmp_path):
    out = tmp_path / 'round_trip.png'
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), '--out', str(out)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert out.read_bytes().startswith(b'\x89PNG')
    found = re.findall(r'(\S+)% .* ([\d.]+) std off \(before: ([\d.]+)\)', done.stdout)
    (euler_kept, euler_after, before), (exact_kept, exact_after, _) = found
    assert euler_kept == exact_kept == '100'
    assert float(euler_after) < 0.75 * float(before)
    assert exact_after == before
