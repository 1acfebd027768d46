"""Lines of keys."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from edge.config.where import LONGEST_VALUE_LINES, key_lines, line_of

TEXT = '''# first
a.b = 1
days = [
  "x",  # [not.a.table]
  "y",
]
text = """
key = 3
"""

[t]
"quoted key" = {inner = 2}
[[list]]
one = 1
[list.sub]
two = 2
[[list]]
three = 3
[[list.nested]]
four = 4
'''


def test_each_kind_of_key_is_found_on_its_line() -> None:
    """Dotted, quoted and inline keys, arrays and texts over several lines, arrays of tables inside one another."""
    found = key_lines(TEXT)
    assert found["a", "b"] == 2
    assert found["days",] == found["days", 1] == 3
    assert found["text",] == 7
    assert found["t",] == 11
    assert found["t", "quoted key", "inner"] == 12
    assert found["list", 0] == 13
    assert found["list", 0, "one"] == 14
    assert found["list", 0, "sub", "two"] == 16
    assert found["list", 1, "three"] == 18
    assert found["list", 1, "nested", 0, "four"] == 20
    assert ("key",) not in found


def test_what_is_not_there_is_looked_for_in_its_table() -> None:
    """A missing key is told with the line of the table it belongs into."""
    assert line_of(("list", 1, "absent"), key_lines(TEXT)) == 17
    assert line_of(("absent",), key_lines(TEXT)) is None


def test_a_value_without_end_stops_the_search() -> None:
    """A text made to be slow costs its lines, not the time of the check."""
    text = "a = 1\nb = [\n" + "1,\n" * (LONGEST_VALUE_LINES * 20) + "]\nc = 1\n"
    assert key_lines(text) == {("a",): 1}


names = st.from_regex(r"[a-d]{1,2}", fullmatch=True)


@given(st.dictionaries(names, st.dictionaries(names, st.integers(0, 9), max_size=3), max_size=4))
def test_every_key_that_toml_sees_has_its_line(tables: dict[str, dict[str, int]]) -> None:
    """The line that is told is the one on which the key was written."""
    text = "".join(f"[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items()) for table, entries in tables.items())
    assert tomllib.loads(text) == tables
    lines, found = text.split("\n"), key_lines(text)
    for table, entries in tables.items():
        assert lines[found[table,] - 1] == f"[{table}]"
        for key, value in entries.items():
            assert lines[found[table, key] - 1] == f"{key} = {value}"
