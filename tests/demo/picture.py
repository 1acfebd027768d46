"""The picture of the demo in README.md: `python -m tests.demo.picture docs/demo.svg`, a minute. The milliseconds in it are those of that run."""

import argparse
import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.pseudo_terminal import Terminal

COLUMNS = 128
FONTS = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"  # what is there: a picture in a README loads none
LOOK = re.sub(r"@font-face .*?\}\}\s*|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace("Fira Code, monospace", FONTS)
LINE_BACK = "\x1b[1A"


def left(written: str) -> list[str]:
    """The lines that stand there in the end, with their colours: a picture that changes goes back over its lines to draw them again."""
    lines: list[str] = []
    for line in written.replace("\r", "").split("\n"):
        back = line.count(LINE_BACK)
        del lines[len(lines) - back :]
        lines.append(re.sub(r".*\x1b\[2K|\x1b\[\?25[lh]", "", line))
    return lines


def main() -> None:
    """Run it, write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.picture", description=__doc__)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    with Terminal("demo", columns=COLUMNS) as terminal:
        assert terminal.end(120.0) == 0, terminal.text[-2000:]
        lines = left(terminal.written.rstrip())
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print("$ make demo")
    for line in lines:
        console.print(Text.from_ansi(line))
    console.save_svg(str(file), title="make demo", code_format=LOOK, unique_id="terminal")


if __name__ == "__main__":
    main()
