"""The gallery's pages as HTML: one that loads its parts from a folder beside it, and one that holds all of them.

Whatever a user named is data on these pages, never markup: Jinja escapes it in HTML, `script_json` in scripts, and the
page's own code makes text nodes of it. A policy (CSP) in the page allows no other scripts than its own.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import jinja2
from markupsafe import Markup

from stages.errors import UserError

ASSETS = Path(__file__).with_name("assets")
TEMPLATE = Path(__file__).with_name("gallery.html.j2")
UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
# `file:` is what a page from the disk loads its parts by; there `'self'` is not the same in all browsers.
BESIDE = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: data:"
REST = "base-uri 'none'; form-action 'none'"


def script_json(content: object) -> str:
    """JSON that can stand in a script of HTML: nothing in it begins or ends a tag. NaN is refused."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).translate(UNSAFE)


def part(name: str, content: object) -> bytes:
    """A part of the page's data as a script. Pages from the disk may run scripts beside them, but not fetch JSON."""
    return f"galleryData({script_json(name)},{script_json(content)});\n".encode()


def asset(name: str) -> str:
    """A file of the bundle that `make page` made.

    Raises:
        UserError: it is not there, or would end the script that it is put into.
    """
    path = ASSETS / name
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); get it from the repository again") from error
    if "</script" in text.lower() or "</style" in text.lower():
        raise UserError(f"{path}: holds the end of a script or style; run `make page` again")
    return text


def page(title: str, pairs: int, methods: int) -> bytes:
    """The page that loads its code, data and pictures from the folder `gallery` beside it."""
    return _render(title=title, pairs=pairs, methods=methods, policy=f"{BESIDE}; {REST}", folder="gallery", parts={})


def single(title: str, pairs: int, methods: int, parts: Mapping[str, object], pictures: Mapping[str, bytes]) -> bytes:
    """The page with everything in it.

    Args:
        title: of the page.
        pairs, methods: how many there are.
        parts: its data, by name.
        pictures: WebP files, by their paths in the folder of the gallery.
    """
    script, style = asset("gallery.js"), asset("gallery.css")
    policy = f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; img-src data:; {REST}"
    images = {path: f"data:image/webp;base64,{base64.b64encode(found).decode()}" for path, found in pictures.items()}
    inside = {name: Markup(script_json(content)) for name, content in {**parts, "pictures": images}.items()}
    return _render(
        title=title, pairs=pairs, methods=methods, policy=policy, folder="", parts=inside, script=Markup(script),
        style=Markup(style),
    )  # fmt: skip


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _render(**values: object) -> bytes:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(**values).encode()
