"""The site: what it gives, what it refuses, and that nothing it sends tells which picture is of which method."""

import hashlib
import io
import json

import pytest
from PIL import Image
from small_study import SECRETS
from starlette.testclient import TestClient

from stages.statistics.votes import PRACTICE
from stages.voting.limits import Limit
from stages.voting.pages import SERVED
from stages.voting.store import Store
from stages.voting.web import LARGEST, app_of
from stages.voting.words import Words

HERE = "http://127.0.0.1:8765"


@pytest.fixture
def store(opened):
    made = Store(opened.folder / "votes.sqlite", opened.digest)
    yield made
    made.close()


@pytest.fixture
def client(opened, store):
    return TestClient(app_of(opened, store, None), base_url=HERE)


@pytest.fixture
def open_client(opened, store):
    """A study that is open to others."""
    return TestClient(app_of(opened, store, opened.study.token), base_url="http://study.example")


def begin(client, token="") -> str:
    return client.post("/begin", json={"token": token}).json()["code"]


def answer(client, code, number, choice="left", ms=700):
    return client.post(f"/p/{code}/answers", json={"number": number, "choice": choice, "ms": ms})


def test_a_person_answers_everything(client, store):
    code = begin(client)
    state = client.get(f"/p/{code}/state").json()
    while trial := state["trial"]:
        assert client.get(f"/p/{code}/pictures/{trial['left']}.webp").headers["content-type"] == "image/webp"
        state = answer(client, code, trial["number"]).json()
    assert state["done"] == state["of"] == len(store.answers()) == 14
    assert client.get(f"/p/{code}/state").json()["rater"] == store.answers()[0].rater != code


def test_a_page_says_the_studys_words(client, opened):
    text = client.get("/").text
    assert all(words in text for words in (opened.study.words.question, opened.study.words.consent, "I agree, begin"))


def test_words_of_ones_own_are_text(make_study, tmp_path):
    words = {"title": "<script>alert(1)</script>", "instructions": ["a & b"]}
    opened = make_study(tmp_path / "study", words=Words(**words))
    store = Store(tmp_path / "votes.sqlite", opened.digest)
    text = TestClient(app_of(opened, store, None), base_url=HERE).get("/").text
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text and "a &amp; b" in text
    store.close()


def test_answers_sent_twice_and_from_two_tabs_count_once(client, store):
    code = begin(client)
    assert answer(client, code, 0, "left").status_code == 200
    assert answer(client, code, 0, "left").json() == answer(client, code, 0, "left").json()
    late = answer(client, code, 0, "right")
    assert late.json()["trial"]["number"] == 1, "the other tab is told where the person is"
    assert [each.choice for each in store.answers()] == ["left"]


def test_practice_says_what_was_right_and_nothing_else_does(client, store):
    code = begin(client)
    trials = store.person(code).trials
    for number, trial in enumerate(trials):
        told = answer(client, code, number, "left").json()
        assert ("right" in told) == (trial.kind == PRACTICE)
        assert told.get("right", trial.expected == "left") == (trial.expected == "left")


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"number": 0, "choice": "both", "ms": 5}, {"number": -1, "choice": "left", "ms": 5},
        {"number": "0", "choice": "left", "ms": 5}, {"number": 0, "choice": "left", "ms": -1},
        {"number": 0, "choice": "left", "ms": 1e12}, {"number": 0, "choice": "left", "ms": 5, "rater": "x"}, [],
        {"number": 0.5, "choice": "left", "ms": 5}, {"number": True, "choice": "left", "ms": 5},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(client, store, sent):
    code = begin(client)
    assert client.post(f"/p/{code}/answers", json=sent).status_code == 422
    assert store.answers() == []


def test_other_forms_and_sizes_are_refused(client, store):
    code = begin(client)
    path = f"/p/{code}/answers"
    assert client.post(path, data={"number": 0, "choice": "left", "ms": 5}).status_code == 415
    assert client.post(path, content=b"{", headers={"content-type": "application/json"}).status_code == 422
    large = json.dumps({"number": 0, "choice": "left", "ms": 5}).encode() + b" " * LARGEST
    assert client.post(path, content=large, headers={"content-type": "application/json"}).status_code == 413
    assert client.put(path, json={}).status_code == client.post("/").status_code == 405
    assert answer(client, code, 1).status_code == 409
    assert store.answers() == []


def test_no_other_file_is_given(client):
    code = begin(client)
    for path in (
        f"/p/{code}/pictures/{'0' * 16}.webp", f"/p/{code}/pictures/../study.json",
        f"/p/{code}/pictures/..%2fstudy.json", f"/p/{code}/pictures/..%2f..%2fetc%2fpasswd.webp",
        f"/p/{code}/pictures/study.json", "/study.json", "/votes.sqlite", "/p/unknown", "/p/unknown/state",
        "/p/%00/state", f"/p/{code}/", "/vote.html.j2", "/docs",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path


def test_a_person_gets_the_pictures_of_the_own_trials_alone(make_study, tmp_path):
    opened = make_study(tmp_path / "study", share=1, practice=0, attention=0, identical=0)
    store = Store(tmp_path / "votes.sqlite", opened.digest)
    client = TestClient(app_of(opened, store, None), base_url=HERE)
    code = begin(client)
    given = {
        path.stem
        for path in (opened.folder / "pictures").iterdir()
        if client.get(f"/p/{code}/pictures/{path.name}").status_code == 200
    }
    trial = client.get(f"/p/{code}/state").json()["trial"]
    assert given == {trial["left"], trial["right"], *(source["picture"] for source in trial["sources"])}
    store.close()


def test_every_response_has_the_headers(client):
    code = begin(client)
    paths = ["/", "/vote.js", "/vote.css", "/favicon.ico", f"/p/{code}", f"/p/{code}/state", "/nothing", "/begin"]
    for path in paths:
        headers = client.get(path).headers
        assert headers["content-security-policy"] == SERVED
        assert "frame-ancestors 'none'" in SERVED and "default-src 'none'" in SERVED and "unsafe" not in SERVED
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in headers and "access-control-allow-origin" not in headers
    for path in ("/", f"/p/{code}", f"/p/{code}/state"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_another_name_for_this_machine_is_refused(opened, store):
    """A page elsewhere whose name was pointed to 127.0.0.1 gets nothing."""
    client = TestClient(app_of(opened, store, None), base_url="http://evil.example")
    assert client.get("/").status_code == client.post("/begin", json={}).status_code == 421
    for name in ("http://localhost:1", "http://[::1]:1"):
        assert TestClient(app_of(opened, store, None), base_url=name).get("/").status_code == 200


def test_an_open_study_needs_its_token_to_begin(open_client, opened, store):
    assert open_client.get("/").status_code == open_client.get("/?token=wrong").status_code == 403
    assert open_client.post("/begin", json={"token": "wrong"}).status_code == 403
    assert open_client.get(f"/?token={opened.study.token}").status_code == 200
    code = begin(open_client, opened.study.token)
    assert open_client.get(f"/p/{code}").status_code == 200, "the person's own link is enough to go on"
    assert store.persons() == 1


def test_links_cannot_be_tried_out(open_client):
    answers = [open_client.get(f"/p/guess{k}/state").status_code for k in range(100)]
    assert answers[0] == 404 and answers[-1] == 429


def test_too_much_at_once_is_refused_and_can_be_tried_again(client):
    code = begin(client)
    told = [answer(client, code, 0) for _ in range(60)]
    assert told[0].status_code == 200 and told[-1].status_code == 429
    assert told[-1].headers["retry-after"] == "2"


def test_a_limit_fills_up_again():
    now = [0.0]
    limit = Limit(2.0, 3.0, lambda: now[0])
    assert [limit.take("a") for _ in range(4)] == [True, True, True, False]
    assert limit.take("b")
    now[0] = 0.5
    assert [limit.take("a") for _ in range(2)] == [True, False]


def test_an_error_inside_tells_nothing(opened, store, monkeypatch):
    client = TestClient(app_of(opened, store, None), base_url=HERE, raise_server_exceptions=False)

    def broken(code):
        raise RuntimeError("barbershop")

    monkeypatch.setattr(store, "person", broken)
    told = client.get("/p/code/state")
    assert told.status_code == 500 and told.text == "Internal Server Error"
    assert told.headers["content-security-policy"] == SERVED


def all_received(client, store, codes: int):
    """(what it is, its bytes) of everything that the browsers of some persons receive, headers included."""
    for path in ("/", "/vote.js", "/vote.css", "/nothing"):
        told = client.get(path)
        yield path, told.content + repr(told.headers).encode()
    for _ in range(codes):
        began = client.post("/begin", json={})
        code = began.json()["code"]
        yield "begin", began.content + repr(began.headers).encode()
        page = client.get(f"/p/{code}")
        yield "page", page.content + repr(page.headers).encode()
        state = client.get(f"/p/{code}/state")
        while True:
            yield "state", state.content + repr(state.headers).encode()
            told = state.json()
            if told["trial"] is None:
                break
            trial = told["trial"]
            for name in (trial["left"], trial["right"], *(source["picture"] for source in trial["sources"])):
                picture = client.get(f"/p/{code}/pictures/{name}.webp")
                yield f"picture {name}", picture.content + repr(picture.headers).encode()
            state = answer(client, code, trial["number"])


def test_nothing_a_browser_receives_tells_a_method_a_pair_or_a_path(client, store, opened, run_folder):
    secrets = [*SECRETS, str(opened.folder), str(run_folder), opened.study.token, str(opened.study.seed)]
    secrets += [composite.sha256 for pair in opened.study.pairs for composite in pair.composites.values()]
    kinds, pictures = set(), {}
    for what, content in all_received(client, store, 3):
        kinds.add(what.partition(" ")[0])
        for secret in secrets:
            assert secret.lower().encode() not in content.lower(), f"{what} tells {secret}"
        assert b"last-modified" not in content.lower(), "pictures were written method by method"
        if what.startswith("picture"):
            pictures[what] = content
    assert kinds == {"/", "/vote.js", "/vote.css", "/nothing", "begin", "page", "state", "picture"}
    assert len(pictures) == 3 + 9 + 2 * 5


def test_no_order_in_what_is_told_follows_the_methods(client, store, opened):
    """Left and right, and which picture's name comes first, are even over 60 persons for every two methods."""
    method = {
        composite.picture: (k, name)
        for k, pair in enumerate(opened.study.pairs)
        for name, composite in pair.composites.items()
    }
    first = {}
    for _ in range(60):
        for trial in store.person(begin(client)).trials:
            if trial.comparison >= 0:
                _, name = method[trial.left.picture]
                lower = opened.study.comparisons[trial.comparison].methods[0]
                first.setdefault(trial.comparison, []).append(name == lower)
    assert all(12 <= sum(each) <= 48 for each in first.values())


def test_pictures_hold_pixels_alone(client, store, opened):
    code = begin(client)
    for trial in store.person(code).trials:
        content = client.get(f"/p/{code}/pictures/{trial.left.picture}.webp").content
        with Image.open(io.BytesIO(content)) as image:
            assert not image.getexif() and set(image.info) <= {"loop", "background"}
        assert trial.left.picture not in hashlib.sha256(content).hexdigest()
