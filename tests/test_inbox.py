"""What waits for the main loop."""

import queue
import threading

import pytest

from edge.inbox import Inbox


def inbox(size: int = 100) -> Inbox[str]:
    """Words in capitals can wait."""
    return Inbox(size, str.isupper)


def all_of(box: Inbox[str]) -> list[str]:
    """In the order in which they are given out."""
    found = []
    while not box.empty():
        found.append(box.get())
    return found


def test_what_can_wait_goes_behind_the_rest() -> None:
    """Hundreds of commands hold no confirmation back; each kind keeps its order."""
    box = inbox(1000)
    for number in range(400):
        box.put(f"C{number}")
    for word in ("a", "b"):
        box.put(word)
    assert box.get() == "a"
    box.put("c")
    assert all_of(box) == ["b", "c", *(f"C{number}" for number in range(400))]
    with pytest.raises(queue.Empty):
        box.get()


def test_it_is_bounded() -> None:
    """More than twice its size cannot be put: whoever does waits until something is taken, and nothing is lost."""
    box = inbox(3)
    words = [f"C{number}" for number in range(20)]

    def write() -> None:
        for word in words:
            box.put(word)

    writer = threading.Thread(target=write)
    writer.start()
    found: list[str] = []
    while len(found) < len(words):
        found.append(box.get(60.0))
        assert len(box._behind) <= 3
    writer.join()
    assert found == words


def test_what_comes_while_it_waits_is_given_at_once() -> None:
    """Of either kind."""
    for word in ("a", "C"):
        box = inbox()
        threading.Timer(0.05, box.put, [word]).start()
        assert box.get(60.0) == word
