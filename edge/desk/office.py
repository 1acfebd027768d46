"""What is read and kept at leisure, over HTTP: statistics, the weekly report, CSV, the log, the users, one's own password."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edge.desk import papers
from edge.desk.asked import caller_of, form_of
from edge.desk.desk import HEAD, MANAGING, Desk, NotDone
from edge.desk.export import history, verdicts
from edge.desk.figures import SHOWN_DAYS
from edge.desk.school import Case
from edge.desk.store import ROLES, Session, User, begin_ms, local_day
from edge.desk.users import Guesses, checked, hashed, token_hash
from edge.desk.words import WORDS
from edge.errors import EdgeError
from edge.words import N_, translator

COOKIE = "xiaoan"
"""Has the session's token."""
LONGEST_DAYS = 3660  # in one answer
VERDICT_DAYS = 90
"""As long as terminals keep their own history."""
SHOWN_DEEDS = 500

_Answer = Callable[[Request, Session], Awaitable[Response]]


class Office:
    """The routes; who may not is told so, in each."""

    def __init__(self, desk: Desk, spoken: Callable[[Request], str], guesses: Guesses, ended: Callable[[str, str], None]) -> None:
        """spoken: the language of whoever asks. guesses: as logins count them. ended: told that sessions by a name are over, but for one token's."""
        self._desk = desk
        self._spoken = spoken
        self._guesses = guesses
        self._ended = ended
        self.routes: Sequence[tuple[str, str, _Answer]] = (
            ("/statistics", "GET", self._statistics),
            ("/report", "GET", self._report),
            ("/verdicts.csv", "GET", self._verdicts),
            ("/history.csv", "GET", self._history),
            ("/log", "GET", self._log),
            ("/users", "GET", self._users),
            ("/users", "POST", self._put_user),
            ("/users/remove", "POST", self._remove_user),
            ("/password", "GET", self._password),
            ("/password", "POST", self._change_password),
        )
        """Path, method, answer."""

    async def _statistics(self, request: Request, session: Session) -> Response:
        _only(MANAGING, session)
        found = await run_in_threadpool(self._desk.figures, *_span(request, SHOWN_DAYS))
        return _html(papers.statistics(self._reader(request, session), found))

    async def _report(self, request: Request, session: Session) -> Response:
        _only(MANAGING, session)
        today = local_day(_now_ms())
        monday = _monday(request.query_params.get("week", ""), today)
        found = await run_in_threadpool(self._desk.figures, monday, monday + timedelta(days=6))
        return _html(papers.report(self._reader(request, session), found, self._desk.terminals(), today))

    async def _verdicts(self, request: Request, session: Session) -> Response:
        _only(MANAGING, session)
        cases = await run_in_threadpool(self._cases, *_span(request, VERDICT_DAYS), request.query_params.get("device", ""))
        return _csv(verdicts(cases), "verdicts.csv")

    async def _history(self, request: Request, session: Session) -> Response:
        _only(HEAD, session)
        first, last = _span(request, SHOWN_DAYS)
        cases = await run_in_threadpool(self._cases, first, last, request.query_params.get("device", ""))
        self._desk.deed(session.name, "history", f"{first} {last}")
        return _csv("\ufeff" + history(cases), "history.csv")  # by the mark spreadsheets know that it is UTF-8

    async def _log(self, request: Request, session: Session) -> Response:
        _only(HEAD, session)
        deeds = await run_in_threadpool(self._desk.store.deeds, SHOWN_DEEDS)
        return _html(papers.log(self._reader(request, session), deeds))

    async def _users(self, request: Request, session: Session) -> Response:
        _only(HEAD, session)
        return await self._users_page(request, session, "")

    async def _put_user(self, request: Request, session: Session) -> Response:
        _only(HEAD, session)
        form = await form_of(request)
        name, role = form.get("name", "").strip(), form.get("role", "")
        if not 1 <= len(name) <= 80 or not name.isprintable() or role not in ROLES:
            raise NotDone("malformed", 400)
        say = translator(self._spoken(request))
        if role != "head" and await run_in_threadpool(self._last_head, name):
            return await self._users_page(request, session, say(N_("There must be a head; make somebody else one first.")), 409)
        try:
            user = User(name, role, await run_in_threadpool(hashed, form.get("password", "")))
        except EdgeError as short:
            return await self._users_page(request, session, short.told(say), 400)
        await run_in_threadpool(self._desk.store.put_user, user)
        self._ended(name, "")
        self._desk.deed(session.name, "put_user", f"{name} {role}", "done")
        return RedirectResponse("/users", 303)

    async def _remove_user(self, request: Request, session: Session) -> Response:
        _only(HEAD, session)
        name = (await form_of(request)).get("name", "")
        if await run_in_threadpool(self._last_head, name):
            say = translator(self._spoken(request))
            return await self._users_page(request, session, say(N_("There must be a head; make somebody else one first.")), 409)
        if not await run_in_threadpool(self._desk.store.remove_user, name):
            raise NotDone("malformed", 404)
        self._ended(name, "")
        self._desk.deed(session.name, "remove_user", name, "done")
        return RedirectResponse("/users", 303)

    async def _users_page(self, request: Request, session: Session, told: str, status: int = 200) -> Response:
        everybody = await run_in_threadpool(self._desk.store.users)
        return _html(papers.users(self._reader(request, session), everybody, told), status)

    async def _password(self, request: Request, session: Session) -> Response:
        done = "done" in request.query_params
        told = self._say(request, N_("Your password is changed. You are logged out everywhere else.")) if done else ""
        return _html(papers.password(self._reader(request, session), told))

    async def _change_password(self, request: Request, session: Session) -> Response:
        """Whoever is logged in still has to know the old one: a phone may lie about."""
        form = await form_of(request)
        old, new = form.get("old", ""), form.get("new", "")

        def refused(sentence: str, status: int) -> Response:
            return _html(papers.password(self._reader(request, session), self._say(request, sentence)), status)

        if new != form.get("again", ""):
            return refused(N_("The two new passwords differ; nothing was changed."), 400)
        who = (caller_of(request), session.name)
        if wait_s := self._guesses.wait_s(*who, time.monotonic()):
            answer = refused(WORDS["login_wait"], 429)
            answer.headers["retry-after"] = str(round(wait_s) + 1)
            return answer
        self._guesses.wrong(*who, time.monotonic())  # before the check, as for logins
        user = await run_in_threadpool(lambda: checked(self._desk.store.users(), session.name, old))
        if user is None:
            self._desk.deed(session.name, "password", outcome="refused")
            return refused(N_("The old password is wrong; nothing was changed."), 403)
        self._guesses.right(*who)
        if new == old:
            return refused(N_("The new password is the old one; nothing was changed."), 400)
        try:
            new_hash = await run_in_threadpool(hashed, new)
        except EdgeError as short:
            return _html(papers.password(self._reader(request, session), short.told(translator(self._spoken(request)))), 400)
        token = request.cookies[COOKIE]
        if not await run_in_threadpool(self._desk.store.change_password, user, new_hash, token_hash(token)):
            return RedirectResponse("/login", 303)  # a head was faster: this session is over
        self._ended(session.name, token)
        self._desk.deed(session.name, "password", outcome="done")
        return RedirectResponse("/password?done", 303)

    def _say(self, request: Request, sentence: str) -> str:
        return translator(self._spoken(request))(sentence)

    def _last_head(self, name: str) -> bool:
        return [user.name for user in self._desk.store.users() if user.role == "head"] == [name]

    def _cases(self, first: date, last: date, device: str = "") -> list[Case]:
        return self._desk.store.cases(begin_ms(first), begin_ms(last + timedelta(days=1)), device)

    def _reader(self, request: Request, session: Session) -> papers.Reader:
        language = self._spoken(request)
        return papers.Reader(session, language, translator(language), self._desk.site)


def _only(roles: Sequence[str], session: Session) -> None:
    if session.role not in roles:
        raise NotDone("not_allowed", 403)


def _span(request: Request, days: int) -> tuple[date, date]:
    """The days asked for, both ends within; the last `days` where none are."""
    today = local_day(_now_ms())
    try:
        last = date.fromisoformat(request.query_params.get("until") or today.isoformat())
        first = date.fromisoformat(request.query_params.get("from") or (last - timedelta(days=days - 1)).isoformat())
    except (ValueError, OverflowError) as error:
        raise NotDone("malformed", 400) from error
    if not 0 <= (last - first).days < LONGEST_DAYS or not 1971 <= first.year <= last.year < 9999:
        raise NotDone("malformed", 400)
    return first, last


def _monday(week: str, today: date) -> date:
    """Of a week such as 2027-W03; of this one where none is asked for."""
    try:
        monday = date.fromisoformat(f"{week}-1") if week else today - timedelta(days=today.weekday())
    except ValueError as error:
        raise NotDone("malformed", 400) from error
    if not 1971 <= monday.year < 9999:
        raise NotDone("malformed", 400)
    return monday


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _html(page: str, status: int = 200) -> Response:
    return Response(page, status, media_type="text/html")


def _csv(content: str, name: str) -> Response:
    return Response(content, media_type="text/csv; charset=utf-8", headers={"content-disposition": f'attachment; filename="{name}"'})
