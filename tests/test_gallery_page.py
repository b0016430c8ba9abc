"""The gallery in a browser: every control, by mouse and keyboard; names that try to be markup; what axe finds.

What is `thorough` is left to `make browser`.
"""

import csv
import io
import re

import pytest
from browser import check_accessible
from drawn_gallery import EVIL, METHODS, PAIRS, make_gallery

pytestmark = pytest.mark.browser
NAMES = [pair.pair for pair in PAIRS]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield make_gallery(tmp_path_factory.mktemp("run"), patch)


def opened(page, gallery, address="", width=1280, height=2600):
    """Open the gallery in a window so high that all rows are in sight, and wait until it is shown."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(gallery.as_uri() + address)
    page.locator("html[data-ready]").wait_for(state="attached")
    return page


def turned(page, act):
    """Do something, and wait until the page shows what comes of it."""
    turn = page.locator("html").get_attribute("data-shown")
    act()
    page.locator(f"html:not([data-shown='{turn}'])").wait_for(state="attached")


def shown(page):
    """The pairs whose rows are on the page, in order."""
    return page.locator(".row h2 a").all_inner_texts()


def sorted_by(page, **choices):
    for key, value in choices.items():
        turned(page, lambda key=key, value=value: page.locator(f"#choose-{key}").select_option(value))


def check_unharmed(page):
    """No name became markup, and no script of a name ran."""
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate("document.querySelectorAll('[onerror]').length") == 0


def test_pairs_are_shown_worst_first_and_a_pair_opens_with_its_evidence(page, gallery):
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    opened(page, gallery)
    assert sorted(shown(page)) == NAMES
    values = [float(text) for text in page.locator(".row .method:nth-child(4) span").all_inner_texts()]
    assert values == sorted(values, reverse=True)  # lower is better
    assert page.locator(".row .failed").count() == 2
    assert page.get_by_text(f"{EVIL}.png").count() > 0
    check_unharmed(page)
    check_accessible(page)
    turned(page, lambda: page.get_by_role("link", name="pair-0001", exact=True).click())
    titles = page.locator(".group h3").all_inner_texts()
    assert titles == ["Images", "Label maps", "Target map", "Embedding, FS", "Alignment, Barbershop", "Composites",
                      "Error maps", "Labels", "Numbers"]  # fmt: skip
    said = page.locator(".failures").inner_text()
    assert "Poisson failed: missing: it is empty </script><script>alert(2)</script>" in said
    check_unharmed(page)
    check_accessible(page)
    turned(page, lambda: page.get_by_role("link", name="Table").click())
    page.locator(".tabulator-row").first.wait_for()
    assert page.locator(".tabulator-row").count() == len(NAMES)
    check_accessible(page)
    turned(page, lambda: page.get_by_role("link", name="Scatter").click())
    assert "points" in page.locator("canvas").get_attribute("aria-label")
    check_accessible(page)
    check_unharmed(page)


def test_the_page_for_a_mail_needs_nothing_beside_it(page, gallery, tmp_path):
    alone = tmp_path / "mail.html"
    alone.write_bytes(gallery.with_name("gallery-mail.html").read_bytes())
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    opened(page, alone)
    assert sorted(shown(page)) == NAMES
    image = page.locator(".row img").first
    assert image.get_attribute("src").startswith("data:image/webp")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    opened(page, alone, "#pair=pair-0000")
    assert page.locator(".group h3").all_inner_texts() == ["Images", "Target map", "Composites", "Numbers"]
    check_unharmed(page)
    check_accessible(page)


@pytest.mark.thorough
def test_order(page, gallery):
    opened(page, gallery)
    sorted_by(page, sort="name")
    assert shown(page) == NAMES
    sorted_by(page, sort="kept PSNR@256", order="best")
    values = [float(text) for text in page.locator(".row .method:nth-child(4) span").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    sorted_by(page, of="poisson", order="worst")
    assert shown(page)[0] == "pair-0001"  # it failed
    sorted_by(page, of="barbershop", minus="mine")
    differences = [float(text.replace("−", "-").split()[-1]) for text in page.locator(".facts").all_inner_texts()
                   if "difference" in text]  # fmt: skip
    assert differences == sorted(differences) and len(differences) == len(NAMES) - 2  # of two, mine has no value
    assert shown(page)[-1] == "pair-0003"
    assert "minus=mine" in page.url


@pytest.mark.thorough
def test_filters_and_search(page, gallery):
    opened(page, gallery)
    sorted_by(page, failed="any")
    assert sorted(shown(page)) == ["pair-0001", "pair-0002"]
    sorted_by(page, failed="mine")
    assert shown(page) == ["pair-0002"]
    sorted_by(page, failed="none")
    assert len(shown(page)) == 4 and page.locator("[role=status]").inner_text() == "4 of 6 pairs"
    turned(page, lambda: page.get_by_role("link", name="Clear").click())
    assert len(shown(page)) == len(NAMES)
    page.get_by_text("Strata", exact=True).click()
    sorted_by(page, **{"s-difficulty": "hard"})
    assert sorted(shown(page)) == ["pair-0002", "pair-0005"]
    turned(page, lambda: page.get_by_role("link", name="Clear").click())
    search = page.get_by_label("search for a pair or an image")
    for words, found in (
        ("0004", ["pair-0004"]),
        ("ONERROR", [p.pair for p in PAIRS if "ben" in p.images]),
        ("zoe", []),
    ):
        turned(page, lambda words=words: search.fill(words))
        assert sorted(shown(page)) == found
    turned(page, lambda: search.fill(""))
    box = page.get_by_role("checkbox", name=re.compile("Poisson"))
    turned(page, lambda: box.uncheck())
    assert page.locator(".row").first.locator(".method").count() == len(METHODS) - 1
    turned(page, lambda: page.get_by_role("checkbox", name=re.compile("Poisson")).check())
    assert page.locator(".row").first.locator(".method").count() == len(METHODS)


@pytest.mark.thorough
def test_every_view_has_a_link_and_the_browser_goes_back(page, gallery):
    opened(page, gallery)
    sorted_by(page, sort="kept PSNR@256", failed="none", order="best")
    order, address = shown(page), page.url
    turned(page, lambda: page.locator(".row h2 a").nth(1).click())
    assert page.locator("h2").inner_text() == order[1]
    pair = page.url
    turned(page, page.go_back)
    assert shown(page) == order
    fresh = page.context.new_page()
    fresh.goto(address)
    fresh.locator("html[data-ready]").wait_for(state="attached")
    assert shown(fresh) == order
    fresh.goto(pair)
    fresh.locator(".pair h2").wait_for()
    assert fresh.locator(".pair h2").inner_text() == order[1]
    assert "2 of 4 pairs, best first by kept PSNR@256" in fresh.locator(".steps").inner_text()
    opened(page, gallery, "#pair=none&sort=nothing&of=nobody&view=nowhere&s.hat=x")
    assert page.locator(".view").count() == 1  # what is not in this run is left out


@pytest.mark.thorough
def test_all_pictures_of_a_pair_zoom_and_move_as_one(page, gallery):
    opened(page, gallery, "#pair=pair-0000")
    places = "frames => frames.map(image => getComputedStyle(image).transform)"
    frames = page.locator(".frame img")
    assert frames.evaluate_all("images => Promise.all(images.map(i => i.decode().then(() => i.naturalWidth)))")
    page.get_by_role("button", name="zoom in").click()
    page.get_by_role("button", name="zoom in").click()
    scales = {text.split("(")[1].split(",")[0] for text in frames.evaluate_all(places)}
    assert scales == {"2.25"} and page.locator(".told").inner_text() in ("2.2 ×", "2.3 ×")
    before = frames.first.evaluate("image => getComputedStyle(image).transform")
    box = page.locator(".picture .frame").first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 80, steps=4)
    page.mouse.up()
    assert frames.first.evaluate("image => getComputedStyle(image).transform") != before
    assert "right" not in page.url  # what was moved was no click
    page.get_by_role("button", name="Whole pictures").click()
    assert set(frames.evaluate_all(places)) == {"matrix(1, 0, 0, 1, 0, 0)"}


def zoom_of(page):
    """The scale that all pictures have, and where the first of the row of pictures lies in its frame, px."""
    places = "all => all.map(image => getComputedStyle(image).transform.match(/[-.\\d]+/g).map(Number))"
    assert len({each[0] for each in page.locator(".frame img").evaluate_all(places)}) == 1
    scale, _, _, _, x, y = page.locator(".picture .frame img").evaluate_all(places)[0]
    return scale, x, y


@pytest.mark.parametrize("address", ["#pair=pair-0000", "", "#view=table", "#view=scatter"])
def test_the_search_is_typed_on_from_every_view(page, gallery, address):
    """Letter by letter, as a person types: the field keeps the focus, and no letter acts as a key."""
    opened(page, gallery, address)
    page.keyboard.press("/")
    page.keyboard.type("anna", delay=30)
    page.keyboard.press("Backspace")
    assert page.locator("input[type=search]").input_value() == "ann"
    assert page.evaluate("location.hash").endswith("q=ann")


def test_what_an_address_names_and_is_not_there_is_told(page, gallery):
    opened(page, gallery, "#pair=nosuch&sort=none")
    assert "pair nosuch, sort none" in page.get_by_role("status").filter(has_text="Not in this run").inner_text()
    page.locator("#choose-order").select_option("best")
    page.locator("html[data-shown]").wait_for(state="attached")
    assert page.get_by_text("Not in this run").count() == 0


def test_where_no_pair_is_let_through_the_page_says_so(page, gallery):
    opened(page, gallery, "#q=zzz")
    page.get_by_role("link", name="Show all pairs").click()
    page.locator(".row").first.wait_for()
    assert set(shown(page)) == set(NAMES)


@pytest.mark.thorough
def test_a_double_click_and_the_wheel_zoom_where_they_are(page, gallery):
    """What is under the pointer stays there; the wheel alone scrolls the page."""
    opened(page, gallery, "#pair=pair-0000", height=800)
    frame = page.locator(".picture .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    page.mouse.dblclick(x, y)
    scale, left, top = zoom_of(page)
    assert scale == 2.25 and left == pytest.approx(-1.25 * box["width"] / 4, abs=1)
    assert top == pytest.approx(-1.25 * box["height"] / 2, abs=1)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.locator(".told", has_text="3.4 ×").wait_for()
    page.keyboard.up("Control")
    assert zoom_of(page)[0] == pytest.approx(2.25 * 1.5)
    page.evaluate("addEventListener('wheel', () => { window.turned = true; })")
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(200)
    assert page.evaluate("window.turned")
    assert zoom_of(page)[0] == pytest.approx(2.25 * 1.5), "the wheel alone"


@pytest.mark.thorough
def test_two_fingers_zoom_and_one_moves(chromium, gallery):
    """On a phone: two fingers that part double the pictures, and one then moves them."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = opened(context.new_page(), gallery, "#pair=pair-0000", 390, 844)
    frame = page.locator(".picture .frame").first
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x + dx, "y": y + dy, "id": k} for k, (dx, dy) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (-20, 0), (20, 0))
    for reach in (25, 30, 35, 40):
        touch("touchMove", (-reach, 0), (reach, 0))
    touch("touchEnd")
    scale, left, top = zoom_of(page)
    assert scale == pytest.approx(2, rel=0.05)
    assert page.evaluate("visualViewport.scale") == 1, "the page itself does not zoom"
    touch("touchStart", (0, 0))
    for step in (10, 20, 30):
        touch("touchMove", (step, 0))
    touch("touchEnd")
    assert zoom_of(page) == (scale, pytest.approx(left + 30, abs=2), pytest.approx(top, abs=1))
    context.close()


@pytest.mark.thorough
def test_two_pictures_are_compared(page, gallery):
    opened(page, gallery, "#pair=pair-0000")
    stage = page.locator(".stage")
    slider = page.get_by_label("border between the left and the right picture")
    slider.fill("20")
    assert stage.evaluate("stage => stage.style.getPropertyValue('--cut')") == "20%"
    turned(page, lambda: page.get_by_role("button", name="compare target map").click())
    assert page.locator(".over img").get_attribute("alt") == "target map"
    turned(page, lambda: page.get_by_role("button", name=re.compile("^compare Poisson")).click(modifiers=["Shift"]))
    assert page.locator(".stage > .frame img").first.get_attribute("alt") == "Poisson"
    turned(page, lambda: page.get_by_label("right", exact=True).select_option("mine"))
    assert page.locator(".over img").get_attribute("alt") == "mine" and "right=mine" in page.url


@pytest.mark.thorough
def test_numbers_stand_beside_those_of_all_pairs(page, gallery):
    opened(page, gallery, "#pair=pair-0003")
    table = page.locator(".wide table").first
    table.wait_for()
    assert table.locator("thead th").all_inner_texts() == [
        "metric", "Barbershop", "Poisson", "mine", "place of Barbershop", "all pairs",
    ]  # fmt: skip
    assert table.locator("svg line").count() >= 3 * 3
    page.get_by_text("All 8 metrics").click()
    every = page.locator("details .wide table")
    every.wait_for()
    assert every.locator("tbody tr").count() == 8
    reason = every.locator("td[title]").first
    assert reason.get_attribute("title") == f"the mask is empty {EVIL}" and reason.inner_text() == "– *"
    check_unharmed(page)
    check_accessible(page)
    page.get_by_text("Strata", exact=True).last.click()
    turned(page, lambda: page.get_by_role("link", name=re.compile("^all pairs with difficulty")).click())
    assert "s.difficulty=easy" in page.url and set(shown(page)) == {"pair-0000", "pair-0003"}


@pytest.mark.thorough
def test_every_point_of_the_scatter_is_drawn(page, gallery):
    """Pairs come worst first, so the leftmost point is seldom the first. Of one method, all points have its colour."""
    opened(page, gallery, "#view=scatter&show=barbershop&sort=name")
    counted = page.locator("canvas").get_attribute("aria-label")
    points = page.locator("canvas").evaluate("""canvas => {
      const ratio = canvas.width / canvas.clientWidth;
      const image = canvas.getContext("2d").getImageData(0, 40 * ratio, canvas.width, canvas.height - 40 * ratio);
      const inside = (k) => image.data[4 * k + 2] > image.data[4 * k] + 90; // blue
      const seen = new Set();
      let found = 0;
      for (let k = 0; k < image.width * image.height; k++) {
        if (!inside(k) || seen.has(k)) continue;
        found++;
        const open = [k];
        while (open.length) {
          const at = open.pop();
          if (seen.has(at) || !inside(at)) continue;
          seen.add(at);
          for (const step of [1, -1, image.width, -image.width]) open.push(at + step);
        }
      }
      return found;
    }""")
    assert f"{points} points" in counted and points > 3


@pytest.mark.thorough
def test_points_of_the_scatter_open_their_pair(page, gallery):
    opened(page, gallery, "#view=scatter")
    canvas = page.locator("canvas")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    told = page.locator(".scatter > .facts").inner_text()
    turned(page, lambda: page.keyboard.press("Enter"))
    assert page.locator(".pair h2").inner_text() == told.split(",")[0]
    turned(page, page.go_back)
    # A pixel of the first method's colour below the legend is in one of its points.
    x, y = canvas.evaluate("""canvas => {
      const { width, height } = canvas;
      const ratio = width / canvas.clientWidth;
      const { data } = canvas.getContext("2d").getImageData(0, 60 * ratio, width, height - 120 * ratio);
      for (let k = 0; k < data.length; k += 4)
        if (data[k] < 40 && Math.abs(data[k + 1] - 114) < 30 && data[k + 2] > 150)
          return [(k / 4) % width / ratio, Math.floor(k / 4 / width) / ratio + 62];
      return [0, 0];
    }""")
    turned(page, lambda: canvas.click(position={"x": x, "y": y}))
    assert "pair=" in page.url
    opened(page, gallery, "#view=scatter")
    turned(page, lambda: page.get_by_label("across").select_option("metric 00@256"))
    assert "over metric 00@256" in canvas.get_attribute("aria-label") and "x=metric" in page.url


@pytest.mark.thorough
def test_the_table_sorts_and_can_be_had_as_csv(page, gallery):
    opened(page, gallery, "#view=table")
    header = page.locator(".tabulator-col", has_text="kept PSNR@256 ↑, mine")
    header.click()
    page.wait_for_timeout(200)
    column = header.get_attribute("tabulator-field")
    cells = page.locator(f".tabulator-cell[tabulator-field='{column}']").all_inner_texts()
    values = [float(cell) for cell in cells if cell != "–"]
    assert values == sorted(values) and cells[len(values) :] == ["–"] * 2
    header.click()
    page.wait_for_timeout(200)
    cells = page.locator(f".tabulator-cell[tabulator-field='{column}']").all_inner_texts()
    assert [float(cell) for cell in cells if cell != "–"] == values[::-1] and cells[-1] == "–"
    with page.expect_download() as file:
        page.get_by_role("button", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(file.value.path().read_text("utf-8"))))
    assert len(rows) == len(NAMES) and {row["pair"] for row in rows} == set(NAMES)
    assert {row["identity"] for row in rows} == {"anna", f"{EVIL}.png", '\'=1+1, "cleo".png'}  # no formula
    assert next(row for row in rows if row["pair"] == "pair-0001")["failed"] == "Poisson"
    turned(page, lambda: page.get_by_label("columns").select_option("all"))
    check_unharmed(page)
    turned(page, lambda: page.locator(".tabulator-cell a").first.click())
    assert page.locator(".pair h2").count() == 1


@pytest.mark.thorough
def test_keys(page, gallery):
    opened(page, gallery)
    order = shown(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == order[1]
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == order[0]
    turned(page, lambda: page.keyboard.press("Enter"))
    turned(page, lambda: page.keyboard.press("ArrowRight"))
    assert page.locator(".pair h2").inner_text() == order[1]
    turned(page, lambda: page.keyboard.press("ArrowLeft"))
    assert page.locator(".pair h2").inner_text() == order[0]
    turned(page, lambda: page.keyboard.press("m"))
    assert page.locator(".over").get_by_text("no picture").or_(page.locator(".over img")).count() == 1
    assert "of=mine" in page.url and "right=mine" in page.url
    page.keyboard.press("+")
    assert page.locator(".told").inner_text() == "1.5 ×"
    page.keyboard.press("0")
    assert page.locator(".told").inner_text() == "1.0 ×"
    turned(page, lambda: page.keyboard.press("Escape"))
    assert page.locator(".row").count() == len(NAMES)
    turned(page, lambda: page.keyboard.press("2"))
    turned(page, lambda: page.keyboard.press("1"))
    page.keyboard.press("/")
    page.keyboard.type("0005")
    page.locator(".row", has_text="pair-0005").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    assert "choose Poisson" in page.locator("dialog").inner_text()
    check_accessible(page)
    page.get_by_role("checkbox", name="keys without Ctrl work").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("2")
    assert "view=table" not in page.url


@pytest.mark.thorough
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_view_is_accessible_and_fits(page, gallery, theme, width):
    page.emulate_media(color_scheme=theme)
    for address in ("", "#pair=pair-0001", "#view=table", "#view=scatter", "#q=nothing"):
        opened(page, gallery, address, width, 800)
        page.get_by_text("Order and filters").click()
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        page.goto("about:blank")


@pytest.mark.thorough
def test_what_does_not_lie_beside_the_page_is_told(chromium, gallery, tmp_path):
    alone = tmp_path / "gallery.html"
    alone.write_bytes(gallery.read_bytes())
    page = chromium.new_page()
    page.goto(alone.as_uri())
    assert "the folder gallery does not lie beside this page" in page.locator("#loading").inner_text()
    (tmp_path / "gallery").mkdir()
    for name in ("page", "data"):
        (tmp_path / "gallery" / name).mkdir()
        for path in (gallery.parent / "gallery" / name).iterdir():
            if path.name != "m000.js":
                (tmp_path / "gallery" / name / path.name).write_bytes(path.read_bytes())
    opened(page, alone)  # pictures are missing, all else is there
    assert sorted(shown(page)) == NAMES
    page.goto(f"{alone.as_uri()}#sort=kept+PSNR%40256")
    assert "m000.js is not there" in page.get_by_role("alert").inner_text()
    page.close()
