"""A wrong password a thousand times, at the real page: `python -m tests.desk.guesses`, a minute."""

import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.broker import Broker
from tests.desk.served import Visitor, served

TIMES = 1000


def main() -> None:
    """Guess, and print how often the page looked (401) and did not (429), and whether the right password works meanwhile (303)."""
    with tempfile.TemporaryDirectory() as name:
        broker = Broker(Path(name)).start()
        try:
            with served(Path(name), broker.port) as page:
                guesser, began_s = Visitor(page.port), time.monotonic()
                counts = Counter(guesser.log_in("李老师", "a wrong password") for _ in range(TIMES))
                took_s = time.monotonic() - began_s
                right = {source: Visitor(page.port, source=source).log_in("李老师") for source in ("127.0.0.1", "127.0.0.2")}
                print(f"{dict(counts)} in {took_s:.0f} s; the right password from the guesser and from elsewhere: {right}")
        finally:
            broker.kill()


if __name__ == "__main__":
    main()
