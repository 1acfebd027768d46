"""Sounds of free games and toys in Debian packages, as a corpus: other people, microphones and studios.

    python -m models.training.packages --corpus ../shared/corpus --out GAMES         (needs apt-get and dpkg-deb; some 700 MB pass through a temporary folder)
    python ../shared/bench/bench.py build --corpus GAMES --split dev --seed 3 --out SCENES

The detector that is shipped has heard them: `--taught all` into another folder, and `render --corpus` of that with `--split train --kinds` and what they hold.
A training that leaves some of them out (`train --without PACKAGE...`) is judged by these: `evaluate RUN --scenes SCENES --only PACKAGE...`.

Kinds go by the names of files, so that labels are rough: a death in a game is a scream at one time and a groan at another. Ambience is that of the split dev.
"""

import argparse
import csv
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from models.training.corpus import add

SOUND = re.compile(r"\.(ogg|wav|opus|flac)$", re.IGNORECASE)
SHORTEST_S = 0.25


class Sort(NamedTuple):
    """Files of a package whose path matches, the kind of sound that they are, and how many of them at most; whoever speaks is the path's group `who`."""

    package: str
    path: str
    kind: str
    most: int = 60


PEOPLE = "angelyss|arachna|assassin|ayumi|beret|liz|major|sergei|sarge|smarine|grism|sorceress|tony|neko|rai|kyonshi|merman|dark"
SORTS = (
    Sort("openarena-081-players", rf"player/(?P<who>{PEOPLE})/(falling1|death\d)\.", "scream", 80),
    Sort("nexuiz-data", r"player/(?P<who>marine|soldier|specop|insurrectionist|fricka|pyria-skadi)/player/(fall|falling|death\d)\.", "scream", 40),
    Sort("ufoai-sound", r"civilians/(?P<who>civ(fe)?male|civfem|male)(death|scream)\w*\.", "scream"),
    Sort("wesnoth-1.16-data", r"sounds/(?P<who>human(-female|-old)?)-die-\d\.", "scream"),
    Sort("scorched3d-data", r"misc/scream", "scream"),
    Sort("netpanzer-data", r"sound/scream", "scream"),
    Sort("freedink-data", r"wscream", "scream"),
    Sort("nexuiz-data", r"player/(?P<who>[\w-]+)/coms/", "raised", 80),
    Sort("hedgewars-data", r"voices/(?P<who>(?!Singer)\w+)/(?!Laugh|Poison|Ow|Oof|Ouch)\w+\.", "raised", 200),
    Sort("hedgewars-data", r"voices/(?P<who>Singer)/", "sing", 50),
    Sort("hedgewars-data", r"voices/(?P<who>\w+)/Laugh\.", "laugh"),
    Sort("hedgewars-data", r"voices/(?P<who>\w+)/PoisonCough\.", "cough"),
    Sort("wesnoth-1.16-data", r"(?P<who>dwarf|witches)-laugh\.", "laugh"),
    Sort("monsterz-data", r"laugh", "laugh"),
    Sort("trackballs-data", r"laugh", "laugh"),
    Sort("bambam", r"giggle", "laugh"),
    Sort("etw-data", r"crowd\d+\.", "cheer"),
    *(Sort(package, r"cheer|crowd(ooh|boo)", "cheer") for package in ("tuxfootball", "circuslinux-data", "dustracing2d-data", "qabcs-data", "tuxmath-data")),
    *(Sort(package, r"applause", "clap") for package in ("circuslinux-data", "foobillardplus-data", "frozen-bubble-data", "monsterz-data")),
    Sort("tuxfootball", r"refwhistle", "whistle"),
    Sort("micropolis-data", r"honkhonk", "horn"),
    Sort("micropolis-data", r"siren|police", "siren"),
    Sort("fillets-ng-data-cs", r"share/border/cs/sp-shout", "raised"),
    Sort("fillets-ng-data-cs", r"/cs/", "speech", 200),
    Sort("tuxpaint-stamps-default", r"_desc(?P<who>_\w+)\.", "speech", 300),
    Sort("ktuberling-data", r"sounds/(?P<who>\w+)/", "speech", 200),
    Sort("nexuiz-data", r"sound/(?P<who>tutorial)/", "speech", 60),
    Sort("tuxpaint-stamps-default", r"animals/mammals/dogs/", "dog"),
    Sort("wesnoth-1.16-data", r"wolf-", "dog"),
    Sort("tuxpaint-stamps-default", r"animals/birds/", "bird"),
    Sort("tuxpaint-stamps-default", r"animals/(mammals/(?!dogs)|amph|lizards|marsup)", "animal"),
    Sort("wesnoth-1.16-data", r"sounds/(gryphon|horse-(die|hit)|drake|tusker|bat-hit|hiss)", "animal"),
    Sort("tuxpaint-stamps-default", r"hobbies/music/|final-roll-call", "music"),
    Sort("nexuiz-data", r"tuba_note", "music", 40),
    Sort("tuxpaint-stamps-default", r"vehicles/emergency/", "siren"),
    Sort("wesnoth-1.16-data", r"horn-signals/", "horn"),
    Sort("wesnoth-1.16-data", r"sounds/bell\.", "bell"),
    Sort("ufoai-sound", r"doors/", "slam"),
    Sort("ufoai-sound", r"footsteps/", "footsteps", 30),
    Sort("ufoai-sound", r"ambience/(machine|engine|minepump|wind_turbine|hum)", "engine"),
    Sort("tuxpaint-stamps-default", r"household/|fireworks|lightningbolt|scissors", "other"),
    Sort("wesnoth-1.16-data", r"sounds/(axe|bow|club|crossbow|dagger|explosion|fist|flail|flame|gunshot|knife|lightning|mace|magic|spear|sword)", "other", 80),
    Sort("nexuiz-data", r"sound/(weapons/(?!tuba)|misc/|plats/)", "other", 80),
    Sort("hedgewars-data", r"Sounds/(?!voices)[\w-]+\.", "other", 60),
)  # fmt: skip
LICENCE = "free, see the package's copyright file"

TAUGHT = ("etw-data", "circuslinux-data", "dustracing2d-data", "qabcs-data", "foobillardplus-data", "frozen-bubble-data")
"""Packages whose sounds are of the split train where no others are named: crowds that cheer and clap, of which there are next to none elsewhere."""


class Found(NamedTuple):
    """A file of a package."""

    path: str
    data: bytes


def files(folder: Path) -> Iterator[Found]:
    """The sounds in an unpacked package and in the archives in it, by path."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".pk3", ".zip"):
            with zipfile.ZipFile(path) as archive:
                for name in sorted(filter(SOUND.search, archive.namelist())):
                    yield Found(name, archive.read(name))
        elif path.is_file() and SOUND.search(path.name):
            yield Found(str(path.relative_to(folder)), path.read_bytes())


def tool(name: str) -> str:
    """Path of a program of Debian's. Ends the program where it is not there."""
    return shutil.which(name) or sys.exit(f"{name} is not there: give the packages with --unpacked, or run this on Debian")


def unpacked(package: str, folder: Path) -> Path:
    """Fetch a package and unpack it into a folder. Raises CalledProcessError where Debian's tools cannot."""
    subprocess.run([tool("apt-get"), "download", "--quiet", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (deb,) = folder.glob(f"{package}_*.deb")
    subprocess.run([tool("dpkg-deb"), "--extract", deb, folder / package], check=True)
    return folder / package


def rows_of(package: str, found: list[Found], tar: tarfile.TarFile, rng: np.random.Generator, taught: Collection[str]) -> Iterator[dict[str, str]]:
    """Manifest rows of a package's sounds, which are added to the tar; each is of the first sort that fits."""
    left = dict(enumerate(found))
    for sort in (s for s in SORTS if s.package == package):
        fitting = {i: match for i, f in left.items() if (match := re.search(sort.path, f.path))}
        left = {i: f for i, f in left.items() if i not in fitting}
        for i in sorted(rng.permutation(list(fitting))[: sort.most].tolist()):
            seconds = soundfile.info(io.BytesIO(found[i].data)).duration
            if seconds < SHORTEST_S:
                continue
            name = re.sub(r"[^\w.]+", "-", found[i].path)
            add(tar, name, found[i].data)
            who = fitting[i].groupdict().get("who", name)
            yield {"corpus": package, "file": name, "seconds": f"{seconds:.2f}", "kind": sort.kind, "group": "unknown", "speaker": who,
                   "licence": LICENCE, "origin": f"Debian, {package}: {found[i].path}", "split": "train" if package in taught else "dev"}  # fmt: skip


def main() -> None:
    """Run it from the command line."""
    packages = tuple(dict.fromkeys(s.package for s in SORTS))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="for ambience and room responses")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--unpacked", type=Path, help="a folder with the packages, each unpacked in a folder of its name, in place of fetching them")
    parser.add_argument("--taught", nargs="+", default=TAUGHT, choices=("all", *packages), metavar="PACKAGE", help="whose sounds are for training, or all")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    taught = packages if "all" in args.taught else args.taught
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        dev = list(csv.DictReader(file))
    rows = [r for r in dev if r["split"] == "dev" and r["kind"] == "ambience"]
    for package in packages:
        with tempfile.TemporaryDirectory(prefix="packages-") as temporary:
            folder = args.unpacked / package if args.unpacked else unpacked(package, Path(temporary))
            with tarfile.open(args.out / f"{package}.tar", "w") as tar:
                more = list(rows_of(package, list(files(folder)), tar, rng, taught))
        print(f"{package}: {len(more)} clips", flush=True)
        rows += more
    with (args.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, dev[0].keys(), restval="")
        writer.writeheader()
        writer.writerows(rows)
    for name in {"rirs", *(r["corpus"] for r in rows if r["kind"] == "ambience")}:
        (args.out / f"{name}.tar").unlink(missing_ok=True)
        (args.out / f"{name}.tar").symlink_to((args.corpus / f"{name}.tar").absolute())


if __name__ == "__main__":
    main()
