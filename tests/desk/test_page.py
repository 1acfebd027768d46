"""The page in a real browser: the real terminal hears a recording, mosquitto carries it, Chromium shows it, and a finger presses the button."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.desk.store import Spot, Store
from edge.desk.words import WORDS
from tests.broker import Broker, Desk, wait_for
from tests.desk.browser import PATIENCE_MS, browser, fill_login, log_in
from tests.desk.say import ID, PLACE, alert, health, status
from tests.desk.served import PASSWORD, Visitor, served
from tests.system.terminal import Terminal, loud

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = Path(__file__).parents[2] / "edge" / "desk" / "page"
WIDEST = "Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('*')].map((one) => one.getBoundingClientRect().right))"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_every_word_of_the_script_is_in_the_catalogue() -> None:
    """And no word is there that the page does not say; those of labels, states and the like are put together."""
    script = (PAGE / "desk.js").read_text(encoding="utf-8")
    used = set(re.findall(r'\bt\("(\w+)"', script)) - {"state_", "condition_", "verdict_", "label_", "reason_", "fault_"}
    assert used <= WORDS.keys()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script)


@pytest.fixture
def browser_page(tmp_path: Path) -> "Iterator[Page]":
    """A page of the size of a small phone."""
    with browser(tmp_path / "profile") as page:
        yield page


def test_from_the_sound_to_the_button(tmp_path: Path, broker: Broker, desk: Desk, browser_page: "Page") -> None:
    """An alert of the real terminal is shown with its place; "I'm going" reaches the terminal with the name, closing its verdict.

    Whoever says so second changes nothing: the first one's name stays.
    """
    terminal = Terminal(tmp_path, broker.port)
    with served(tmp_path, broker.port) as page:
        try:
            log_in(browser_page, page, "zh")
            terminal.start(loud(tmp_path))
            going = browser_page.locator(".alert.waiting button.main")
            going.wait_for()
            assert browser_page.locator(".alert.waiting .place").inner_text() == "二楼东侧洗手间"
            going.focus()
            browser_page.keyboard.press("Enter")
            said = desk.wait("alert", lambda body: body["state"] == "acknowledged", PATIENCE_MS / 1000)
            assert said["by"] == "李老师"
            second = Visitor(page.port)
            assert second.log_in("王工") == 303
            status_, answer = second.wish(verb="acknowledge", terminal="t1", alert=said["id"])
            assert status_ == 202
            shown = second.wait(lambda p: answer["id"] in p["answers"], "the terminal's answer")
            assert (shown["answers"][answer["id"]]["ok"], [one["by"] for one in shown["alerts"]]) == (True, ["李老师"])
            browser_page.get_by_role("button", name="我到了").click()
            browser_page.get_by_text("已有人到场").wait_for()
            browser_page.get_by_role("button", name="关闭").click()
            browser_page.get_by_label("是什么情况").select_option("false")
            browser_page.get_by_label("简单说明").fill("搬桌子")
            browser_page.keyboard.press("Enter")
            assert desk.wait("alert", lambda body: body["state"] == "closed", PATIENCE_MS / 1000)["verdict"] == "false"
            browser_page.locator(".alert.closed", has_text="搬桌子").wait_for()
            assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360
        finally:
            terminal.end()


def test_what_comes_from_outside_is_text_and_nothing_else(tmp_path: Path, broker: Broker, desk: Desk, browser_page: "Page") -> None:
    """A hostile place and phrase do nothing; a broker that goes away is said, and that it came back; a desk that is started anew is found again.

    What somebody writes while either is away is not lost.
    """
    problems: list[str] = []
    browser_page.on("pageerror", lambda error: problems.append(str(error)))
    with served(tmp_path, broker.port) as page:
        log_in(browser_page, page, "en")
        desk.say("xiaoan/v1/no-4/t1/status", status(place=HOSTILE))
        desk.say("xiaoan/v1/no-4/t1/health", health())
        desk.say("xiaoan/v1/no-4/t1/alert", alert(place=HOSTILE, phrase=HOSTILE, label="help"))
        browser_page.locator(".alert.waiting").wait_for()
        assert browser_page.locator(".alert.waiting .place").inner_text() == HOSTILE
        browser_page.get_by_role("tab", name="Terminals").click()
        browser_page.locator(".terminal").wait_for()
        assert browser_page.locator("main img, main script").count() == 0
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360
        browser_page.get_by_role("tab", name="Alerts").click()
        browser_page.get_by_role("button", name="Close").click()
        word, troubles = browser_page.get_by_label("A word about it"), browser_page.locator("#troubles")
        word.fill("door")
        broker.kill()
        troubles.get_by_text("The broker is away").wait_for()
        browser_page.locator("form button").first.click()
        browser_page.get_by_text("This was not done: the broker is away").wait_for()
        broker.start()
        troubles.get_by_text("The broker is away").wait_for(state="detached")
        assert browser_page.title() == "(1) Duty desk"
        page.stop()
        troubles.get_by_text("The desk does not answer").wait_for()
        browser_page.locator("form button").first.click()
        browser_page.get_by_text("This was not done: the desk does not answer").wait_for()
        page.start()
        troubles.get_by_text("The desk does not answer").wait_for(state="detached")
        assert browser_page.title() == "(1) Duty desk"
        assert word.input_value() == "door"
        assert problems == []


NOTIFIED = """async () => (await (await navigator.serviceWorker.getRegistration("/static/")).getNotifications()).map((one) => [one.title, one.tag])"""
COUNT_TONES = """
const make = AudioContext.prototype.createOscillator;
window.tones = 0;
AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };
"""


def test_an_alert_rings_and_notifies_until_somebody_goes_and_an_old_reading_has_its_time(
    tmp_path: Path, broker: Broker, desk: Desk, browser_page: "Page"
) -> None:
    """Once, however often it is said, in the way that phones show it; a terminal that is offline is told as it was. A plan that is no picture is said."""
    (tmp_path / "floor.png").write_text("no picture")
    browser_page.context.grant_permissions(["notifications"])
    browser_page.add_init_script(COUNT_TONES)
    with served(tmp_path, broker.port, f'plans = {{ "2F" = "{tmp_path}/floor.png" }}\n') as page:
        log_in(browser_page, page, "en")
        desk.say("xiaoan/v1/no-4/t1/status", status())
        desk.say("xiaoan/v1/no-4/t1/health", health(faults=["disk_full"]))
        browser_page.get_by_role("button", name="Switch sound and notifications on").press("Enter")
        browser_page.get_by_role("button", name="Sound is on").wait_for()
        browser_page.get_by_role("tab", name="Terminals").click()
        browser_page.locator(".terminal", has_text="the disk is full · 50 dBA · 41 °C").wait_for()
        tones = browser_page.evaluate("window.tones")
        for repeat in range(2):
            desk.say("xiaoan/v1/no-4/t1/alert", alert(repeat=repeat))
        browser_page.locator(".alert.waiting").wait_for()  # it came forward by itself
        wait_for(lambda: browser_page.evaluate("window.tones") >= tones + 4, "the second ringing", PATIENCE_MS / 1000)
        wait_for(lambda: bool(browser_page.evaluate(NOTIFIED)), "the notification", PATIENCE_MS / 1000)
        assert browser_page.evaluate(NOTIFIED) == [[f"Alert: shouting, {PLACE}", ID]]
        desk.say("xiaoan/v1/no-4/t1/alert", alert(state="acknowledged", repeat=2, by="李老师"))
        browser_page.get_by_text("李老师 is going").wait_for()
        wait_for(lambda: browser_page.evaluate(NOTIFIED) == [], "the end of the notification", PATIENCE_MS / 1000)
        desk.say("xiaoan/v1/no-4/t1/status", status(status="offline"))
        browser_page.get_by_role("tab", name="Terminals").click()
        browser_page.get_by_text("it was: the disk is full, 50 dBA, 41 °C").wait_for()
        browser_page.get_by_role("tab", name="Plan").click()
        browser_page.get_by_text("The picture of this plan cannot be shown").wait_for()
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_plan_is_filled_by_keys_alone_and_faults_have_names(tmp_path: Path, broker: Broker, desk: Desk, browser_page: "Page") -> None:
    """Chosen, put in the middle, moved by arrows and kept; a fault is said in words. The head's papers print without a script."""
    plan = tmp_path / "floor.png"
    browser_page.set_content("<body style='background: #ddd'>")
    browser_page.screenshot(path=plan)
    with served(tmp_path, broker.port, f'plans = {{ "2F" = "{plan}" }}\n') as page:
        log_in(browser_page, page, "zh", "张主任")
        desk.say("xiaoan/v1/no-4/t1/status", status())
        desk.say("xiaoan/v1/no-4/t1/health", health(faults=["covered"]))
        browser_page.get_by_role("tab", name="终端").press("Enter")
        browser_page.get_by_text("麦克风似乎被遮住").wait_for()
        browser_page.get_by_role("tab", name="平面图").press("Enter")
        browser_page.get_by_label("把终端放在这里").select_option("t1")
        browser_page.get_by_role("button", name="放到中间").press("Enter")
        spot = browser_page.locator(".spot")
        spot.press("ArrowRight")
        spot.press("Shift+ArrowUp")
        spot.press("ArrowRight")
        store = Store("", page.state)
        wait_for(lambda: store.spots() == {"t1": Spot("2F", 0.52, 0.45)}, "the move", PATIENCE_MS / 1000)
        store.close()
        assert browser_page.evaluate("document.activeElement.className").startswith("spot")
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360
        for name in ("统计", "周报", "用户", "记录"):
            browser_page.goto(f"http://127.0.0.1:{page.port}/")
            browser_page.get_by_role("link", name=name).press("Enter")
            browser_page.get_by_role("link", name=name).and_(browser_page.locator("[aria-current]")).wait_for()
            assert browser_page.evaluate("document.documentElement.scrollWidth") <= 360


def test_people_change_their_own_password(tmp_path: Path, broker: Broker, browser_page: "Page") -> None:
    """With the keyboard alone, on a phone: not without the present one; then the new one lets in, and the old one does not."""
    new = "a new horse, a new battery"

    def change(*entries: str) -> None:
        browser_page.locator("input[name=old]").focus()
        for entry in entries:
            browser_page.keyboard.type(entry)
            browser_page.keyboard.press("Tab")
        browser_page.keyboard.press("Enter")  # on the button

    with served(tmp_path, broker.port) as page:
        log_in(browser_page, page, "en")
        browser_page.get_by_role("link", name="Password").press("Enter")
        assert browser_page.get_by_role("heading").inner_text() == "Change your password"
        assert browser_page.evaluate(WIDEST) <= 360
        change("not the present one", new, new)
        browser_page.get_by_text("The old password is wrong; nothing was changed.").wait_for()
        assert browser_page.evaluate(WIDEST) <= 360
        change(PASSWORD, new, new)
        browser_page.get_by_text("Your password is changed.").wait_for()
        browser_page.get_by_role("link", name="Duty desk").press("Enter")
        browser_page.get_by_role("button", name="Log out").press("Enter")
        browser_page.locator("input[name=name]").wait_for()
        fill_login(browser_page, page, "en", "李老师")
        browser_page.get_by_text("Name or password is wrong.").wait_for()
        log_in(browser_page, page, "en", password=new)
