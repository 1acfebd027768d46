"""Who may log in: passwords by argon2, sessions by a random token, and a limit on wrong guesses."""

import hashlib
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge.desk.store import User
from edge.errors import EdgeError
from edge.words import N_

SHORTEST = 10  # characters of a password
LONGEST = 200
SESSION_S = 14 * 3600.0
"""A day's duty; then the password is asked for again."""
TRIES = 5
TRIES_OF_CALLER = 20
TRIES_OF_NAME = 50
WINDOW_S = 300.0
_REMEMBERED = 10_000  # callers and names; the oldest are forgotten

_hasher = PasswordHasher()  # argon2id with the library's costs, which follow RFC 9106
_one_at_a_time = threading.Semaphore(2)  # each check takes 64 MiB


class BadPassword(EdgeError):
    """The new password is too short or too long."""


def hashed(password: str) -> str:
    """To keep. Raises BadPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadPassword(N_("a password has {least} to {most} characters"), least=SHORTEST, most=LONGEST)
    with _one_at_a_time:
        return _hasher.hash(password)


_NOBODY = _hasher.hash(secrets.token_hex(16))


def checked(users: Iterable[User], name: str, password: str) -> User | None:
    """The user, if name and password are right; takes as long where there is no such name."""
    user = next((user for user in users if user.name == name), None)
    with _one_at_a_time:
        try:
            _hasher.verify(user.hash if user else _NOBODY, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return None
    return user


def token() -> str:
    """A new secret of 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(secret: str) -> str:
    """What is kept of a token, so that whoever reads the database cannot use it."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Guesses:
    """Counts wrong passwords. Pure but for its memory.

    By caller and name together, so that nobody locks another one out from elsewhere; by caller, who may try many names; and by name, which many
    callers may try.
    """

    def __init__(self) -> None:
        self._wrong: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, caller: str, name: str, now_s: float) -> float:
        """Seconds until the next try is looked at; 0: now."""
        with self._lock:
            return max(self._wait_s(key, most, now_s) for key, most in _keys(caller, name))

    def wrong(self, caller: str, name: str, now_s: float) -> None:
        """One more."""
        with self._lock:
            for key, most in _keys(caller, name):
                self._wrong.setdefault(key, deque(maxlen=most)).append(now_s)
                self._wrong.move_to_end(key)
            while len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, caller: str, name: str) -> None:
        """It was not wrong after all."""
        with self._lock:
            for key, _most in _keys(caller, name):
                self._wrong.pop(key, None)

    def _wait_s(self, key: tuple[str, str], most: int, now_s: float) -> float:
        tries = self._wrong.get(key)
        return max(0.0, tries[0] + WINDOW_S - now_s) if tries and len(tries) == most else 0.0


def _keys(caller: str, name: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return (((caller, name), TRIES), ((caller, ""), TRIES_OF_CALLER), (("", name), TRIES_OF_NAME))
