"""params.yaml's comments and schema are made of the types; its values are left as they are."""

import json

import pytest
import yaml
from support import ROOT

from stages.params.__main__ import explained, main, schema_text
from stages.settings.comments import commented
from stages.settings.schema import kinds
from stages.settings.words import rule
from stages.settings.yaml_files import add_entry

FILE = ROOT / "params.yaml"
TEXT = FILE.read_text()
PARAMS = yaml.safe_load(TEXT)


def test_the_shipped_file_says_what_the_types_say():
    assert commented(FILE) == TEXT, "`make format` puts it right"
    assert (ROOT / "workflow/schemas/params.schema.json").read_text() == schema_text()
    assert max(map(len, TEXT.splitlines())) <= 120


def test_the_schema_file_takes_the_shipped_values():
    """Read by a library of its own, which comes with Snakemake."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(PARAMS)
    for wrong in ({"embed": 5}, {"methods": {"a": {"kind": "latent"}}}, {"algn": {}}):
        assert not validator.is_valid(PARAMS | wrong)


def strip(text):
    """Lines without comments and what is empty."""
    lines = [line.split(" #")[0].rstrip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [line for line in lines if line]


def test_values_and_how_they_are_written_stay(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("\n".join(strip(TEXT)) + "\n")
    assert commented(path) == TEXT
    changed = TEXT.replace("style: 1.0e+9", "style: 1.50e+09").replace("photos: null", "photos: 'my, [old]: #1'")
    path.write_text(changed)
    assert commented(path) == changed
    assert "'my, [old]: #1'" in changed and "1.50e+09" in changed


def test_other_ways_to_write_are_put_in_form(tmp_path):
    """Lists in several lines, anchors, sections in braces, quotes that only `{…}` needs."""
    path = tmp_path / "params.yaml"
    text = TEXT.replace("[drawn, sample]", "\n    - drawn\n    - sample")
    text = text.replace("steps: 12\n", "steps: *x\n").replace("preview_steps: 20", "preview_steps: &x 12")
    text = text.replace("kinds: []", "kinds:\n  - eyes # mine")
    text = text.replace("  # mine: {", "  ours:\n    kind: results\n    images: a,b\n  # mine: {")
    path.write_text(text)
    made = commented(path)
    assert yaml.safe_load(made) == yaml.safe_load(text)
    assert '  ours: {kind: results, images: "a,b"}\n' in made and "source: [drawn, sample]\n" in made
    assert "# mine" not in made, "an example is shown of kinds that are not in use"
    path.write_text(made)
    assert commented(path) == made


def test_every_kind_of_method_is_in_the_file():
    for kind in kinds():
        assert f"{{kind: {kind}" in TEXT
    examples = [line.lstrip("# ") for line in TEXT.splitlines() if line.startswith("  # ") and "{kind: " in line]
    for line in examples:
        yaml.safe_load(line.split(" #")[0])


def test_an_entry_can_be_added_to_the_file(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    add_entry(path, "methods", "mine", {"kind": "results", "images": "results/mine"})
    made = commented(path)
    assert "\n  mine: {kind: results, images: results/mine}\n" in made and "# mine: " not in made
    assert yaml.safe_load(made)["methods"].keys() == PARAMS["methods"].keys() | {"mine"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("align:\n", "algn:\n", "algn: there is no such section"),
        ("  rows: 7", "  rows: seven", 'align.rows: is "seven"; it must be a whole number from 1 to 18'),
        ("  rows: 7", "  rows: 7\n  rows: 8", "the key align.rows is in line"),
    ],
)
def test_a_wrong_file_is_refused(refused, tmp_path, old, new, said):
    path = tmp_path / "params.yaml"
    text = TEXT.replace("align: # ", "align:\n# ")
    assert old in text
    path.write_text(text.replace(old, new, 1))
    refused(f"{path}.*{said}", commented, path)


def run(path, **options):
    main(**({"params": path, "write": False, "check": False, "schema": False, "explain": None} | options))


def test_the_command(refused, tmp_path, capsys):
    path = tmp_path / "params.yaml"
    path.write_text("\n".join(strip(TEXT)) + "\n")
    refused(f"{path}: its comments are not what the types say; `python -m", lambda: run(path, check=True))
    run(path)
    assert capsys.readouterr().out == TEXT and path.read_text() != TEXT
    run(path, write=True)
    assert path.read_text() == TEXT
    run(path, check=True)
    run(path, schema=True)
    assert json.loads(capsys.readouterr().out)["title"] == "params.yaml"
    run(path, explain="align.start")
    assert capsys.readouterr().out.splitlines()[-2:] == ["  It must be a number from 0 to 1.", "  It is 0.0."]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("align.strat", r"align.strat: there is no such key; did you mean start\?"),
        ("algn", r"there is no such key; did you mean align\?"),
        ("align.start.x", "there is no such key; align.start has no keys"),
        ("methods.barbershp", r"there is no such key; did you mean barbershop\?"),
        ("methods.barbershop.cod", r"there is no such key; did you mean code\?"),
        ("", "there is no such key"),
    ],
)
def test_an_unknown_key_is_not_explained(refused, key, said):
    refused(said, explained, key, PARAMS)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield ".".join((*path, key))
            yield from leaves(item, (*path, key))


@pytest.mark.parametrize("key", leaves(PARAMS))
def test_every_key_is_explained(key):
    told = explained(key, PARAMS)
    assert told.startswith(f"{key}\n") and ("It must be " in told or "Its keys: " in told)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "a whole number of at least 1"),
        ({"type": "number"}, "a number"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1e15}, "a number above 0, at most 1e+15"),
        ({"type": "array", "items": {"type": "string"}}, "a list of any number, each text"),
        ({"type": "array", "minItems": 1, "maxItems": 4, "items": {"type": "boolean"}},
         "a list of 1 to 4, each true or false"),
        ({"enum": [64, 128]}, "64 or 128"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text, or null"),
    ],
)  # fmt: skip
def test_rules_are_words(schema, words):
    assert rule(schema) == words
