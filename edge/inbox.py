"""What waits for the main loop: bounded, and what can wait goes behind the rest."""

import queue
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue for one reader. Order is kept among what can wait, and among the rest."""

    def __init__(self, size: int, can_wait: Callable[[T], bool]) -> None:
        """size: of each of both; who puts one more waits."""
        self._queue: queue.Queue[T] = queue.Queue(size)
        self._size = size
        self._can_wait = can_wait
        self._behind: deque[T] = deque()

    def put(self, item: T) -> None:
        """From any thread."""
        self._queue.put(item)

    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._queue.empty() and not self._behind

    def get(self, timeout_s: float = 0.0) -> T:
        """The next one. Raises queue.Empty where nothing comes in time."""
        while True:
            try:
                item = self._queue.get(timeout=timeout_s) if timeout_s > 0 and not self._behind else self._queue.get_nowait()
            except queue.Empty:
                if not self._behind:
                    raise
                return self._behind.popleft()
            if not self._can_wait(item):
                return item
            self._behind.append(item)
            if len(self._behind) > self._size:
                return self._behind.popleft()
