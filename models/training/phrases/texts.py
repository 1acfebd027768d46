"""Texts for speech that a phrase model learns from: wide ones, so that the list stays editable, and the list itself in many neighbours. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

SHARES = {"words": 0.20, "running": 0.30, "sentence": 0.07, "phrase": 0.16, "near_miss": 0.10, "contrast": 0.17, "minimal_pair": 0.17}
"""Of each kind of text, as weights. Words of a dictionary in a row bring every syllable beside many others, which sentences of a few topics do not.
`running` is what people wrote, where such texts are given; `contrast` is a phrase with syllables of another tone or sound, lest the network complete by heart
what it has heard the beginning of; `minimal_pair` the same of a few syllables out of anything, as what is learnt of the list does not carry over to others."""
OTHER_SYLLABLE = {"tone": 0.45, "near": 0.3, "any": 0.1, "more": 0.15}
"""What stands in place of a syllable: the same in another tone, one with the same beginning or end, any; or one syllable more before it."""
PAIRED = 0.5
"""Share of the contrasts after which the same voice says the phrase itself in the same company: all that differs is what was said."""
OF_PAIRS = {"contrast": "phrase", "minimal_pair": "running"}
"""What the other of a pair is."""
INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
BEFORE = ("老师", "快", "同学", "妈妈", "喂", "你", "他说", "我跟你说", "听到没有", "今天", "哎呀", "求你了", "大家", "小明", "别过来")
AFTER = ("啊", "老师", "快点", "听见没有", "吧", "了", "行不行", "好不好", "我害怕", "在这里", "你听着", "快来", "现在", "妈妈")
SPEEDS = (0.85, 1.55)
PASSAGE = (5, 18)  # syllables
EFFECTS = {"plain": 0.5, "child": 0.22, "shout": 0.14, "child+shout": 0.14}


@dataclass(frozen=True, slots=True)
class Sources:
    """What texts are made from."""

    words: Sequence[str]
    word_weights: Sequence[float]  # how often each is said; any scale
    sentences: Sequence[str]
    phrases: Sequence[str]
    running: Sequence[str] = ()  # lines of any text
    readings: Sequence[Sequence[str]] = ()  # of the phrases: pinyin with tones
    others: Sequence[Sequence[str]] = ()  # of a few syllables in a row of anything
    syllables: Sequence[str] = ()  # toneless, all that there are


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say."""

    kind: str  # of SHARES
    text: str
    voice: str
    speed: float
    effect: str


def lines(sources: Sources, voices: Sequence[str], rng: np.random.Generator, wanted: Sequence[str] = tuple(SHARES)) -> Iterator[Line]:
    """Without end. wanted: kinds of SHARES."""
    weights = np.asarray(sources.word_weights, float) ** 0.4  # rare words more often than they are said
    weights /= weights.sum()
    kinds, effects = list(wanted), list(EFFECTS)
    shares = np.array([SHARES[kind] for kind in kinds]) / sum(SHARES[kind] for kind in kinds)

    def some_words(least: int, most: int) -> str:
        return "".join(sources.words[i] for i in rng.choice(len(weights), int(rng.integers(least, most + 1)), p=weights))

    while True:
        kind = str(rng.choice(kinds, p=shares))
        phrase = sources.phrases[rng.integers(len(sources.phrases))]
        match kind:
            case "words":
                text = some_words(2, 5)
            case "running" if sources.running:
                text = passage(sources.running, rng)
            case "running":
                text = some_words(3, 6)
            case "sentence":
                text = sources.sentences[rng.integers(len(sources.sentences))]
            case "phrase":
                text = _in_company(phrase, rng, some_words)
            case "contrast" | "minimal_pair":
                readings = (kind == "minimal_pair" and sources.others) or sources.readings
                reading = readings[rng.integers(len(readings))]
                before, after = _company(rng)
                text = before + "".join(contrasted(reading, sources.syllables, rng)) + after
            case _:
                at = int(rng.integers(len(phrase)))
                text = phrase[:at] + some_words(1, 1) + phrase[at + int(rng.integers(2)) + (len(phrase) > 3) :]
        effect = str(rng.choice(effects, p=list(EFFECTS.values())))
        line = Line(kind, text, _voice(voices, rng), round(float(rng.uniform(*SPEEDS)), 2), effect)
        yield line
        if kind in OF_PAIRS and rng.random() < PAIRED:
            yield replace(line, kind=OF_PAIRS[kind], text=before + "".join(reading) + after)


def passage(running: Sequence[str], rng: np.random.Generator, least_most: tuple[int, int] = PASSAGE) -> str:
    """Of a line: what stands between two signs, or two such parts with a comma, of so many syllables."""
    least, most = least_most
    while True:
        parts = [p for p in re.split(r"[^\u4e00-\u9fff]+", running[rng.integers(len(running))]) if len(p) > 1]
        if not parts:
            continue
        at = int(rng.integers(len(parts)))
        text = parts[at]
        if len(text) < least and at + 1 < len(parts):
            text += "," + parts[at + 1]
        length = int(rng.integers(least, most))
        if len(text) > length:
            first = int(rng.integers(len(text) - length + 1))
            text = text[first : first + length].strip(",")
        if len(text) >= least:
            return text


def contrasted(reading: Sequence[str], syllables: Sequence[str], rng: np.random.Generator) -> list[str]:
    """A phrase's syllables with tones ("da3"), at one or two places what OTHER_SYLLABLE tells."""
    found = list(reading)
    for at in sorted(rng.choice(len(found), min(len(found), 1 + int(rng.random() < 0.25)), replace=False), reverse=True):
        syllable, tone = found[at][:-1], found[at][-1]
        kind = rng.choice(list(OTHER_SYLLABLE), p=list(OTHER_SYLLABLE.values()))
        if kind == "tone":
            found[at] = syllable + str(rng.choice([t for t in "1234" if t != tone]))
            continue
        start, end = _parts(syllable)
        others = [s for s in syllables if s != syllable]
        others = [s for s in others if kind == "near" and (start == _parts(s)[0] or end == _parts(s)[1])] or others
        found[at : at + (kind != "more")] = [others[rng.integers(len(others))] + str(rng.integers(1, 5))]
    return found


def _parts(syllable: str) -> tuple[str, str]:
    """Initial and final."""
    start = next((i for i in INITIALS if syllable.startswith(i)), "")
    return start, syllable[len(start) :]


def _company(rng: np.random.Generator) -> tuple[str, str]:
    """What is said before and after: a word, half of the time."""
    match rng.integers(4):
        case 0:
            return f"{BEFORE[rng.integers(len(BEFORE))]},", ""
        case 1:
            return "", f",{AFTER[rng.integers(len(AFTER))]}"
        case _:
            return "", ""


def _in_company(phrase: str, rng: np.random.Generator, some_words: "object") -> str:
    match rng.integers(6):
        case 0:
            return f"{BEFORE[rng.integers(len(BEFORE))]},{phrase}"
        case 1:
            return phrase + AFTER[rng.integers(len(AFTER))]
        case 2:
            return f"{phrase}!{phrase}!"
        case 3:
            assert callable(some_words)
            return f"{some_words(1, 2)},{phrase},{some_words(1, 1)}"
        case _:
            return phrase


def _voice(voices: Sequence[str], rng: np.random.Generator) -> str:
    """A Mandarin voice alone, with another, or with 0.3 to 0.5 of a foreign one of the same sex, which sounds like another person."""
    mandarin = [v for v in voices if v[0] == "z"]
    first = mandarin[rng.integers(len(mandarin))]
    if rng.random() < 0.08:
        return first
    others = [v for v in voices if v != first and (v[1] == first[1])]
    other, share = others[rng.integers(len(others))], float(rng.uniform(0.3, 0.5))
    blend = f"{first}:{1 - share:.2f},{other}:{share:.2f}"
    return blend + (f"@{mandarin[rng.integers(len(mandarin))]}" if rng.random() < 0.3 else "")
