"""The page as it is served, by a real `xiaoan desk` at a real mosquitto; terminals are played by a subscriber that may also speak."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from edge.desk.store import Store, User
from tests.broker import Broker, Desk, running, wait_for
from tests.command import xiaoan
from tests.desk.say import ID, PLACE, alert, health, listed, status
from tests.desk.served import HASH, PASSWORD, PATIENCE_S, Served, Visitor, served

TOPIC = "xiaoan/v1/no-4/t1"


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for all tests of this file."""
    yield from running(Broker(tmp_path_factory.mktemp("broker")))


@pytest.fixture(scope="module")
def page(mosquitto: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One desk for all tests of this file."""
    with served(tmp_path_factory.mktemp("page"), mosquitto.port, 'terminals = ["t1", "t2"]\n') as desk:
        yield desk


@pytest.fixture
def school(mosquitto: Broker) -> Iterator[Desk]:
    """Speaks for terminals, and hears what they are told."""
    speaker = Desk(mosquitto.port)
    yield speaker
    speaker.close()


@pytest.fixture
def teacher(page: Served) -> Visitor:
    """Somebody on duty who is logged in."""
    visitor = Visitor(page.port)
    assert visitor.log_in("李老师") == 303
    return visitor


def test_nothing_is_served_before_a_first_password(tmp_path: Path, mosquitto: Broker) -> None:
    """The command says so and leaves; nor does a short password count."""
    desk = Served(tmp_path, mosquitto.port)
    done = xiaoan("--config", desk.config, "desk")
    assert done.returncode == 2
    assert "nobody may log in yet" in done.stderr
    assert desk.add_user("赵六", "head", "short").returncode == 2
    assert desk.add_user("赵六", "head").returncode == 0
    store = Store("", desk.state)
    assert [(user.name, user.role, user.hash.startswith("$argon2id$")) for user in store.users()] == [("赵六", "head", True)]
    assert xiaoan("--config", desk.config, "desk", "--remove-user", "赵六").returncode == 0
    assert [(deed.who, deed.verb, deed.about) for deed in store.deeds(9)] == [("xiaoan desk", "remove_user", "赵六"), ("xiaoan desk", "put_user", "赵六 head")]
    store.close()


def test_an_alert_is_shown_acknowledged_and_closed(teacher: Visitor, school: Desk) -> None:
    """From the broker to the picture; the command carries the name; who did what is kept."""
    school.say(f"{TOPIC}/status", status(), retain=True)
    school.say(f"{TOPIC}/health", health(), retain=True)
    school.say(f"{TOPIC}/alert", alert())
    shown = teacher.wait(lambda p: bool(p["alerts"]), "the alert")["alerts"][0]
    assert (shown["place"], shown["label"], shown["waiting"], shown["trace"]) == (PLACE, "shouting", True, [[0.0, 0.9, 88.0]])
    said, answer = teacher.wish(verb="acknowledge", terminal="t1", alert=ID)
    assert said == 202
    school.say(f"{TOPIC}/reply", {"schema": 1, "at": None, "boot": "00" * 8, "command": answer["id"], "ok": True, "reason": None, "field": None})
    school.say(f"{TOPIC}/alert", alert(state="acknowledged", repeat=1, by="李老师"))
    shown = teacher.wait(lambda p: answer["id"] in p["answers"] and not p["alerts"][0]["waiting"], "the answer")["alerts"][0]
    assert (shown["by"], shown["open"]) == ("李老师", True)
    assert teacher.wish(verb="close", terminal="t1", alert=ID, verdict="prank", word="初二学生")[0] == 202
    school.say(f"{TOPIC}/alert", alert(state="closed", repeat=2, by="李老师", verdict="prank"))
    closed = teacher.wait(lambda p: not p["alerts"][0]["open"], "the end")["alerts"][0]
    assert (closed["verdict"], closed["word"]) == ("prank", "初二学生")


def test_nobody_is_told_that_he_goes_before_it_is_known_whose_name_stays(teacher: Visitor, school: Desk) -> None:
    """The terminal's answer may come before the alert that says who was first."""
    school.say(f"{TOPIC}/alert", alert(id="both"))
    teacher.wait(lambda p: any(one["id"] == "both" for one in p["alerts"]), "the alert")
    id_ = teacher.wish(verb="acknowledge", terminal="t1", alert="both")[1]["id"]
    school.say(f"{TOPIC}/reply", {"schema": 1, "at": None, "boot": "00" * 8, "command": id_, "ok": True, "reason": None, "field": None})
    school.say(f"{TOPIC}/alert", alert(id="after the answer"))
    shown = teacher.wait(lambda p: any(one["id"] == "after the answer" for one in p["alerts"]), "what came after the answer")
    assert id_ not in shown["answers"]
    school.say(f"{TOPIC}/alert", alert(id="both", state="acknowledged", repeat=1, by="王工"))
    shown = teacher.wait(lambda p: id_ in p["answers"], "the answer")
    assert shown["answers"][id_] == {"ok": True, "reason": None, "by": "王工"}
    for id_ in ("both", "after the answer"):
        school.say(f"{TOPIC}/alert", alert(id=id_, state="closed", repeat=2, by="王工", verdict="real"))
    teacher.wait(lambda p: all(not one["open"] for one in p["alerts"] if one["id"] in ("both", "after the answer")), "the end")


def test_whoever_is_not_logged_in_sees_nothing(page: Served) -> None:
    """Neither the picture nor the stream, and wishes even less."""
    stranger = Visitor(page.port)
    assert [stranger.ask("GET", path)[0] for path in ("/picture.json", "/stream", "/me.json", "/plan/x")] == [401] * 4
    assert stranger.ask("POST", "/wish", "{}")[0] == 401
    assert stranger.ask("GET", "/")[2]["location"] == "/login"
    stranger.cookies["xiaoan"] = "x" * 43
    assert stranger.ask("GET", "/picture.json")[0] == 401


def test_what_another_site_sends_is_not_done(page: Served, teacher: Visitor) -> None:
    """Without the session's token, or from another origin, nothing is changed; nor does another site's login form log anybody in."""
    wish = json.dumps({"verb": "acknowledge", "terminal": "t1", "alert": ID})
    assert teacher.ask("POST", "/wish", wish)[0] == 403
    assert teacher.ask("POST", "/wish", wish, {"x-csrf": "guessed"})[0] == 403
    assert teacher.ask("POST", "/wish", wish, {"x-csrf": teacher.csrf, "origin": "https://evil.example"})[0] == 403
    assert teacher.ask("POST", "/wish", wish, {"x-csrf": teacher.csrf, "sec-fetch-site": "cross-site"})[0] == 403
    stranger = Visitor(page.port)
    assert stranger.ask("POST", "/login", f"name=x&password={PASSWORD}&token=")[0] == 403


def test_a_role_may_do_what_is_its_own(page: Served, teacher: Visitor, school: Desk) -> None:
    """Whoever is on duty does not mute; the technician does."""
    school.say(f"{TOPIC}/status", status(), retain=True)
    teacher.wait(lambda p: any(t["name"] == "t1" and t["place"] for t in p["terminals"]), "the terminal")
    assert teacher.wish(verb="mute", terminal="t1", label="shouting", seconds=600) == (403, {"reason": "not_allowed"})
    technician = Visitor(page.port)
    assert technician.log_in("王工") == 303
    assert technician.wish(verb="mute", terminal="t1", label="shouting", seconds=600)[0] == 202
    assert technician.wish(verb="mute", terminal="t1", label="shouting", seconds=0)[0] == 400
    assert technician.wish(verb="drill", terminal="t9", label="help")[0] == 404
    assert technician.wish(verb="reboot", terminal="t1")[0] == 400


def test_verdicts_leave_for_the_next_calibration(page: Served, teacher: Visitor, school: Desk) -> None:
    """From the page, for those who calibrate, and by the command: the same file."""
    school.say(f"{TOPIC}/alert", alert(id="judged", state="closed", verdict="false", by="李老师"))
    teacher.wait(lambda p: any(one["id"] == "judged" for one in p["alerts"]), "the verdict")
    technician = come(page, "王工")
    wait_for(lambda: "judged,t1," in technician.ask("GET", "/verdicts.csv?device=t1")[1], "what is kept", PATIENCE_S)
    assert technician.ask("GET", "/verdicts.csv?device=t2")[1].count("\n") == 1
    file = page.folder / "verdicts.csv"
    done = xiaoan("--config", page.config, "desk", "--verdicts", file, "--device", "t1")
    assert (done.returncode, file.read_text(encoding="utf-8")) == (0, technician.ask("GET", "/verdicts.csv?device=t1")[1])
    assert xiaoan("--config", page.config, "desk", "--verdicts", file, "--days", "0").returncode == 2


def test_papers_are_for_their_readers(page: Served, school: Desk) -> None:
    """Statistics and the report for whoever manages, what has names in it for the head; whatever days are asked for."""
    for name, status_of in (("李老师", [403, 403, 403, 403, 403, 403]), ("王工", [200, 200, 200, 403, 403, 403]), ("张主任", [200] * 6)):
        visitor = come(page, name)
        paths = ("/statistics", "/report?week=2027-W03", "/verdicts.csv", "/history.csv", "/log", "/users")
        assert [visitor.ask("GET", path)[0] for path in paths] == status_of
    head = come(page, "张主任")
    for nonsense in ("/statistics?from=x", "/statistics?from=2027-01-02&until=2027-01-01", "/statistics?from=1980-01-01", "/report?week=2027-03"):
        assert head.ask("GET", nonsense)[0] == 400
    school.say(f"{TOPIC}/alert", alert(id="hostile", place="<script>alert(1)</script>", state="closed", verdict="real"))
    wait_for(lambda: "hostile,t1," in head.ask("GET", "/history.csv")[1], "what is kept", PATIENCE_S)
    shown = head.ask("GET", "/statistics?lang=en")[1]
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert " style=" not in shown  # the policy would not let it


def test_the_head_says_who_may_log_in(page: Served) -> None:
    """Adds, changes, removes, which the log keeps with who and when; and there is always a head."""
    head = come(page, "张主任")

    def send(path: str, **fields: str) -> int:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return head.ask("POST", path, urlencode({"csrf": head.csrf, **fields}), form)[0]

    assert send("/users", name="周老师", role="duty", password=PASSWORD[:9]) == 400
    assert send("/users", name="周老师", role="king", password=PASSWORD) == 400
    assert send("/users", name="周老师", role="duty", password=PASSWORD, csrf="guessed") == 403
    assert send("/users", name="周老师", role="duty", password=PASSWORD) == 303
    added = come(page, "周老师")
    assert send("/users/remove", name="周老师") == 303
    assert added.ask("GET", "/picture.json")[0] == 401
    assert send("/users/remove", name="张主任") == 409
    assert send("/users", name="张主任", role="duty", password=PASSWORD) == 409
    wait_for(lambda: "周老师 duty" in head.ask("GET", "/log")[1], "the log", PATIENCE_S)
    assert "<td>周老师 duty</td><td>已完成</td>" in head.ask("GET", "/log?lang=zh")[1]


def test_everybody_changes_their_own_password(page: Served) -> None:
    """Who knows the old one; logins elsewhere end, also an open stream, this one stays; it is in the log. In both languages."""
    add(page, "孙老师")
    phone, screen, head = come(page, "孙老师"), come(page, "孙老师"), come(page, "张主任")

    def change(old: str, new: str, again: str | None = None, **more: str) -> int:
        form = {"csrf": phone.csrf, "old": old, "new": new, "again": new if again is None else again, **more}
        return phone.ask("POST", "/password", urlencode(form), {"content-type": "application/x-www-form-urlencoded"})[0]

    assert "password" in json.loads(phone.ask("GET", "/me.json")[1])["papers"]
    assert "旧密码" in phone.ask("GET", "/password?lang=zh")[1]
    assert "Old password" in phone.ask("GET", "/password?lang=en")[1]
    assert change(PASSWORD, "a new password", csrf="guessed") == 403
    assert change("a wrong password", "a new password") == 403
    assert change(PASSWORD, "a new password", "another password") == 400
    assert change(PASSWORD, "short") == 400
    assert change(PASSWORD, PASSWORD) == 400
    assert screen.ask("GET", "/picture.json")[0] == 200
    with screen.listening() as stream:
        assert stream.readline().startswith(b"data: ")
        assert change(PASSWORD, "a new password") == 303
        wait_for(lambda: stream.readline() == b"", "the stream's end", PATIENCE_S)
    assert (phone.ask("GET", "/picture.json")[0], screen.ask("GET", "/picture.json")[0]) == (200, 401)
    assert "logged out everywhere else" in phone.ask("GET", "/password?done")[1]
    assert [Visitor(page.port).log_in("孙老师", password) for password in (PASSWORD, "a new password")] == [401, 303]
    wait_for(lambda: head.ask("GET", "/log?lang=en")[1].count("changed their own password") == 2, "the log", PATIENCE_S)
    assert "a new password" not in page.log() + head.ask("GET", "/log")[1]


def test_guessing_the_old_password_is_slowed_down(page: Served) -> None:
    """As at the login, and counted together with it: a phone that lies about is no better place to guess."""
    add(page, "钱老师")
    visitor = come(page, "钱老师")
    form = urlencode({"csrf": visitor.csrf, "old": "a wrong password", "new": "a new password", "again": "a new password"})
    send = {"content-type": "application/x-www-form-urlencoded"}
    assert [visitor.ask("POST", "/password", form, send)[0] for _ in range(6)] == [403] * 5 + [429]
    right = urlencode({"csrf": visitor.csrf, "old": PASSWORD, "new": "a new password", "again": "a new password"})
    assert visitor.ask("POST", "/password", right, send)[0] == 429
    assert Visitor(page.port).log_in("钱老师") == 429


def add(page: Served, name: str) -> None:
    """Somebody else on duty."""
    store = Store("", page.state)
    store.put_user(User(name, "duty", HASH))
    store.close()


def come(page: Served, name: str) -> Visitor:
    """Somebody who is logged in."""
    visitor = Visitor(page.port)
    assert visitor.log_in(name) == 303
    return visitor


def test_a_terminal_that_never_came_is_the_first_in_the_list(teacher: Visitor, school: Desk) -> None:
    """And is named among those who heard nothing today."""
    school.say(f"{TOPIC}/health", health())
    shown = teacher.wait(lambda p: p["silent_today"] == ["t2"], "the health")
    worst = shown["terminals"][0]
    assert (worst["name"], worst["condition"]) == ("t2", "never_seen")


def test_guessing_passwords_is_slowed_down(page: Served) -> None:
    """After five wrong ones not even the right one is looked at; nor does it help to claim to come from elsewhere each time."""
    guessers = [Visitor(page.port, x_forwarded_for=f"10.0.0.{number}") for number in range(7)]
    assert [guesser.log_in("赵六", "wrong password") for guesser in guessers] == [401] * 5 + [429] * 2


def test_every_answer_has_a_strict_policy(page: Served, teacher: Visitor) -> None:
    """No script but our own, and no frame around the page."""
    for path in ("/login", "/", "/picture.json", "/static/desk.js", "/nothing"):
        headers = teacher.ask("GET", path)[2]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "'unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert "HttpOnly" in Visitor(page.port).ask("GET", "/login")[2]["set-cookie"]
    assert teacher.ask("GET", "/static/..%2fdesk.py")[0] == 404


def test_the_page_speaks_both_languages(page: Served) -> None:
    """By a link; the choice is kept."""
    visitor = Visitor(page.port)
    assert "值班台" in visitor.ask("GET", "/login?lang=zh")[1]
    assert "值班台" in visitor.ask("GET", "/login")[1]
    assert "Duty desk" in visitor.ask("GET", "/login?lang=en")[1]


def test_nonsense_is_refused(teacher: Visitor) -> None:
    """One answer, no traceback."""
    for body in ("", "{", "[]", json.dumps({"verb": 1}), "x" * 100_000):
        assert teacher.ask("POST", "/wish", body, {"x-csrf": teacher.csrf})[0] == 400


def open_alert(picture: dict[str, Any]) -> list[str]:
    """Ids of those nobody has acknowledged."""
    return [one["id"] for one in picture["alerts"] if one["waiting"]]


def test_a_broker_that_goes_away_is_said_and_caught_up_with(tmp_path: Path) -> None:
    """What is retained tells a desk that was cut off what it missed; a command is refused meanwhile, not sent later."""
    broker = Broker(tmp_path)
    broker.start()
    try:
        with served(tmp_path, broker.port) as page:
            teacher = Visitor(page.port)
            assert teacher.log_in("李老师") == 303
            school = Desk(broker.port)
            school.say(f"{TOPIC}/alert", alert())
            teacher.wait(lambda p: open_alert(p) == [ID], "the alert")
            school.close()
            broker.kill()
            teacher.wait(lambda p: p["broker"] is not None, "the word that the broker is away")
            assert teacher.wish(verb="acknowledge", terminal="t1", alert=ID) == (503, {"reason": "broker_away"})
            broker.start()
            school = Desk(broker.port)
            school.say(f"{TOPIC}/open", listed(("id-2", "ongoing"), at="2027-01-15T09:00:00.000Z"), retain=True)
            caught_up = teacher.wait(lambda p: p["broker"] is None and open_alert(p) == ["id-2"], "what was missed")
            assert {one["id"]: one["state"] for one in caught_up["alerts"]} == {"id-2": "ongoing", ID: "closed"}
            school.close()
            assert page.stop() == 0
            page.start()  # what was open is known to a desk that starts anew, before any terminal speaks
            assert open_alert(teacher.picture()) == ["id-2"]
    finally:
        broker.kill()
