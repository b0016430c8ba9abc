"""The page that a person sees, as files of a server or as one file that needs none."""

import base64
import hashlib
import json
from pathlib import Path

import jinja2

from stages.voting.words import Words

HERE = Path(__file__).parent
SCRIPT, STYLE, TEMPLATE = "vote.js", "vote.css", "vote.html.j2"
POLICY = "default-src 'none'; {}; base-uri 'none'; form-action 'none'"
SERVED = POLICY.format(
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'"
)


def asset(name: str) -> bytes:
    """The script or the style."""
    return (HERE / name).read_bytes()


def served_page(words: Words) -> str:
    """The page as the server sends it: script and style are files of their own."""
    return _rendered(words, policy=None, script=None, style=None, data=None)


def whole_page(words: Words, data: object) -> str:
    """The page as one file: script, style and data are in it, and it may load nothing else.

    Args:
        words: what it says.
        data: what its script reads, as JSON.
    """
    script, style = asset(SCRIPT).decode(), asset(STYLE).decode()
    sources = f"script-src {_hashed(script)}; style-src {_hashed(style)}; img-src data:"
    # In a script block only this character could end it.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return _rendered(words, policy=POLICY.format(sources), script=script, style=style, data=text)


def _rendered(words: Words, **parts: str | None) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(asset(TEMPLATE).decode()).render(words=words, **parts)


def _hashed(text: str) -> str:
    """How a content security policy names a script or style that is in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
