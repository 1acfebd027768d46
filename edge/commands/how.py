"""How a result was found: written into profiles in English, as everything in files, and read out of them in the reader's language."""

import re

from edge.commands.context import Translate
from edge.words import N_

CALIBRATOR = N_("acoustic calibrator, {level} dB SPL")
CALIBRATOR_TWICE = N_("acoustic calibrator, {level} and {other} dB SPL")
METER = N_("sound level meter, {level} dBA")
METER_TWICE = N_("sound level meter, {level} and {other} dBA")
SITE = N_("site, for {target} false alarms a day")
HISTORY = N_("history, for {target} false alarms a day")
RECORDINGS = N_("{count} labelled recordings, for {target} false alarms a day")
PHRASES_LISTENING = N_("phrases from listening, for {target} false alarms a day")
PHRASES_RECORDINGS = N_("phrases from recordings, for {target} false alarms a day")
VERDICTS = N_("{count} verdicts of the desk, for {target} false alarms a day")

_ALL = (CALIBRATOR, CALIBRATOR_TWICE, METER, METER_TWICE, SITE, HISTORY, RECORDINGS, PHRASES_LISTENING, PHRASES_RECORDINGS, VERDICTS)
_FORMS = tuple((re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[0-9.e+-]+)", re.escape(sentence))), sentence) for sentence in _ALL)


def written(sentence: str, **numbers: float) -> str:
    """One of these sentences as it stands in a profile."""
    return sentence.format(**{name: f"{number:g}" for name, number in numbers.items()})


def told(how: str, _: Translate) -> str:
    """What stands in a profile, in the language of `_`; whatever another version or a hand wrote there stays as it is."""
    for form, sentence in _FORMS:
        if found := form.fullmatch(how):
            return _(sentence).format(**found.groupdict())
    return how
