"""Who may log in."""

import pytest

from edge.desk.store import User
from edge.desk.users import TRIES, TRIES_OF_CALLER, TRIES_OF_NAME, WINDOW_S, BadPassword, Guesses, checked, hashed


def test_a_password_opens_for_its_own_user_alone() -> None:
    """Kept as argon2; nobody's name is as slow as a wrong password."""
    users = [User("a", "duty", hashed("correct horse")), User("b", "head", "no hash at all")]
    assert users[0].hash.startswith("$argon2id$")
    assert checked(users, "a", "correct horse") is users[0]
    assert checked(users, "a", "correct horsf") is None
    assert checked(users, "b", "correct horse") is None
    assert checked(users, "c", "correct horse") is None


@pytest.mark.parametrize("password", ["", "123456789", "x" * 201])
def test_a_password_has_a_length(password: str) -> None:
    """Short ones are guessed, long ones cost."""
    with pytest.raises(BadPassword):
        hashed(password)


def test_guesses_are_counted_by_caller_and_name() -> None:
    """Nobody is locked out by a few tries from elsewhere; time, or the right password, forgives."""
    guesses = Guesses()
    for _ in range(TRIES):
        assert guesses.wait_s("evil", "li", 10.0) == 0.0
        guesses.wrong("evil", "li", 10.0)
    assert guesses.wait_s("evil", "li", 70.0) == WINDOW_S - 60.0
    assert guesses.wait_s("desk", "li", 70.0) == 0.0
    assert guesses.wait_s("evil", "li", 10.0 + WINDOW_S) == 0.0
    guesses.right("evil", "li")
    assert guesses.wait_s("evil", "li", 70.0) == 0.0


def test_many_names_from_one_caller_and_many_callers_of_one_name_are_stopped() -> None:
    """Later than one pair, but stopped."""
    guesses = Guesses()
    for number in range(TRIES_OF_CALLER):
        guesses.wrong("evil", f"name-{number}", 0.0)
    assert guesses.wait_s("evil", "new", 1.0) > 0
    for number in range(TRIES_OF_NAME):
        guesses.wrong(f"caller-{number}", "li", 0.0)
    assert guesses.wait_s("new", "li", 1.0) > 0
