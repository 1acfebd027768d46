r"""Speaks texts with a synthesizer until there are so many hours; goes on from what is there.

    python -m models.training.phrases.speech --speaker ../shared/tools/speak.py --assets ASSETS --corpus ../shared/corpus \
        --phrases ../shared/phrases.toml --out OUT --hours 4

OUT gets FLAC files of 16 kHz and manifest.csv with the columns of a corpus. What the synthesizer needs, jieba and misaki among it, stands in its own file.
"""

import argparse
import csv
import importlib.util
import itertools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile
import soxr

from models.training.phrases.texts import SHARES, Sources, lines, passage

RATE_HZ = 16_000
COLUMNS = ("corpus", "file", "seconds", "kind", "speaker", "lang", "text", "pinyin", "effect", "split")
KEPT_FOR_JUDGING = ("zf_xiaoyi", "zm_yunyang")
"""Voices that no training may hear: figures are made with them."""
HAN = range(0x4E00, 0x9FFF + 1)
SYLLABLES_OF_PAIRS = (3, 9)
PIECES = 5000
"""Of running text that minimal pairs are made of: how long they are, and how many."""
LEAST_FREQUENCY = 60
"""Of a word in jieba's dictionary; rarer ones are names and classical."""


def load(path: Path) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources(tool: ModuleType, corpus: Path, phrases: Path, texts: Sequence[Path], rng: np.random.Generator) -> Sources:
    """Words of jieba's dictionary, sentences of the corpus's training part, the list, and the lines of other texts. tool: the synthesizer's module."""
    import jieba
    from pypinyin import lazy_pinyin

    with jieba.get_dict_file() as file:
        table = [line.decode().split() for line in file]
    words = [(w, float(n)) for w, n, *_ in table if float(n) >= LEAST_FREQUENCY and len(w) <= 4 and all(ord(c) in HAN for c in w)]
    with (corpus / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    spoken = {r["text"] for r in rows if r["kind"] in ("sentence", "word", "near_miss") and r["lang"] == "cmn" and r["split"] == "train"}
    judged = {r["text"] for r in rows if r["split"] == "dev" and r["kind"] in ("sentence", "near_miss")}
    groups = tomllib.loads(phrases.read_text(encoding="utf-8"))
    listed = [p for table in groups.values() for p in table["phrases"]]
    running = [line for path in texts for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    pieces = [passage(running, rng, SYLLABLES_OF_PAIRS) for _ in range(PIECES if running else 0)]

    def reading(text: str) -> list[str]:
        return [s for word in tool.to_pinyin(text) if not isinstance(word, str) for s in word]

    return Sources(
        words=[w for w, _ in words],
        word_weights=[n for _, n in words],
        sentences=sorted(t for t in spoken - judged if len(t) >= 3 and not any(c.isascii() and c.isalpha() for c in t)),
        phrases=listed,
        running=running,
        readings=[reading(p) for p in listed],
        others=[reading(p) for p in pieces],
        syllables=sorted({s.replace("ü", "v") for w, _ in words for s in lazy_pinyin(w) if s.isalpha()}),
    )


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--speaker", "--assets", "--corpus", "--phrases", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="files of running text in UTF-8, whose lines are cut into passages")
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--kinds", nargs="+", choices=SHARES, default=list(SHARES), help="of texts")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tool = load(args.speaker)
    speaker = tool.Speaker(args.assets)
    voices = sorted(p.stem for p in (args.assets / "voices").glob("*.bin") if p.stem not in KEPT_FOR_JUDGING)
    manifest = args.out / "manifest.csv"
    args.out.mkdir(parents=True, exist_ok=True)
    done = []
    if manifest.exists():
        with manifest.open(encoding="utf-8") as file:
            done = list(csv.DictReader(file))
    said_s = sum(float(r["seconds"]) for r in done)
    with manifest.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not done:
            writer.writeheader()
        rng = np.random.default_rng(args.seed)
        everything = lines(sources(tool, args.corpus, args.phrases, args.texts, rng), voices, rng, args.kinds)
        first = 1 + int(done[-1]["file"].split(".")[0].split("_")[1]) if done else 0
        for number, line in itertools.islice(enumerate(everything), first, None):
            if said_s >= args.hours * 3600:
                break
            syllables = [s for word in tool.to_pinyin(line.text) if not isinstance(word, str) for s in word]
            try:
                sound = tool.trim(speaker.speak(line.text, line.voice, line.speed, effect=line.effect)) if syllables else None
            except ValueError as error:  # a rare reading that the synthesizer's table lacks
                print(f"{number}: {line.text} left out: {error}", flush=True)
                sound = None
            if sound is None:
                continue
            sound = soxr.resample(sound, tool.SAMPLE_RATE, RATE_HZ).clip(-1, 1)
            name, seconds = f"{args.seed:02d}_{number:06d}.flac", len(sound) / RATE_HZ
            soundfile.write(args.out / name, sound, RATE_HZ, subtype="PCM_16")
            row = (args.out.name, name, round(seconds, 2), line.kind, line.voice, "cmn", line.text, " ".join(syllables), line.effect, "train")
            writer.writerow(dict(zip(COLUMNS, row, strict=True)))
            file.flush()
            said_s += seconds
            if number % 100 == 0:
                print(f"{number} lines, {said_s / 3600:.2f} h", flush=True)


if __name__ == "__main__":
    main()
