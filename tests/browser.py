"""A Chromium that tests click through pages with, and axe, which finds what a screen reader would stumble over.

Playwright's own browsers cannot be fetched everywhere, so the system's Chromium is used.
"""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "no Chromium: `apt-get install chromium`, or put chromium on the PATH"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NOT_WORSE = ("minor", "moderate")  # axe's impacts that a page may have


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The system's Chromium, without a window; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """An empty page of its own. The test fails if a script on it threw, or the page's CSP stopped something."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    opened, wrong = context.new_page(), []
    opened.on("pageerror", lambda error: wrong.append(f"threw: {error}"))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert not wrong, "\n".join(wrong)


def check_accessible(page: "Page") -> None:
    """Fail if axe-core finds a serious violation on the page as it is now; says which elements."""
    from axe_playwright_python.sync_playwright import Axe

    # Without preload: axe would fetch style sheets, which a page's policy may forbid.
    options = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    serious = [violation for violation in found if violation["impact"] not in NOT_WORSE]
    told = [f"{each['id']} ({each['impact']}): {node['html'][:200]}" for each in serious for node in each["nodes"][:3]]
    assert not told, "\n".join(told)
