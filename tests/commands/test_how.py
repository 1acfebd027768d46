"""How a result was found, as profiles keep it and as people read it."""

from edge.commands import how
from edge.words import translator

CHINESE = translator("zh_CN")


def test_a_profile_has_it_in_english_and_a_reader_in_their_language() -> None:
    """Numbers stay as they are, of those that earlier versions wrote too."""
    assert how.written(how.CALIBRATOR_TWICE, level=94.0, other=114.0) == "acoustic calibrator, 94 and 114 dB SPL"
    assert how.told("acoustic calibrator, 94 and 114 dB SPL", CHINESE).endswith("94 和 114 dB SPL")
    assert how.told(how.written(how.METER, level=74.5), CHINESE).endswith("74.5 dBA")
    assert how.told("history, for 0.5 false alarms a day", CHINESE).endswith("按每天 0.5 次误报")
    assert how.told("8 verdicts of the desk, for 1e-05 false alarms a day", str) == "8 verdicts of the desk, for 1e-05 false alarms a day"


def test_what_somebody_wrote_by_hand_stays() -> None:
    """It is theirs."""
    assert how.told("by ear, 94 dB SPL", CHINESE) == "by ear, 94 dB SPL"
