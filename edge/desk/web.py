"""The page over HTTP: login, the picture as it changes, wishes. Everything a terminal or a user wrote goes out as JSON and is shown as text."""

import asyncio
import html
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.config.schema import DeskSettings
from edge.desk.asked import body_of, caller_of, form_of
from edge.desk.desk import Desk, NotDone, Wish
from edge.desk.office import COOKIE, Office
from edge.desk.papers import readable
from edge.desk.store import Session, Spot
from edge.desk.users import SESSION_S, Guesses, checked, token, token_hash
from edge.desk.words import words
from edge.words import translator

PAGE = Path(__file__).parent / "page"
ALIVE_S = 15.0  # an idle stream says so, so that a phone notices a dead connection
PAUSE_S = 0.2  # between two pictures: a storm of messages is no storm of pages
MOST_STREAMS = 200
_KEPT_SESSIONS = 1000  # in memory, so that a database that refuses logs nobody out
_LANGUAGES = ("zh", "en")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a browser says `Origin: null` with the login form
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
_Model = TypeVar("_Model", bound=BaseModel)
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class _Headers:
    """Puts the same headers on every answer."""

    def __init__(self, app: ASGIApp, settings: DeskSettings) -> None:
        self._app = app
        self._secure = settings.tls or settings.proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = {**_HEADERS, **({"strict-transport-security": "max-age=31536000"} if self._secure else {})}
                message["headers"] = [*message.get("headers", ()), *((name.encode(), value.encode()) for name, value in more.items())]
            await send(message)

        await self._app(scope, receive, sent)


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    verb: str = Field(max_length=20)
    terminal: str = Field(max_length=64)
    alert: str = Field(default="", max_length=64)
    verdict: str = Field(default="none", max_length=10)
    word: str = Field(default="", max_length=500)
    label: str = Field(default="", max_length=20)
    seconds: int = Field(default=0, ge=0, le=7200)


class _Hung(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    terminal: str = Field(max_length=64)
    plan: str = Field(max_length=80)
    x: float = Field(ge=0, le=1, allow_inf_nan=False)
    y: float = Field(ge=0, le=1, allow_inf_nan=False)


Answer = Callable[[Request, Session], Awaitable[Response]]


class Web:
    """The application. `app` is what uvicorn serves."""

    def __init__(self, desk: Desk, settings: DeskSettings, language: str) -> None:
        """language: zh or en, for whoever has not chosen."""
        self._desk = desk
        self._settings = settings
        self._language = "zh" if language.startswith("zh") else "en"
        self._guesses = Guesses()
        self._sessions: dict[str, Session] = {}
        self._streams: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False
        routes = [
            Route("/", self._known(self._page, or_login=True)),
            Route("/login", self._login, methods=["GET", "POST"]),
            Route("/logout", self._known(self._logout), methods=["POST"]),
            Route("/words.json", self._words),
            Route("/me.json", self._known(self._me)),
            Route("/picture.json", self._known(self._picture)),
            Route("/stream", self._known(self._stream)),
            Route("/wish", self._known(self._wish), methods=["POST"]),
            Route("/hang", self._known(self._hang), methods=["POST"]),
            Route("/plan/{name}", self._known(self._plan)),
            Route("/static/{name}", self._static),
        ]
        office = Office(desk, self._spoken, self._guesses, self._ended)
        routes += [Route(path, self._known(answer, or_login=method == "GET"), methods=[method]) for path, method, answer in office.routes]
        self.app = _Headers(Starlette(routes=routes, exception_handlers={SQLAlchemyError: _no_store}), settings)
        desk.on_change = self._wake

    def end(self) -> None:
        """Let the streams go; called in the event loop's thread or before it runs."""
        self._ending = True
        self._wake_all()

    def _wake(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for stream in self._streams:
            stream.set()

    def _known(self, answer: Answer, *, or_login: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """Only for those who are logged in; whatever changes something needs the session's token and comes from our page."""

        async def guarded(request: Request) -> Response:
            session = await self._session(request)
            if session is None:
                return RedirectResponse("/login", 303) if or_login else JSONResponse({"reason": "not_logged_in"}, 401)
            if request.method == "POST" and not await _ours(request, session):
                return JSONResponse({"reason": "not_allowed"}, 403)
            try:
                return await answer(request, session)
            except NotDone as refused:
                return JSONResponse({"reason": refused.reason}, refused.status)

        return guarded

    async def _session(self, request: Request) -> Session | None:
        secret = request.cookies.get(COOKIE, "")
        if not secret:
            return None
        hashed, now_ms = token_hash(secret), round(time.time() * 1000)
        try:
            found = await run_in_threadpool(self._desk.store.session, hashed, now_ms)
        except SQLAlchemyError:
            found = self._sessions.get(hashed)
            return found if found and found.until_ms >= now_ms else None
        if found:
            self._sessions[hashed] = found
            while len(self._sessions) > _KEPT_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        else:
            self._sessions.pop(hashed, None)
        return found

    async def _login(self, request: Request) -> Response:
        language = self._spoken(request)
        if request.method == "GET":
            return self._login_page(language, "")
        form = await form_of(request)
        name, password, given = (form.get(field, "") for field in ("name", "password", "token"))
        expected = request.cookies.get("xiaoan_login", "")
        if not expected or not _same_origin(request) or not secrets.compare_digest(given.encode(), expected.encode()):
            return self._login_page(language, "login_again", 403)
        who = (caller_of(request), name[:80])
        if wait_s := self._guesses.wait_s(*who, time.monotonic()):
            answer = self._login_page(language, "login_wait", 429)
            answer.headers["retry-after"] = str(round(wait_s) + 1)
            return answer
        self._guesses.wrong(*who, time.monotonic())  # before the check, so that many at once are counted as well
        user = await run_in_threadpool(lambda: checked(self._desk.store.users(), name, password))
        if user is None:
            self._desk.deed(name, "login", outcome="refused")
            return self._login_page(language, "login_wrong", 401)
        self._guesses.right(*who)
        secret, csrf, now_ms = token(), token(), round(time.time() * 1000)
        until_ms = now_ms + round(SESSION_S * 1000)
        await run_in_threadpool(self._desk.store.begin_session, token_hash(secret), user.name, csrf, until_ms, now_ms)
        self._desk.deed(user.name, "login", outcome="done")
        answer = RedirectResponse("/", 303)
        self._set(answer, COOKIE, secret, round(SESSION_S))
        answer.delete_cookie("xiaoan_login")
        return answer

    def _ended(self, name: str, but: str) -> None:
        """Forget the sessions by that name, all but the one with this token: a database that refuses must not bring them back."""
        for hashed in [hashed for hashed, session in self._sessions.items() if session.name == name and hashed != token_hash(but)]:
            del self._sessions[hashed]
        self._wake_all()  # their streams end as they look again

    def _login_page(self, language: str, told: str, status: int = 200) -> Response:
        said = words(translator(language))
        secret = token()
        page = _read("login.html")
        for field, value in {
            "lang": "zh-CN" if language == "zh" else "en", "title": said["title"], "name": said["name"], "password": said["password"],
            "enter": said["log_in"], "told": said[told] if told else "", "token": secret, "other": "en" if language == "zh" else "zh",
            "other_name": "English" if language == "zh" else "中文",
        }.items():  # fmt: skip
            page = page.replace("{" + field + "}", html.escape(value))
        answer = Response(page, status, media_type="text/html")
        self._set(answer, "xiaoan_login", secret, 3600)
        self._set(answer, "xiaoan_language", language, 31_536_000)
        return answer

    def _set(self, answer: Response, name: str, value: str, age_s: int) -> None:
        answer.set_cookie(name, value, max_age=age_s, httponly=True, samesite="strict", secure=self._settings.tls or self._settings.proxy)

    async def _logout(self, request: Request, session: Session) -> Response:
        hashed = token_hash(request.cookies[COOKIE])
        self._sessions.pop(hashed, None)
        await run_in_threadpool(self._desk.store.end_session, hashed)
        self._desk.deed(session.name, "logout")
        answer = JSONResponse({})
        answer.delete_cookie(COOKIE)
        return answer

    async def _page(self, request: Request, _session: Session) -> Response:
        language = self._spoken(request)
        answer = Response(_read("desk.html").replace("{lang}", "zh-CN" if language == "zh" else "en"), media_type="text/html")
        self._set(answer, "xiaoan_language", language, 31_536_000)
        return answer

    async def _words(self, request: Request) -> Response:
        return JSONResponse(words(translator(self._spoken(request))))

    async def _me(self, request: Request, session: Session) -> Response:
        language, papers = self._spoken(request), readable(session.role)
        return JSONResponse({"name": session.name, "role": session.role, "csrf": session.csrf, "language": language, "papers": papers})

    async def _picture(self, _request: Request, _session: Session) -> Response:
        return JSONResponse(self._desk.picture())

    async def _stream(self, request: Request, _session: Session) -> Response:
        if len(self._streams) >= MOST_STREAMS:
            return JSONResponse({"reason": "too_many"}, 503)
        return StreamingResponse(self._pictures(request), media_type="text/event-stream")

    async def _pictures(self, request: Request) -> AsyncIterator[str]:
        self._loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        self._streams.add(changed)
        try:
            while not self._ending:
                changed.clear()
                if await self._session(request) is None:  # logged out, or over
                    return
                yield f"data: {json.dumps(self._desk.picture(), ensure_ascii=False)}\n\n"
                await asyncio.sleep(PAUSE_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), ALIVE_S)
        finally:
            self._streams.discard(changed)

    async def _wish(self, request: Request, session: Session) -> Response:
        wanted = await _parsed(request, _Command)
        id_ = await run_in_threadpool(self._desk.do, Wish(**wanted.model_dump()), session)
        return JSONResponse({"id": id_}, 202)

    async def _hang(self, request: Request, session: Session) -> Response:
        hung = await _parsed(request, _Hung)
        await run_in_threadpool(self._desk.hang, hung.terminal, Spot(hung.plan, hung.x, hung.y), session)
        return JSONResponse({})

    async def _plan(self, request: Request, _session: Session) -> Response:
        file = self._settings.plans.get(request.path_params["name"])
        kind = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}.get(Path(file).suffix.lower()) if file else None
        if not file or not kind or not await run_in_threadpool(Path(file).is_file):
            return JSONResponse({"reason": "not_there"}, 404)
        return FileResponse(file, media_type=kind)

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _static_names():
            return JSONResponse({"reason": "not_there"}, 404)
        return Response(_read(name), media_type=_TYPES[Path(name).suffix])

    def _spoken(self, request: Request) -> str:
        for wanted in (request.query_params.get("lang", ""), request.cookies.get("xiaoan_language", "")):
            if wanted in _LANGUAGES:
                return wanted
        return self._language


async def _ours(request: Request, session: Session) -> bool:
    """Whether our own page asks, which alone knows the session's token: its script in a header, its forms in a field."""
    given = request.headers.get("x-csrf", "")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = (await form_of(request)).get("csrf", "")
    return _same_origin(request) and secrets.compare_digest(given.encode(), session.csrf.encode())


def _same_origin(request: Request) -> bool:
    """A browser says where a form comes from; what says nothing is no browser."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def _parsed(request: Request, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(await body_of(request) or b"")
    except ValidationError as error:
        raise NotDone("malformed", 400) from error


async def _no_store(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"reason": "store_refuses"}, 503)


@cache
def _static_names() -> frozenset[str]:
    return frozenset(file.name for file in PAGE.iterdir() if file.suffix in _TYPES)


@cache
def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")
