"""The report as one HTML page that holds its figures and tables: it opens anywhere, offline, and can be sent alone."""

import base64
import html
import mimetypes
import re
from collections.abc import Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

from stages.reporting.names import GALLERY

# The tags that the report itself writes. All other markup is shown as text: an item's name or a reason may hold some.
OWN_TAGS = re.compile(r"&lt;(/?(?:details|summary|br))&gt;")
OUTSIDE = ("http://", "https://", "#", GALLERY)  # links that stay

# Everything counts below `.report` alone, because Snakemake's report shows this page inside its own. The last four
# rules are for that place: it gives a description 32 rem beside the graph of the rules, and centres both, so that the
# beginning of a long one cannot be reached; and the gallery is not beside it.
STYLE = """
.report { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 80rem; margin: 0 auto; padding: 1rem; }
.report h1 { font-size: 1.8rem; }
.report h2 { font-size: 1.4rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
.report h3 { font-size: 1.1rem; }
.report nav a { margin-right: 1rem; }
.report a { color: #0050a0; }
.report img { max-width: 100%; height: auto; }
.report figure { margin: 1rem 0; }
.report figcaption { font-size: 0.85rem; color: #555; }
.report pre { background: #f4f4f4; color: #1a1a1a; padding: 1rem; overflow-x: auto; }
.report code { font-size: 0.9em; }
.report summary { cursor: pointer; }
.report .wide { overflow-x: auto; margin: 1rem 0; }
.report table { border-collapse: collapse; width: auto; margin: 0; }
.report th { border-bottom: 2px solid #888; }
.report td { border-bottom: 1px solid #ddd; }
.report th, .report td { padding: 0.25rem 0.6rem; font-size: 0.85rem; vertical-align: top; }
.h-screen.overflow-auto:has(.report) { align-items: flex-start; }
.flex.p-3:has(.report) { flex-direction: column; }
.prose.max-w-lg:has(.report) { max-width: none; }
.prose .report a[href^="gallery.html"] { pointer-events: none; color: inherit; text-decoration: none; }
""".strip()


def page(markdown: str, files: Mapping[str, bytes]) -> bytes:
    """An HTML page of the report.

    Args:
        markdown: the report.
        files: what its images and links name, by their paths in it. They become a part of the page.

    Returns:
        The page. An image or a link to a file that is not in `files`, nor the gallery, becomes its text.
    """
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.add_render_rule("image", _figure)
    parser.add_render_rule("table_open", lambda *_: '<div class="wide"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    sections = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", anchor(following.content))
            sections += [following.content] if token.tag == "h2" else []
    for token in _all(tokens):
        _take_in(token, files)
    body = parser.renderer.render(tokens, parser.options, {})
    links = "".join(f'<a href="#{anchor(title)}">{html.escape(title)}</a> ' for title in sections)
    title = html.escape(tokens[1].content) if len(tokens) > 1 else ""
    heading, closed, rest = body.partition("</h1>\n")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n</head>\n<body>\n'
        f'<style>\n{STYLE}\n</style>\n<article class="report">\n{heading}{closed}<nav>{links}</nav>\n{rest}'
        "</article>\n</body>\n</html>\n"
    ).encode()


def anchor(title: str) -> str:
    """The name of a section in links to it."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def _all(tokens: list[Token]) -> list[Token]:
    """All tokens, also those inside of others."""
    return [each for token in tokens for each in (token, *_all(token.children or []))]


def _take_in(token: Token, files: Mapping[str, bytes]) -> None:
    """Put what a token names into it, and keep foreign markup out."""
    if token.type in ("html_block", "html_inline"):
        token.content = OWN_TAGS.sub(r"<\1>", html.escape(token.content))
    elif token.type == "image":
        token.attrSet("src", _data_uri(str(token.attrGet("src")), files))
    elif token.type == "link_open":
        target = str(token.attrGet("href"))
        if not target.startswith(OUTSIDE):
            token.attrs.pop("href")
            if target in files:
                token.attrs |= {"href": _data_uri(target, files), "download": target.rpartition("/")[2]}


def _data_uri(path: str, files: Mapping[str, bytes]) -> str:
    if path not in files:
        return ""
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(files[path]).decode()}"


def _figure(renderer: object, tokens: list[Token], index: int, *_: object) -> str:
    """An image with its description below it."""
    source, said = tokens[index].attrGet("src"), html.escape(tokens[index].content)
    if not source:
        return said
    return f'<figure><img src="{source}" alt="{said}"><figcaption>{said}</figcaption></figure>'
