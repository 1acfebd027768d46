"""Whom the scenes of students let speak."""

from models.training.phrases.students import pools


def clip(corpus: str, text: str, lang: str = "cmn") -> dict[str, str]:
    """What of a row of the manifest counts."""
    return {"corpus": corpus, "text": text, "lang": lang}


def test_students_say_the_list_and_readers_nothing_of_it() -> None:
    """English words and longer ones are not on the list; a sentence with one of its words is no ordinary one; nobody else speaks."""
    said = [clip("dspspeech", "上海"), clip("dspspeech", "北京"), clip("dspspeech", "上海")]
    fair = [clip("aishell_bits", "今天下雨"), clip("magicdata_cs", "您好")]
    rest = [clip("dspspeech", "go", "eng"), clip("dspspeech", "向左转"), clip("aishell_bits", "他去上海了"), clip("tts_train", "你好")]
    assert pools([*rest, *said, *fair]) == (["上海", "北京"], {"help": said, "sentence": fair})
