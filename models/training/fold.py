"""A corpus folder for scenes of corpora that a training left out: their clips, and from the others what is no event and of the split dev.

    python -m models.training.fold --corpus ../shared/corpus --left-out ravdess screamset_b donateacry --out FOLD
    python ../shared/bench/bench.py build --corpus FOLD --scale 0.6 --seed 3 --out SCENES

What shares a corpus with the training flatters: the same microphones, the same actors' school. Only these scenes tell what a new place will bring.
"""

import argparse
import csv
from pathlib import Path

from models.training.mix import CRYING, SHOUTING


def main() -> None:
    """Write the fold's manifest and link the tars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--left-out", nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    events = SHOUTING + CRYING
    kept = [r for r in rows if r["corpus"] in args.left_out or (r["split"] == "dev" and r["kind"] not in events)]
    with (args.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    for tar in args.corpus.glob("*.tar"):
        (args.out / tar.name).unlink(missing_ok=True)
        (args.out / tar.name).symlink_to(tar.absolute())


if __name__ == "__main__":
    main()
