"""What is in an HTML page."""

import base64
from html.parser import HTMLParser


class Elements(HTMLParser):
    """Every element of a page with its attributes, and its text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str, key: str) -> list[str]:
        """That attribute of every such element that has it."""
        return [attributes[key] for name, attributes in self.found if name == tag and key in attributes]


def content_of(uri: str) -> tuple[str, bytes]:
    """Type and content of a data URI."""
    kind, _, encoded = uri.removeprefix("data:").partition(";base64,")
    return kind, base64.b64decode(encoded)
