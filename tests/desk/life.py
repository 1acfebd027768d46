"""An alert's life as one picture, for tests.desk.pictures: the real terminal hears the demo's recording, and a finger presses the page's buttons."""

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from edge.demo.scene import demo, write
from tests.broker import Desk
from tests.desk.browser import log_in
from tests.desk.served import PATIENCE_S, Served
from tests.system.terminal import TOPIC, Terminal

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WIDTH, HEIGHT, GAP = 720, 900, 14  # pixels


def life(page: "Page", served: Served, broker_port: int, desk: Desk, own: Path) -> Image.Image:
    """Raised, gone to, arrived, judged, closed, and what the log has of it; one under the other. served: a page at that broker. own: a folder."""
    write(demo(), own / "scene.wav")
    terminal = Terminal(own, broker_port)
    # Without the thresholds that tests give it, as shipped.
    terminal.config.write_text(re.sub(r"\[alerts\].*?\[broker\]", "[broker]", terminal.config.read_text(), flags=re.DOTALL))
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.context.clear_cookies()
    log_in(page, served, "zh")
    desk.heard.clear()  # of other terminals
    try:
        terminal.start(own / "scene.wav")
        id_ = desk.wait("alert", lambda body: body["label"] == "shouting", PATIENCE_S)["id"]
        card, toast = page.locator(f"[data-alert='{id_}']"), page.locator("#toast")
        card.get_by_text("声音已停").wait_for()
        steps = [shot(card)]
        card.get_by_role("button", name="我去").click()
        desk.wait("alert", lambda body: (body["id"], body["state"]) == (id_, "acknowledged"), PATIENCE_S)
        card.get_by_text("李老师 已前往").wait_for()
        page.locator("#toast:not(:empty)").wait_for()
        steps += [shot(card), shot(toast)]
        card.get_by_role("button", name="我到了").click()
        card.get_by_text("已有人到场").wait_for()
        steps.append(shot(card))
        card.get_by_role("button", name="关闭").click()
        page.get_by_label("是什么情况").select_option("real")
        page.get_by_label("简单说明").fill("两名学生争吵 已劝开")
        steps.append(shot(card))
        card.locator("form button").first.click()
        page.locator(f".closed[data-alert='{id_}']").wait_for()
        steps.append(shot(card))
        page.context.clear_cookies()
        log_in(page, served, "zh", "张主任")
        page.goto(f"http://127.0.0.1:{served.port}/log")
        page.locator("tbody tr").evaluate_all("(rows, id) => rows.forEach((row) => row.textContent.includes(id) || row.remove())", id_)
        steps.append(shot(page.locator("table")))
    finally:
        terminal.end()
        desk.say(f"{TOPIC}/status", b"", retain=True)
    strip = Image.new("RGB", (max(one.width for one in steps), sum(one.height + GAP for one in steps) - GAP), "white")
    y = 0
    for one in steps:
        strip.paste(one, (0, y))
        y += one.height + GAP
    return strip


def shot(place: "Locator") -> Image.Image:
    """That part of the page alone."""
    place.page.locator(":focus").evaluate_all("all => all.forEach((one) => one.blur())")
    return Image.open(io.BytesIO(place.screenshot())).convert("RGB")
