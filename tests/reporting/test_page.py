"""The report as a page: what it shows is in it, every link leads somewhere, and foreign markup stays text."""

from elements import Elements, content_of

from stages.reporting.page import page

FILES = {"figures/a.png": b"\x89PNG of a", "plots/t.csv": b"method,value\nours,1\n"}
REPORT = """# Barbershop, evaluated: VALID

4 images. See [the table](plots/t.csv), [the paper](https://arxiv.org/abs/2106.01505) or [below](#cost-a-pair).

## Transfer

![Pairs: identity & hair](figures/a.png)

| method | N |
| --- | ---: |
| ours | 0.5<br>50% |

## Cost, a pair

<details><summary>Parameters</summary>

```yaml
a: 1
```

</details>
"""


def test_figures_and_tables_are_in_the_page():
    elements = Elements(page(REPORT, FILES))
    assert [content_of(uri) for uri in elements.of("img", "src")] == [("image/png", FILES["figures/a.png"])]
    assert elements.of("img", "alt") == ["Pairs: identity & hair"]
    assert elements.of("a", "download") == ["t.csv"]
    assert [content_of(uri) for uri in elements.of("a", "href") if uri.startswith("data:")] == [
        ("text/csv", FILES["plots/t.csv"])
    ]


def test_every_link_within_the_page_has_its_place():
    elements = Elements(page(REPORT, FILES))
    places = {place for tag in ("h1", "h2", "h3") for place in elements.of(tag, "id")}
    inside = [target[1:] for target in elements.of("a", "href") if target.startswith("#")]
    assert inside == ["transfer", "cost-a-pair", "cost-a-pair"], "the list of sections, then the report's own"
    assert set(inside) <= places


def test_links_to_pairs_lead_to_the_gallery_beside_it():
    elements = Elements(page("# R\n\nworst [p-1](gallery.html#pair=p-1), [table](lost.csv)\n", FILES))
    assert elements.of("a", "href") == ["gallery.html#pair=p-1"]


def test_it_opens_on_the_verdict_and_has_the_reports_tables():
    elements = Elements(page(REPORT, FILES))
    body = [tag for tag, _ in elements.found]
    assert body.index("h1") < body.index("nav") < body.index("table")
    assert {"table", "details", "summary", "br", "pre"} <= set(body)
    assert "a: 1" in elements.text and "Barbershop, evaluated: VALID" in elements.text


def test_what_is_not_the_reports_own_is_text():
    """A photo's name or a reason may look like markup; a picture elsewhere would need the network."""
    named = "# R\n\n- <script>alert(1)</script> <b>bold</b> ![far](http://elsewhere/a.png) [bad](javascript:alert(1))\n"
    named += "\n<img src=http://elsewhere/b.png>\n\n[gone](lost.csv)\n"
    elements = Elements(page(named, FILES))
    assert not {"script", "b", "img"} & {tag for tag, _ in elements.found}
    assert "<script>alert(1)</script> <b>bold</b>" in elements.text and "far" in elements.text
    assert elements.of("a", "href") == []
