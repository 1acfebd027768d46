"""Build hook: compiles the catalogue, and puts models and starting profiles into the wheel."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# They live at the top level, where people look for them; a wheel has one top level for all packages, so there they lie inside ours.
SHIPPED = {"models": ("*.onnx", "*.npz", "*.toml", "*.md"), "calibration": ("*.toml", "*.md")}


class BuildHook(BuildHookInterface[BuilderConfig]):
    """Runs before each wheel, an editable one included; that one finds models and profiles in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile and add."""
        root = Path(self.root)
        for catalogue in (root / "edge" / "locale").glob("*/LC_MESSAGES/*.po"):
            with catalogue.open("rb") as source, catalogue.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_po(source))
        if self.target_name == "wheel" and version == "standard":
            for folder, patterns in SHIPPED.items():
                for file in (found for pattern in patterns for found in (root / folder).glob(pattern)):
                    build_data["force_include"][str(file)] = f"edge/_shipped/{folder}/{file.name}"
