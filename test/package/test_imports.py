# SPDX-License-Identifier: Apache-2.0
"""What importing the package costs and needs, seen by fresh interpreters."""

from __future__ import annotations

import json
import subprocess
import sys

from test_layers import knows_ros

# Libraries without which a part of the core cannot be imported; they may be absent.
OPTIONAL = {'torch', 'safetensors', 'mujoco', 'robosuite', 'libero', 'h5py', 'imageio_ffmpeg'}

IMPORT_WITHOUT_ROS = """
import importlib, json, re, sys, traceback

class NoRos:
    def find_spec(self, name, path=None, target=None):
        if re.match(r'(rclpy|(rcl|builtin)_interfaces|[a-z_]+_msgs|frs_ros\\.msg)(\\.|$)', name):
            raise ImportError('ROS is blocked: ' + name)

sys.meta_path.insert(0, NoRos())
failures = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.split('.')[0] not in json.loads(sys.argv[2]):
            failures[name] = repr(error)
    except Exception:
        failures[name] = traceback.format_exc(limit=-1)
print('RESULT' + json.dumps(failures))
"""

TIME_IMPORT = """
import time
start = time.perf_counter()
import frs_ros
print(time.perf_counter() - start)
"""


def run(code, *args, cwd):
    command = [sys.executable, '-c', code, *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_core_imports_without_ros(modules, repository):
    core = [m.name for m in modules.values() if not knows_ros(m.name)]
    arguments = json.dumps(core), json.dumps(sorted(OPTIONAL))
    output = run(IMPORT_WITHOUT_ROS, *arguments, cwd=repository.root)
    assert json.loads(output.split('RESULT')[1]) == {}


def test_blocker_blocks(repository):
    """The test above would notice: a node module cannot be imported without ROS."""
    output = run(IMPORT_WITHOUT_ROS, '["frs_ros.ros.qos"]', '[]', cwd=repository.root)
    assert 'ROS is blocked' in output


def test_import_is_fast(repository):
    seconds = min(float(run(TIME_IMPORT, cwd=repository.root)) for _ in range(3))
    assert seconds < 0.2
