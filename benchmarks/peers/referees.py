"""Checkers that are not ours, from a folder beside the project, where there is one."""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def referee(folder: Path, name: str) -> ModuleType:
    """The module `name` of that folder, under a name of its own: ours has some of the same."""
    spec = importlib.util.spec_from_file_location(f"referee_{name}", folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
