"""The web app of a study: without accounts, cookies or uploads. No path of the disk and no method's name leaves it.

A link holds a person's random code, and whoever has it answers for that person. Where the study is open to others, one
more secret, the token, is needed to begin.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stages.statistics.votes import PRACTICE
from stages.voting import pages
from stages.voting.limits import Limit
from stages.voting.plan import pictures_of, trial_of, trials_of
from stages.voting.store import Person, Store
from stages.voting.study_file import SUFFIX, Opened

LARGEST = 2048  # bytes of what a person sends
HERE_ONLY = ("127.0.0.1", "localhost", "[::1]")  # by what names a study that is not open to others is asked for
# Permits a second, and at once. A person chooses once a second at most; a class begins at the same minute.
BEGIN, ANSWER, ASK = (5.0, 300.0), (2.0, 20.0), (20.0, 200.0)
WRONG = (1.0, 60.0)  # links that nobody has, for each address
HEADERS = {
    "content-security-policy": pages.SERVED,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex",
}
FRESH, KEPT = {"cache-control": "no-store"}, {"cache-control": "private, max-age=86400, immutable"}


class Begin(BaseModel):
    """What is sent to begin."""

    model_config = ConfigDict(extra="forbid", strict=True)
    token: Annotated[str, Field(max_length=100)] = ""


class Choice(BaseModel):
    """What is sent to answer."""

    model_config = ConfigDict(extra="forbid", strict=True)
    number: Annotated[int, Field(ge=0, le=100_000)]
    choice: Literal["left", "right"]
    ms: Annotated[int, Field(ge=0, le=86_400_000)]


Sent = TypeVar("Sent", bound=BaseModel)


def state_of(opened: Opened, person: Person) -> dict[str, object]:
    """What a person's page is told: how far it is, the next trial, and which pictures come after it."""
    trials, done = person.trials, person.done
    told: dict[str, object] = {"done": done, "of": len(trials), "next": [], "trial": None, "rater": person.rater}
    if done < len(trials):
        told["trial"] = {"number": done, **trial_of(opened.study, trials[done])}
    if done + 1 < len(trials):
        told["next"] = pictures_of(opened.study, trials[done + 1])
    return told


class Site:
    """The pages and answers of one study."""

    def __init__(self, opened: Opened, store: Store, token: str | None) -> None:
        """`token`: what is needed to begin; None if the study is not open to others."""
        self.opened, self.store, self.token = opened, store, token
        self.page = pages.served_page(opened.study.words)
        self.begins, self.answers, self.asks, self.wrong = (Limit(*each) for each in (BEGIN, ANSWER, ASK, WRONG))

    def routes(self) -> list[Route]:
        """All that can be asked for."""
        code, picture = "{code:str}", "{name:str}" + SUFFIX
        return [
            Route("/", self.welcome),
            Route("/begin", self.begin, methods=["POST"]),
            Route(f"/p/{code}", self.person_page),
            Route(f"/p/{code}/state", self.state),
            Route(f"/p/{code}/answers", self.answer, methods=["POST"]),
            Route(f"/p/{code}/pictures/{picture}", self.picture),
            Route("/favicon.ico", _nothing),
            *(Route(f"/{name}", _asset(name, kind)) for name, kind in ASSETS.items()),
        ]

    def may_begin(self, token: str) -> bool:
        """Whether a token is the study's."""
        return self.token is None or hmac.compare_digest(token.encode(), self.token.encode())

    async def welcome(self, request: Request) -> Response:
        if not self.may_begin(request.query_params.get("token", "")):
            self._refuse_guesses(request)
            raise HTTPException(403, "This link is not complete. Ask for the whole link, or copy all of it.")
        return HTMLResponse(self.page, headers=FRESH)

    async def begin(self, request: Request) -> Response:
        _permit(self.begins, _address(request))
        if not self.may_begin((await _sent(request, Begin)).token):
            self._refuse_guesses(request)
            raise HTTPException(403, "This link is not complete. Ask for the whole link, or copy all of it.")
        study = self.opened.study
        code = await run_in_threadpool(self.store.begin, len(study.comparisons), partial(trials_of, study))
        return JSONResponse({"code": code}, 201, FRESH)

    async def person_page(self, request: Request) -> Response:
        await self._person(request)
        return HTMLResponse(self.page, headers=FRESH)

    async def state(self, request: Request) -> Response:
        return JSONResponse(state_of(self.opened, await self._person(request)), headers=FRESH)

    async def answer(self, request: Request) -> Response:
        person = await self._person(request)
        code = request.path_params["code"]
        _permit(self.answers, code)
        sent = await _sent(request, Choice)
        if not await run_in_threadpool(self.store.answer, code, sent.number, sent.choice, sent.ms):
            raise HTTPException(409, "This is not the next question. Load the page again.")
        told = state_of(self.opened, await self._person(request))
        trial = person.trials[sent.number]
        if trial.kind == PRACTICE:
            told["right"] = sent.choice == trial.expected
        return JSONResponse(told, headers=FRESH)

    async def picture(self, request: Request) -> Response:
        person, name = await self._person(request), request.path_params["name"]
        if not any(name in pictures_of(self.opened.study, trial) for trial in person.trials):
            raise HTTPException(404, "There is no such picture.")
        # The name is one that the study lists: no other path can be asked for. And no time of the file is told: they
        # were written method by method.
        content = await run_in_threadpool(self.opened.picture(name).read_bytes)
        return Response(content, media_type="image/webp", headers=KEPT)

    async def _person(self, request: Request) -> Person:
        code = request.path_params["code"]
        _permit(self.asks, code)
        person = await run_in_threadpool(self.store.person, code)
        if person is None:
            self._refuse_guesses(request)
            raise HTTPException(404, "This link is not known. Copy all of it, or ask for another one.")
        return person

    def _refuse_guesses(self, request: Request) -> None:
        """Slow down an address that tries links."""
        _permit(self.wrong, _address(request))


ASSETS = {pages.SCRIPT: "text/javascript", pages.STYLE: "text/css"}


def _asset(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = pages.asset(name)

    async def serve(_: Request) -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return serve


async def _nothing(_: Request) -> Response:
    return Response(status_code=204)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _permit(limit: Limit, key: str) -> None:
    if not limit.take(key):
        raise HTTPException(429, "Too many at once. Wait a moment.", {"retry-after": "2"})


async def _sent(request: Request, kind: type[Sent]) -> Sent:
    """What was sent, checked; raises HTTPException."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "Only JSON is read here.")
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise HTTPException(413, "This is too long.")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise HTTPException(422, "This is not an answer of this page.") from error


class Guard:
    """What holds for every response, errors too: the headers, and by which name the site may be asked for."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] | None) -> None:
        """`hosts`: the names; None: any. Another name on loopback is a page elsewhere that was pointed here."""
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []), *((k.encode(), v.encode()) for k, v in HEADERS.items())
                ]  # fmt: skip
            await send(message)

        if self.hosts is not None and _host(scope) not in self.hosts:
            refused = JSONResponse({"problem": "This study is not open under this name."}, 421)
            await refused(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)


def _host(scope: Scope) -> str:
    named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return str(named[: named.index("]") + 1] if named.startswith("[") and "]" in named else named.partition(":")[0])


async def _told(request: Request, error: Exception) -> Response:
    """An error in words: as JSON to the script, as a page to a person."""
    assert isinstance(error, HTTPException)
    headers = {**FRESH, **(error.headers or {})}
    if "text/html" in request.headers.get("accept", ""):
        return Response(error.detail, error.status_code, headers, "text/plain; charset=utf-8")
    return Response(json.dumps({"problem": error.detail}), error.status_code, headers, "application/json")


def app_of(opened: Opened, store: Store, token: str | None) -> ASGIApp:
    """The app of a study.

    Args:
        opened: the study.
        store: where its answers go.
        token: what is needed to begin; None if it is asked for on this machine alone.
    """
    routes = Site(opened, store, token).routes()
    app = Starlette(routes=routes, exception_handlers={HTTPException: _told})
    app.router.redirect_slashes = False
    return Guard(app, HERE_ONLY if token is None else None)
