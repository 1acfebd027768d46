"""When nobody looks, somebody is told; by a real webhook where it matters."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edge.config.schema import DeskSettings, RosterEntry
from edge.desk.school import Case
from edge.desk.store import Store
from edge.desk.tell import AGAIN_S, VERBS, BadTellFile, Teller, Tried, by_apprise, on_duty, read_addresses, told_by
from edge.desk.tell import Told as Kept
from tests.broker import Broker, Desk, wait_for
from tests.desk.say import ID, NOON_MS, PLACE, alert, status
from tests.desk.served import Visitor, served

# Apprise loads all its services, and one of them an old module of Python's.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MONDAY = datetime(2027, 1, 18, 10, 0).astimezone()
CASE = Case("t1", ID, "shouting", "raised", PLACE, NOON_MS, "break", by="王小明", phrase="别打了")
EVERYBODY = (RosterEntry(tell=("duty",)),)


def settings(roster: tuple[RosterEntry, ...] = EVERYBODY, file: str = "/tell") -> DeskSettings:
    """Tell after 20 s."""
    return DeskSettings(roster=roster, tell_file=file)


class Told:
    """A service that takes or refuses, and what came of it."""

    def __init__(self, failed: str | None, roster: tuple[RosterEntry, ...] = EVERYBODY, before: Sequence[Kept] = ()) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.tried: list[Tried] = []
        self._failed = failed
        self.teller = Teller(settings(roster), {"duty": "json://x", "head": "json://y"}, self._send, self.tried.append, lambda sentence: sentence, before)

    def _send(self, address: str, title: str, body: str) -> str | None:
        self.sent.append((address, title, body))
        return self._failed

    def look(self, seconds: float, case: Case = CASE) -> int:
        """Look so long after the alert, and wait for what that sets off. Returns how many tries there were so far."""
        self.teller.look([case], NOON_MS + round(seconds * 1000), MONDAY, "break")
        self.teller._pool.submit(lambda: None).result()
        wait_for(lambda: len(self.tried) == len(self.sent), "the result")
        return len(self.tried)


def test_nobody_is_told_within_twenty_seconds_and_everybody_once_after() -> None:
    """Place, label and seconds; neither a name nor what was said."""
    told = Told(None)
    assert [told.look(s) for s in (0, 19.9, 20, 21, 200)] == [0, 0, 1, 1, 1]
    assert told.sent == [("json://x", "Nobody has acknowledged an alert", f"{PLACE}: shouting, for 20 s")]
    assert (told.tried[0].failed, told.tried[0].number) == (None, 1)


def test_nobody_is_told_of_what_is_one_step_lower() -> None:
    """That is what makes it lower."""
    assert Told(None).look(200, replace(CASE, lowered=True)) == 0


def test_a_gap_in_the_roster_is_said_once_and_whoever_comes_on_duty_is_told() -> None:
    """Without a roster nobody was to be told, and nothing is said."""
    later = (RosterEntry(start="10:01", end="12:00", tell=("duty",)),)
    told = Told(None, later)
    for seconds in (19, 20, 21):
        told.teller.look([CASE], NOON_MS + 1000 * seconds, MONDAY, "break")
    assert [(tried.whom, tried.number, tried.failed is None) for tried in told.tried] == [("", 0, False)]
    told.teller.look([CASE], NOON_MS + 80_000, MONDAY.replace(minute=1), "break")
    wait_for(lambda: len(told.tried) == 2, "the result")
    assert (told.tried[1].whom, told.tried[1].failed) == ("duty", None)
    none = Told(None, ())
    none.teller.look([CASE], NOON_MS + 80_000, MONDAY, "break")
    assert none.tried == []


@pytest.mark.parametrize("state", ["acknowledged", "closed"])
def test_what_somebody_takes_care_of_is_told_to_nobody(state: str) -> None:
    """However late it is."""
    assert Told(None).look(500, Case("t1", ID, "shouting", state, PLACE, NOON_MS, "break")) == 0


def test_a_try_that_fails_is_made_again_and_then_given_up() -> None:
    """Each with its result."""
    told = Told("404")
    assert [told.look(20 + s) for s in (0, 5, AGAIN_S[1], AGAIN_S[2], 500)] == [1, 1, 2, 3, 3]
    assert [(tried.number, tried.failed) for tried in told.tried] == [(1, "404"), (2, "404"), (3, "404")]


def test_what_a_desk_tried_before_it_was_restarted_is_not_tried_again() -> None:
    """Nor is a gap in the roster said twice; a try that failed has its next ones."""
    sent, failed, gap = Kept(1, "t1", ID, "duty", 1, None), Kept(1, "t1", ID, "duty", 2, "404: no"), Kept(1, "t1", ID, "", 0, "nobody")
    assert [told_by(kept.deed) for kept in (sent, failed, gap)] == [sent, failed, gap]
    assert Told(None, before=[sent, replace(failed, number=1)]).look(500) == 0
    told = Told(None, before=[failed, replace(failed, number=1)])
    assert [told.look(20 + s) for s in (AGAIN_S[1], AGAIN_S[2])] == [0, 1]
    later = Told(None, (RosterEntry(start="10:01", end="12:00", tell=("duty",)),), [gap])
    later.teller.look([CASE], NOON_MS + 80_000, MONDAY, "break")
    assert later.tried == []


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        ({}, True),
        ({"days": ("tue",)}, False),
        ({"start": "09:00", "end": "11:00"}, True),
        ({"start": "11:00", "end": "09:00"}, False),
        ({"start": "22:00", "end": "10:30"}, True),
        ({"periods": ("class",)}, False),
        ({"periods": ("break", "class")}, True),
    ],
)
def test_the_roster_says_who(entry: dict[str, object], *, holds: bool) -> None:
    """By day, hour and period; on Monday at ten, in the break."""
    roster = [RosterEntry.model_validate({"tell": ["head"], **entry}), RosterEntry(tell=("duty",)), RosterEntry(tell=("duty",))]
    assert on_duty(roster, MONDAY, "break") == (["head", "duty"] if holds else ["duty"])


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        ("duty json://secret.example/\n", 0o604, "can be read by others"),
        ("duty nonsense\n", 0o600, "line 1"),
        ("# nobody\n\nduty frob://secret.example\n", 0o600, "line 3"),
        ("head json://secret.example/\n", 0o600, "no duty"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_without_its_addresses(tmp_path: Path, text: str, mode: int, sentence: str) -> None:
    """Addresses hold keys."""
    file = tmp_path / "tell"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(BadTellFile, match=sentence) as caught:
        read_addresses(settings(file=str(file)))
    assert "secret" not in str(caught.value)


@pytest.fixture
def webhook() -> Iterator[tuple[int, list[str]]]:
    """Port and what arrived; what is asked of /no is refused."""
    bodies: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(404 if self.path.startswith("/no") else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, bodies
    server.shutdown()
    server.server_close()


def test_a_webhook_is_told_and_its_refusal_is_known(webhook: tuple[int, list[str]]) -> None:
    """Through Apprise, as any of its services."""
    port, bodies = webhook
    assert by_apprise(f"json://127.0.0.1:{port}/yes", "title", "body") is None
    assert '"title"' in bodies[0]
    refused = by_apprise(f"json://127.0.0.1:{port}/no", "title", "body")
    assert refused
    assert "404" in refused


def test_a_desk_that_is_killed_tells_nobody_twice_and_shows_whom_it_told(tmp_path: Path, broker: Broker, desk: Desk, webhook: tuple[int, list[str]]) -> None:
    """The next alert is told all the same."""
    port, bodies = webhook
    file = tmp_path / "tell"
    file.write_text(f"duty json://127.0.0.1:{port}/yes\n")
    file.chmod(0o600)
    more = f'tell_after_s = 5.0\ntell_file = "{file}"\nroster = [{{ tell = ["duty"] }}]\n'
    with served(tmp_path, broker.port, more) as page:
        teacher = Visitor(page.port)
        assert teacher.log_in("李老师") == 303
        desk.say("xiaoan/v1/no-4/t1/status", status(), retain=True)
        desk.say("xiaoan/v1/no-4/t1/alert", alert())
        before = teacher.wait(lambda p: bool(p["tries"]), "the try")["tries"]
        store = Store("", page.state)
        wait_for(lambda: bool(store.deeds(1, VERBS)), "what is kept")
        store.close()
        page.end()
        page.start()
        assert teacher.picture()["tries"] == before
        desk.say("xiaoan/v1/no-4/t1/alert", alert(id="id-2"))
        after = teacher.wait(lambda p: len(p["tries"]) > 1, "the next try")["tries"]
        assert [(told["alert"], told["whom"], told["failed"]) for told in after] == [("id-2", "duty", None), (ID, "duty", None)]
        assert len(bodies) == 2
