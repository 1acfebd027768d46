"""The bench as a module: its metrics are the ones we are judged by, so there is no second copy of them."""

import argparse
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


def bench_module(path: Path) -> ModuleType:
    """The bench at `path` (`bench.py`), loaded. Ends the program where it is not there."""
    if not path.is_file():
        raise SystemExit(f"there is no bench at {path}: say with --bench where bench.py is")
    spec = importlib.util.spec_from_file_location("bench", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench"] = module
    spec.loader.exec_module(module)
    return module


def development_clips(bench: ModuleType, corpus: Path, out: Path) -> Any:
    """The bench's own corpus, of its development part; what `render_phrases` makes scenes from. out: the folder of the scenes, made where it is not there."""
    return bench.load(argparse.Namespace(corpus=[str(corpus)], split="dev", out=out))[1]


def render_phrases(bench: ModuleType, out: Path, pools: Mapping[str, Sequence[Mapping[str, str]]], kinds: Sequence[str], seed: int, jobs: int) -> None:
    """A scene of each of the kinds, as `bench.py phrases` makes them, and truth.csv. pools: by kind the clips, of which one is said."""
    bench.WORK.update(pools=pools, target={})
    bench.render(bench.phrase_scene, [(i, kind, seed, str(out)) for i, kind in enumerate(kinds)], out, jobs)
