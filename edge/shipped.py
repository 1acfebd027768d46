"""Where the files lie that are shipped with the program."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def models_folder() -> Path:
    """The shipped models with their manifests and the phrase list."""
    return _shipped("models")


def calibration_folder() -> Path:
    """The starting profiles by place."""
    return _shipped("calibration")


def _shipped(name: str) -> Path:
    """Inside the package where a wheel was installed, at the top of the checkout otherwise."""
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
