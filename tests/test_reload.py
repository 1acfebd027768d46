"""Reading anew while the terminal runs."""

import queue
import threading

import pytest

from edge.errors import EdgeError
from edge.reload import MOST_WAITING, Reloaded, Reloader

PATIENCE_S = 60.0


def test_what_was_read_is_handed_over_with_who_asked() -> None:
    """From another thread, so that nobody waits."""
    results: queue.Queue[Reloaded[str]] = queue.Queue()
    Reloader(lambda: threading.current_thread().name, results.put).begin("c1")
    assert results.get(timeout=PATIENCE_S) == Reloaded(("c1",), "reload", None)


@pytest.mark.parametrize(("error", "sentence"), [(EdgeError("no such list"), "no such list"), (ValueError("odd"), "the reading failed: ValueError: odd")])
def test_what_cannot_be_read_says_why(error: Exception, sentence: str) -> None:
    """Whatever it is, and the next reading is not kept from it."""
    results: queue.Queue[Reloaded[str]] = queue.Queue()
    left = [error]

    def read() -> str:
        if left:
            raise left.pop()
        return "new"

    reloader = Reloader(read, results.put)
    reloader.begin("c1")
    failed = results.get(timeout=PATIENCE_S)
    assert (failed.commands, failed.new, str(failed.error)) == (("c1",), None, sentence)
    reloader.begin("c2")
    assert results.get(timeout=PATIENCE_S) == Reloaded(("c2",), "new", None)


def test_who_asks_meanwhile_gets_a_reading_that_begins_later() -> None:
    """For the file may have been changed since the first began; all of them get the same, and a flood does not grow."""
    results: queue.Queue[Reloaded[int]] = queue.Queue()
    begun, go = threading.Event(), threading.Event()
    count = iter(range(9))

    def read() -> int:
        begun.set()
        assert go.wait(PATIENCE_S)
        return next(count)

    reloader = Reloader(read, results.put)
    reloader.begin("c1")
    assert begun.wait(PATIENCE_S)
    for i in range(MOST_WAITING + 5):
        reloader.begin(f"d{i}")
    go.set()
    assert results.get(timeout=PATIENCE_S) == Reloaded(("c1",), 0, None)
    assert results.get(timeout=PATIENCE_S) == Reloaded(tuple(f"d{i}" for i in range(MOST_WAITING)), 1, None)
