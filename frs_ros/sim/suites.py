# SPDX-License-Identifier: Apache-2.0
"""LIBERO's task suites as `hf-libero` ships them: task files, instructions, init states.

Importing LIBERO asks a question on the terminal unless a configuration file exists, so this module
writes one (to the user's cache) and points LIBERO at it before the first import.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frs_ros.errors import ConfigError, DependencyError, choose
from frs_ros.files import write_atomically
from frs_ros.sim.cache import cache_dir

# Step limits of openpi's LIBERO client (examples/libero/main.py).
MAX_STEPS = {
    'libero_spatial': 220,
    'libero_object': 280,
    'libero_goal': 300,
    'libero_10': 520,
    'libero_90': 400,
}
SUITES = tuple(MAX_STEPS)


@dataclass(frozen=True)
class Task:
    """One task of a suite.

    Attributes:
        suite: Suite name.
        task_id: Index within the suite.
        name: File name of the task without its ending.
        instruction: The task in words.
        bddl_file: Task definition.
        init_file: Init states.
    """

    suite: str
    task_id: int
    name: str
    instruction: str
    bddl_file: Path
    init_file: Path

    @property
    def max_steps(self) -> int:
        """Step limit of an episode, settling not counted."""
        return MAX_STEPS[self.suite]


def libero_folder() -> Path:
    """Folder of the installed `libero.libero` package; DependencyError if it is missing."""
    spec = importlib.util.find_spec('libero')
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            'LIBERO is not installed; run: pip install --no-deps hf-libero==0.1.4 '
            'robosuite==1.4.0 bddl==1.0.1'
        )
    return Path(next(iter(spec.submodule_search_locations))) / 'libero'


def configure() -> None:
    """Makes `import libero.libero` silent. Keeps LIBERO_CONFIG_PATH if the user has set it."""
    if 'LIBERO_CONFIG_PATH' in os.environ:
        return
    root = libero_folder()
    paths = {
        'benchmark_root': root,
        'bddl_files': root / 'bddl_files',
        'init_states': root / 'init_files',
        'datasets': root.parent / 'datasets',
        'assets': root / 'assets',
    }
    folder = cache_dir('libero_config')
    text = ''.join(f'{key}: {path}\n' for key, path in paths.items())
    write_atomically(folder / 'config.yaml', text.encode())
    os.environ['LIBERO_CONFIG_PATH'] = str(folder)


@functools.cache
def tasks(suite: str) -> tuple[Task, ...]:
    """All tasks of a suite in LIBERO's default order; ConfigError on an unknown suite."""
    choose('suite', suite, SUITES)
    configure()
    with contextlib.redirect_stdout(io.StringIO()):
        from libero.libero import benchmark

        stock = benchmark.get_benchmark_dict()[suite]()
    root = libero_folder()
    return tuple(
        Task(
            suite,
            i,
            t.name,
            t.language,
            root / 'bddl_files' / t.problem_folder / t.bddl_file,
            root / 'init_files' / t.problem_folder / t.init_states_file,
        )
        for i, t in enumerate(stock.tasks)
    )


def task(suite: str, task_id: int) -> Task:
    """One task; ConfigError on an unknown suite or task number."""
    all_tasks = tasks(suite)
    if not 0 <= task_id < len(all_tasks):
        raise ConfigError(f'unknown task {task_id}; {suite} has tasks 0 to {len(all_tasks) - 1}')
    return all_tasks[task_id]


def init_states(chosen: Task) -> np.ndarray:
    """Stock init states [n, S] of a task, flattened MuJoCo states (time, qpos, qvel)."""
    import torch

    # The files are pickles; only the numpy array types they consist of are let through. What
    # rebuilds an array has one name in numpy 1 and another in numpy 2.
    rebuild = np.empty(0).__reduce__()[0]
    allowed = [
        np.ndarray,
        np.dtype,
        type(np.dtype(np.float64)),
        (rebuild, 'numpy.core.multiarray._reconstruct'),
        (rebuild, 'numpy._core.multiarray._reconstruct'),
    ]
    with torch.serialization.safe_globals(allowed):
        states = torch.load(chosen.init_file, weights_only=True)
    return np.asarray(states, dtype=np.float64)
