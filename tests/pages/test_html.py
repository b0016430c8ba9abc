"""Whatever a user named stays data; the page's policy allows its own script only; the bundle is that of its sources."""

import hashlib
import json
import re
import shutil
import subprocess

import pytest
from elements import Elements
from support import ROOT

from stages.errors import UserError
from stages.pages import html

EVIL = "</script><script>alert(1)</script><!-- & \u2028 <img src=x onerror=alert(2)>"
PAGE = ROOT / "stages" / "pages" / "source"


def test_json_in_a_script_is_the_same_and_holds_no_tag():
    text = html.script_json({EVIL: [EVIL, 1.5, None]})
    assert json.loads(text) == {EVIL: [EVIL, 1.5, None]}
    assert not re.search("[<>&\u2028]", text)
    with pytest.raises(ValueError):
        html.script_json(float("nan"))


def test_titles_are_escaped():
    elements = Elements(html.page(EVIL, 3, 2))
    assert {tag for tag, _ in elements.found} <= {
        "html", "head", "meta", "title", "link", "script", "body", "header", "h1", "main", "p", "noscript", "a",
    }  # fmt: skip
    assert EVIL.replace("\u2028", "") in elements.text.replace("\u2028", "")


def test_the_single_page_has_all_in_it_and_names_no_address():
    page = html.single("t", 1, 1, {"index": {"name": EVIL}}, {"thumbs/a.webp": b"RIFF"})
    text = page.decode()
    elements = Elements(page)
    assert not [attributes for _, attributes in elements.found if {"src", "href"} & attributes.keys()]
    assert "data:image/webp;base64," in text and EVIL not in text
    policy = next(a["content"] for tag, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    script = html.asset("gallery.js")
    assert html._digest(script) in policy and "unsafe" not in policy and f"<script>{script}</script>" in text


def test_a_bundle_that_would_end_its_script_is_refused(tmp_path, monkeypatch, refused):
    monkeypatch.setattr(html, "ASSETS", tmp_path)
    refused("gallery.js: cannot be read", html.asset, "gallery.js")
    (tmp_path / "gallery.js").write_text('x = "</SCRIPT>"')
    refused("holds the end of a script", html.asset, "gallery.js")
    assert issubclass(UserError, Exception)


def test_the_bundle_is_that_of_its_sources():
    """As build.mjs counts; so whoever edits the page's code without `make page` is told."""
    names = [f"src/{path.name}" for path in sorted((PAGE / "src").iterdir())]
    digest = hashlib.sha256()
    for name in [*names, "build.mjs", "package.json", "package-lock.json"]:
        digest.update(f"{name}\n".encode() + (PAGE / name).read_bytes())
    for name in ("gallery.js", "gallery.css"):
        first = html.asset(name).splitlines()[0]
        assert digest.hexdigest() in first, "run `make page`"


@pytest.mark.skipif(
    shutil.which("node") is None or not (PAGE / "node_modules").is_dir(),
    reason="no Node or node_modules in stages/pages/source: `make page`",
)
def test_the_bundle_can_be_made_again(tmp_path):
    subprocess.run(["node", "build.mjs", str(tmp_path)], cwd=PAGE, check=True)
    for name in ("gallery.js", "gallery.css", "THIRD-PARTY.txt"):
        assert (tmp_path / name).read_bytes() == (html.ASSETS / name).read_bytes(), "run `make page`"


def test_the_bundle_holds_the_licences_of_what_it_holds():
    text = html.asset("THIRD-PARTY.txt")
    wanted = json.loads((PAGE / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert f"{name} {version} (MIT)" in text
    assert text.count("Permission is hereby granted") == 3 and "://" not in (PAGE / "package-lock.json").read_text()
