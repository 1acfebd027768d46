"""The package as it is installed on a terminal."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from edge import __version__
from edge.shipped import models_folder
from tests.command import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. Its tools are here already, so nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with the wheel in it; its dependencies are borrowed from the one that tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # As a path and not as a site folder: the .pth files in there would bring the checkout back.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(folder), "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel)],
        check=True,
        capture_output=True,
    )
    return folder / "bin"


def outside(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the new environment where there is no checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([program, *arguments], cwd=program.parent, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_has_all_that_is_shipped_and_no_training(wheel: Path) -> None:
    """Model, manifest, profiles, catalogue and licence; neither training nor tests."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"edge/_shipped/models/{file.name}" for file in models_folder().iterdir() if file.suffix in {".onnx", ".toml", ".md"}} <= set(names)
    assert "edge/_shipped/models/detector.onnx" in names
    assert "edge/locale/zh_CN/LC_MESSAGES/xiaoan.mo" in names
    assert f"xiaoan_edge-{__version__}.dist-info/licenses/LICENSE" in names
    assert [name for name in names if "training" in name or not name.startswith(("edge/", "xiaoan_edge-"))] == []


def test_an_installed_wheel_works_outside_of_the_checkout(installed: Path) -> None:
    """The command runs, speaks Chinese and finds what is shipped inside the package."""
    assert __version__ in outside(installed / "xiaoan", "version").stdout
    assert "用法" in outside(installed / "xiaoan", "--lang", "zh", "--help").stdout
    found = outside(installed / "python", "-c", "from edge.shipped import *; print(models_folder() / 'detector.onnx', calibration_folder())").stdout.split()
    assert all(Path(path).exists() for path in found)
    assert all(Path(path).is_relative_to(installed.parent) for path in found)


def test_the_lock_names_every_dependency_with_hashes() -> None:
    """`make lock` was run after the last change of the dependencies; nothing in it says where to fetch from."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["evidence"]]  # the configuration alone decides whether evidence is kept
    assert {re.split(r"[^a-z0-9-]", wanted)[0] for wanted in needed} <= pinned.keys()
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE)[1:])
    assert "://" not in lock


def test_the_terminal_needs_nothing_heavy() -> None:
    """What a Raspberry Pi installs stays small: training and calibration are extras."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"^(torch|librosa|scipy|matplotlib|numba|amqtt)==", lock, re.MULTILINE)
