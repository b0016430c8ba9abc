"""The pages of a study in Chromium: every control, by mouse, keys and touch, on a server and as one file."""

import json
import re
import socket
import threading
import time

import pytest
import uvicorn
from browser import check_accessible
from playwright.sync_api import Page, expect

from stages.statistics.votes import IDENTICAL
from stages.voting.offline import draw_sheets, page_of, read_answers, write_sheets
from stages.voting.store import Store
from stages.voting.web import app_of

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


class Site:
    """A study on a server within this process; it may go away and come back."""

    def __init__(self, opened):
        self.opened = opened
        self.store = Store(opened.folder / "votes.sqlite", opened.digest)
        self.port = 0
        self.start()

    def start(self):
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        app = app_of(self.opened, self.store, None)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]})
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self):
        self.server.should_exit = self.server.force_exit = True
        self.thread.join()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def site(make_study, tmp_path):
    opened = make_study(tmp_path / "study", share=4, attention=1, allowed_wrong=0)
    made = Site(opened)
    yield made
    made.stop()
    made.store.close()


def at(page: Page, number: int) -> None:
    """Wait until a trial is there with all its pictures."""
    expect(page.locator("#where")).to_have_text(re.compile(rf"^{number} of \d+"))
    expect(page.locator("#left")).to_be_enabled()


def person_of(site, page: Page):
    return site.store.person(page.url.rpartition("/")[2])


def test_a_person_votes_by_mouse_and_keys_and_comes_back(site, page):
    page.goto(site.address)
    check_accessible(page)
    page.get_by_role("button", name="I agree, begin").click()
    at(page, 1)
    check_accessible(page)
    expect(page.locator("#where")).to_have_text("1 of 7, for practice")
    expect(page.get_by_role("heading")).to_have_text(site.opened.study.words.question)
    expect(page.get_by_alt_text("Photo: the face")).to_be_visible()
    expect(page.get_by_alt_text("Photo: the hair")).to_be_visible()
    page.get_by_role("button", name="B Picture B").click()
    at(page, 2)
    expected = person_of(site, page).trials[0].expected
    right = "you were right: the other picture was damaged."
    said = f"In the last question {right if expected == 'right' else 'the picture that you chose was damaged.'}"
    expect(page.locator("#note")).to_have_text(said)
    for number, (key, side) in enumerate(
        {"a": "left", "ArrowRight": "right", "B": "right", "ArrowLeft": "left"}.items()
    ):
        page.keyboard.press(key)
        at(page, number + 3)
        assert site.store.answers()[-1].choice == side
    expect(page.locator("#note")).to_have_text("")
    assert page.get_by_role("progressbar").evaluate("bar => bar.value / bar.max") == pytest.approx(5 / 7)
    page.goto("about:blank")
    page.goto(f"{site.address}p/{site.store.connection.execute('SELECT code FROM persons').fetchone()[0]}")
    at(page, 6)
    for number in (7, None):
        page.get_by_role("button", name="A Picture A").click()
        if number:
            at(page, number)
    expect(page.get_by_role("heading")).to_have_text(site.opened.study.words.thanks)
    expect(page.locator("#code")).to_have_text(site.store.answers()[0].rater)
    check_accessible(page)
    answers = site.store.answers()
    assert len(answers) == 7 and all(0 < answer.ms < 600_000 for answer in answers)


def test_what_is_on_which_side_is_what_is_stored(site, page):
    page.goto(site.address)
    page.click("#begin")
    for number, trial in enumerate(person_of_after_begin(site, page)):
        at(page, number + 1)
        for side in ("left", "right"):
            source = page.locator(f"#{side} img").get_attribute("src")
            assert source.endswith(f"/pictures/{getattr(trial, side).picture}.webp")
        page.keyboard.press("a")
    expect(page.locator("#end")).to_be_visible()


def person_of_after_begin(site, page):
    at(page, 1)
    return person_of(site, page).trials


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_by_touch_in_both_themes(site, chromium, scheme):
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(site.address)
    check_accessible(page)
    page.tap("#begin")
    at(page, 1)
    for number in (2, 3):
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "it must not be wider than the screen"
        )
        boxes = [page.locator(f"#{side} img").bounding_box() for side in ("left", "right")]
        assert all(box["width"] > 200 and box["y"] + box["height"] <= PHONE["height"] for box in boxes)
        page.tap("#left")
        at(page, number)
    page.tap("#enlarge")
    wide = page.locator("#left img").bounding_box()["width"]
    assert wide > boxes[0]["width"]
    context.close()


@pytest.mark.thorough
def test_by_keys_alone(site, page):
    page.goto(site.address)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, 1)
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, 2)
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    at(page, 3)
    assert [answer.choice for answer in site.store.answers()] == ["left", "right"]
    page.keyboard.press("z")
    expect(page.locator("#enlarge")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Z")
    expect(page.locator("#enlarge")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Control+a")
    at(page, 3)


@pytest.mark.thorough
def test_a_key_that_is_held_and_a_double_click_count_once(site, page):
    page.goto(site.address)
    page.click("#begin")
    at(page, 1)
    page.dblclick("#left")
    at(page, 2)
    page.keyboard.down("a")
    for _ in range(5):
        page.keyboard.down("a")
    page.keyboard.up("a")
    at(page, 3)
    assert len(site.store.answers()) == 2


@pytest.mark.thorough
def test_two_tabs_count_once(site, page):
    page.goto(site.address)
    page.click("#begin")
    at(page, 1)
    other = page.context.new_page()
    other.goto(page.url)
    at(other, 1)
    page.keyboard.press("a")
    at(page, 2)
    other.keyboard.press("b")
    at(other, 2)
    assert [answer.choice for answer in site.store.answers()] == ["left"]


@pytest.mark.thorough
def test_an_answer_waits_for_a_server_that_is_away(site, chromium):
    page = chromium.new_page()
    page.goto(site.address)
    page.click("#begin")
    at(page, 1)
    site.stop()
    page.keyboard.press("a")
    expect(page.get_by_role("alert")).to_have_text("No connection. What you chose is kept, and will be sent again.")
    check_accessible(page)
    assert site.store.answers() == []
    site.start()
    at(page, 2)
    expect(page.locator("#problem")).to_be_hidden()
    assert [answer.choice for answer in site.store.answers()] == ["left"]
    page.close()


@pytest.mark.thorough
def test_a_picture_that_does_not_come_is_asked_for_again(site, chromium):
    page = chromium.new_page()
    failed = []

    def once(route):
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route("**/pictures/*", once)
    page.goto(site.address)
    page.click("#begin")
    at(page, 1)
    assert failed
    expect(page.locator("#problem")).to_be_hidden()
    page.close()


@pytest.fixture
def file(make_study, tmp_path):
    """A study as one file, and where it is."""
    opened = make_study(tmp_path / "study", share=2, attention=1, allowed_wrong=0)
    sheets = draw_sheets(opened, 2)
    write_sheets(opened, sheets)
    path = tmp_path / "page.html"
    path.write_text(page_of(opened, sheets, 64))
    return opened, sheets, path


def test_one_file_gives_answers_as_a_file(file, page, tmp_path):
    opened, sheets, path = file
    page.goto(f"{path.as_uri()}#1")
    page.click("#begin")
    choices = []
    for number, trial in enumerate(sheets[1]):
        at(page, number + 1)
        choices.append("right" if trial.expected == "right" or trial.kind == IDENTICAL else "left")
        page.keyboard.press("a" if choices[-1] == "left" else "b")
        if number == 1:
            at(page, 3)
            page.reload()
    expect(page.locator("#send")).to_be_visible()
    check_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    read = read_answers(opened, [saved])
    assert read.refused == [] and read.persons == 1
    assert [answer.choice for answer in read.answers] == choices
    assert [answer.trial for answer in read.answers] == sheets[1]
    assert saved.name == f"answers-{read.answers[0].rater}.json"
    assert set(json.loads(saved.read_text())) == {"format", "study", "code", "sheet", "answers"}


@pytest.mark.thorough
def test_another_person_may_use_the_same_file(file, page):
    _, sheets, path = file
    page.goto(path.as_uri())
    codes = []
    for _ in range(2):
        page.click("#begin")
        for number in range(len(sheets[0])):
            at(page, number + 1)
            page.keyboard.press("a")
        expect(page.locator("#again")).to_be_hidden()
        codes.append(page.locator("#code").text_content())
        with page.expect_download():
            page.click("#download")
        page.get_by_role("button", name="Another person begins").click()
        expect(page.locator("#welcome")).to_be_visible()
    assert codes[0] != codes[1]
    page.reload()
    expect(page.locator("#welcome")).to_be_visible()


@pytest.mark.thorough
def test_the_file_asks_for_nothing_elsewhere(file, page):
    _, _, path = file
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.click("#begin")
    at(page, 1)
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
