"""What the tests of evidence are made of."""

from pathlib import Path

from edge.evidence.container import About, pack, to_int16
from edge.evidence.sealing import Seal, make_key
from edge.evidence.shelf import file_name
from tests.alerts.make import START_MS, alert
from tests.capture.sounds import Array

ID = alert(1).id


def sealed_file(folder: Path, sound: Array) -> tuple[Path, Path]:
    """A sealed file and the private key to it."""
    key = folder / "desk.key"
    seal = Seal(make_key(key))
    file = folder / file_name(ID, START_MS)
    file.write_bytes(seal(pack(About(ID, "shouting", "二楼东侧洗手间", "no-4/t1", "2026-11-23T08:00:00Z", 1.0, len(sound) / 16_000), to_int16(sound))))
    return file, key
