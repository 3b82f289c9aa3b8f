# SPDX-License-Identifier: Apache-2.0
"""The package as source text: its modules and what they import."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Module:
    """One Python file of the package.

    Attributes:
        name: Dotted name, such as `frs_ros.flow.sample`.
        path: The file.
        imports: Dotted names of all modules it imports, also inside functions.
    """

    name: str
    path: Path
    imports: frozenset[str]

    @property
    def layer(self) -> str:
        """First name below the package: 'flow', 'types', ...; '' for the package itself."""
        return layer_of(self.name)


def layer_of(name: str) -> str:
    """First name below the package in a dotted name."""
    return [*name.split('.'), ''][1]


def _imported(tree: ast.AST, name: str, is_package: bool, known: set[str]) -> frozenset[str]:
    found: set[str] = set()
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            base = statement.module or ''
            if statement.level:  # relative import
                parts = name.split('.')
                parts = parts[: len(parts) - statement.level + is_package]
                base = '.'.join([*parts, *([base] if base else [])])
            for alias in statement.names:  # `from a import b`: b may be a module
                full = f'{base}.{alias.name}'
                found.add(full if full in known else base)
    return frozenset(found)


@pytest.fixture(scope='session')
def modules(repository) -> dict[str, Module]:
    """All hand-written modules of the package by name."""
    files: dict[str, Path] = {}
    for path in sorted(repository.package.rglob('*.py')):
        parts = path.relative_to(repository.root).with_suffix('').parts
        if parts[1] != 'msg':  # generated
            files['.'.join(parts).removesuffix('.__init__')] = path
    known = set(files)
    return {
        name: Module(
            name,
            path,
            _imported(ast.parse(path.read_text()), name, path.stem == '__init__', known),
        )
        for name, path in files.items()
    }
