"""Scripts that stand beside the package, as modules: `benchmarks/` and `training/` are on no path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def script(folder: str, name: str) -> ModuleType:
    """The module of a script, imported under its own name, under which its classes look for themselves."""
    spec = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
