"""Reading the configuration file."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config.load import ConfigError, ConfigUnreadable, load, read
from edge.config.schema import LABELS, Config
from edge.errors import EdgeError
from edge.words import translator


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its configuration."""
    return tmp_path / "config.toml"


def problems(file: Path) -> list[str]:
    """What is wrong with the file, without its name."""
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [line.removeprefix(f"{file}, ") for line in caught.value.told(str).splitlines()]


def sentences(file: Path) -> list[str]:
    """What is said of a file that may be wrong or not; any error but an EdgeError goes through."""
    try:
        load(file)
    except EdgeError as error:
        return error.told(str).splitlines() or [""]
    return []


def test_an_empty_file_is_a_working_configuration(file: Path) -> None:
    """Every key has a default, and each label is there."""
    file.write_text("")
    assert load(file) == Config()
    assert tuple(load(file).labels) == LABELS


def test_what_stands_in_the_file_holds(file: Path) -> None:
    """Tables, lists of tables, dates and ranges of dates arrive as written, the other keys keep their defaults."""
    file.write_text(
        'holidays = [2026-10-01, {from = 2027-01-18, to = 2027-02-20}]\n[terminal]\nplace = "二楼东侧洗手间"\n[labels.shouting]\nthreshold = 1\n'
        '[[periods]]\nname = "break"\nstart = "09:40"\nend = "10:00"\nthresholds = {shouting = 0.9}\n[broker.tls]\nca = "/etc/xiaoan/ca.pem"\n'
    )
    config = load(file)
    assert config.terminal.place == "二楼东侧洗手间"
    assert config.labels["shouting"].threshold == 1.0
    assert config.labels["crying"].threshold is None
    assert config.periods[0].thresholds == {"shouting": 0.9}
    assert [(holiday.first, holiday.last) for holiday in config.holidays] == [
        (date(2026, 10, 1), date(2026, 10, 1)),
        (date(2027, 1, 18), date(2027, 2, 20)),
    ]
    assert config.broker.tls.used
    assert config.broker.port_used == 8883


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[terminal]\nsite = "No 7"', 'line 2: terminal.site = "No 7" is not possible; allowed: lower-case letters, digits and -, at most 64'),
        ('[terminal]\nsiet = "a"', "line 2: terminal.siet is not a key; did you mean site?"),
        ("[storm]\nx = 1", "line 2: storm.x is not a key; keys here: alerts, window_s"),
        ("\n\n[broker]\nport = 70000", "line 4: broker.port = 70000 is not possible; allowed: a whole number from 0 to 65535"),
        ('[broker]\nport = "1883"', 'line 2: broker.port = "1883" is not possible; allowed: a whole number from 0 to 65535'),
        ("[labels.shouting]\nthreshold = 1.5", "line 2: labels.shouting.threshold = 1.5 is not possible; allowed: a number from 0.0 to 1.0"),
        ("[labels.shouting]\nthreshold = nan", "line 2: labels.shouting.threshold = NaN is not possible; allowed: a number from 0.0 to 1.0"),
        ("[labels.laughing]\n", "line 1: labels.laughing is not a label; labels are: shouting, crying, insult, help, button"),
        ("labels.help.on = 1", "line 1: labels.help.on = 1 is not possible; allowed: true or false"),
        ("holidays = [\n  7,\n]", "line 1: holidays[1] = 7 is not possible; allowed: a date without quotes, as 2026-09-01 or a table with the keys from, to"),
        ("microphone = 3", "line 1: microphone = 3 is not possible; allowed: a table with the keys device, rate_hz, channels, sensitivity_dbfs, block_s"),
        ('[[periods]]\nname = "noon"\nend = "13:00"', "line 1: periods[1].start is missing; allowed: a time from 00:00 to 23:59, as HH:MM in quotes"),
        (
            '[[periods]]\nname = "x"\nstart = "9:00"\nend = "10:00"',
            'line 3: periods[1].start = "9:00" is not possible; allowed: a time from 00:00 to 23:59, as HH:MM in quotes',
        ),
        (
            '[desk]\ntell_file = "/x"\n[[desk.roster]]\ntell = ["a"]\n[[desk.roster]]\ntell = ["a"]\nperiods = ["default", "brake"]',
            "line 7: desk.roster[2].periods: names a period that is in no [[periods]]; nobody would be told in it",
        ),
        ('[desk]\ntell_file = "/x"\n[[desk.roster]]\nstart = "09:00"', "line 3: desk.roster[1].tell is missing; allowed: a list in [ ], 1 to 50 entries long"),
        ('[[periods]]\nname = "x"\nstart = "09:00"\nend = "09:00"', "line 1: periods[1]: `start` and `end` must differ"),
        ("[labels.help]\nthreshold = 0.3\nrelease = 0.4", "line 1: labels.help: `release` must not be above `threshold`"),
        ("[labels.help]\nagree = 4\nof = 3", "line 1: labels.help: `agree` must not be above `of`"),
        ("[alerts]\nsay_again_s = [30, 15]", "line 1: alerts: `say_again_s` must rise from one to the next"),
        ("holidays = [{from = 2026-02-01, to = 2026-01-01}]", "line 1: holidays[1]: `to` must not be before `from`"),
        ('[broker.tls]\nca = "/a"\nkey = "/b"', "line 1: broker.tls: `certificate` and `key` go together: set both or none"),
        ('[broker.tls]\ncertificate = "/a"\nkey = "/b"', "line 1: broker.tls: `certificate` is set but TLS is off: set `on = true` or `ca`"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(file: Path, text: str, sentence: str) -> None:
    """Line, key, value and what is allowed, for each kind of mistake."""
    file.write_text(text)
    assert problems(file) == [sentence]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    """Nobody mends a file one error a run."""
    file.write_text("[storm]\nalerts = 0\n[microphone]\nblock_s = 9\n[alerts]\nclose_after_h = -1\n")
    assert [re.match(r"line (\d+)", problem)[1] for problem in problems(file)] == ["2", "4", "6"]  # type: ignore[index] # all match


def test_a_password_in_the_wrong_place_is_not_printed(file: Path) -> None:
    """Neither the value of an unknown key nor what stands before the @ of an address."""
    file.write_text('[broker]\npassword = "hunter2"\nhost = "mqtt://wall:hunter2@10.0.0.1"\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.__cause__)
    assert "//…@10.0.0.1" in str(caught.value)


def test_problems_are_told_in_chinese(file: Path) -> None:
    """What is allowed, too."""
    file.write_text("[broker]\nport = 70000")
    with pytest.raises(ConfigError) as caught:
        load(file)
    told = caught.value.told(translator("zh"))
    assert "第 2 行" in told
    assert "0 到 65535 的整数" in told


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[terminal\n", "not valid TOML.*line 1"),
        (b"a = 1\na = 2\n", "not valid TOML.*line 2"),
        (b'[terminal]\n\nplace = "\xff"\n', "line 3: not UTF-8"),
        (b"#\n" * 40_000, "larger than"),
        (b"x = " + b"[" * 4000 + b"]" * 4000, "nested too deeply"),
        (b"terminal.site" + b".x" * 4000 + b" = 1", "nested too deeply"),
        (b"\nplace = " + b"x" * 9000, "line 2: longer than"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_sentence(file: Path, data: bytes, sentence: str) -> None:
    """Bad syntax, bad encoding, a wrong file, a text made to overrun the parser."""
    file.write_bytes(data)
    with pytest.raises((ConfigError, ConfigUnreadable), match=sentence) as caught:
        load(file)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_said_with_its_name(tmp_path: Path) -> None:
    """A path that was asked for must not silently become the defaults."""
    with pytest.raises(ConfigUnreadable, match=r"nowhere\.toml: cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")


def test_a_file_from_windows_is_read(file: Path) -> None:
    """Carriage returns and lines are counted as an editor counts them."""
    file.write_bytes(b"[storm]\r\nalerts = 3\r\nwindow_s = 0\r\n")
    assert problems(file) == ["line 3: storm.window_s = 0 is not possible; allowed: a number from 10.0 to 86400.0"]


def test_nothing_can_change_a_configuration(file: Path) -> None:
    """What was checked stays what holds."""
    file.write_text("")
    with pytest.raises(ValidationError, match="frozen"):
        load(file).storm.alerts = 3  # type: ignore[misc] # that is the point


def test_show_knows_the_line_of_each_key(file: Path) -> None:
    """Where a value came from."""
    file.write_text("[storm]\n\nalerts = 3\n")
    assert read(file).lines == {("storm",): 1, ("storm", "alerts"): 3}


values = st.recursive(
    st.one_of(st.booleans(), st.integers(-10, 100_000), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(['"x"', '"08:00"', "2026-09-01"])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
keys = st.sampled_from(
    ["terminal", "site", "labels", "shouting", "threshold", "periods", "holidays", "start", "broker", "tls", "ca", "storm", "alerts", "x", "'a b'"]
)


@given(st.lists(st.tuples(st.lists(keys, min_size=1, max_size=4), values), max_size=6))
def test_any_keys_with_any_values_give_a_configuration_or_sentences(tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[list[str], object]]) -> None:
    """Nothing that TOML can say leads to anything but a Config or an EdgeError with one line a problem."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text("\n".join(f"{'.'.join(path)} = {str(value).lower().replace(chr(39), '')}" for path, value in entries))
    assert all(line.startswith(str(file)) for line in sentences(file))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_configuration_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """A broken card must not end in a traceback."""
    file = tmp_path_factory.getbasetemp() / "bytes.toml"
    file.write_bytes(data)
    assert all(line.startswith(str(file)) for line in sentences(file))
