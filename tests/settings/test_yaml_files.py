"""YAML of users: a key twice is refused, and an entry is added without touching anything else."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from stages.errors import UserError
from stages.settings.yaml_files import add_entry, entry_line, read_yaml, with_entry

ENTRY = {"kind": "results", "images": "results/mine"}
PATHS = [
    "results/my run",
    "a: b",
    "a #1",
    "it's",
    'say "x"',
    "{a}, [b]",
    "é/我的",
    "😀",
    "- x",
    "true",
    "1e3",
    "a\nb",
    "",
]


@pytest.fixture
def written(tmp_path):
    def write(text, name="params.yaml"):
        (tmp_path / name).write_bytes(text.encode())
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("methods: {a: 1}\nblend: 1\nmethods: {b: 1}\n", "line 3: the key methods is in line 1 already"),
        ("blend:\n  steps: 1\n  rate: 2\n  steps: 3\n", "line 4: the key blend.steps is in line 2 already"),
        ("a: [{b: 1, 'b': 2}]\n", "line 1: the key a.b is in line 1 already"),
        ("a: 1\na: 2\nb: 1\nb: 2\n", "line 2: the key a .*; line 4: the key b "),
        ("a: 1\n b: 2\n", "line 2: is not written as YAML"),
        ("a: \x00", "is not written as YAML"),
        ("a: 2026-99-99\n", "has a value that is no text"),
        ("[" * 5000, "is not written as YAML"),
    ],
)
def test_keys_that_are_there_twice_are_refused_with_their_lines(refused, written, text, named):
    refused(named, read_yaml, written(text))


def test_json_is_checked_as_well(refused, written):
    assert read_yaml(written('{\n\t"a": {"b": 1}\n}', "x.json")) == {"a": {"b": 1}}
    refused("the key b is there twice", read_yaml, written('{"a": {"b": 1, "b": 2}}', "x.json"))
    refused("not written as JSON", read_yaml, written("{", "x.json"))


def test_files_that_cannot_be_read(refused, written, tmp_path):
    refused("no.yaml: there is no such file", read_yaml, tmp_path / "no.yaml")
    (tmp_path / "x.yaml").write_bytes(b"a: \xe9")
    refused("x.yaml: cannot be read; .*UTF-8", read_yaml, tmp_path / "x.yaml")


def test_an_alias_that_repeats_itself_ends(written):
    text = "a: &a [x]\n" + "".join(
        f"{k}: &{k} [{', '.join([f'*{p}'] * 9)}]\n" for p, k in zip("abcd", "bcde", strict=True)
    )
    read_yaml(written(text))


@pytest.mark.parametrize("name", ["params.yaml", *(f"workflow/scales/{n}.yaml" for n in ("smoke", "comparison"))])
def test_the_files_of_the_project_have_every_key_once(name):
    assert read_yaml(ROOT / name) == yaml.safe_load((ROOT / name).read_text())


def test_an_entry_is_one_more_line_and_all_else_stays(tmp_path):
    before = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(before)
    add_entry(tmp_path / "params.yaml", "methods", "mine", ENTRY)
    after = (tmp_path / "params.yaml").read_text()
    new = [line for line in after.split("\n") if line not in before.split("\n")]
    assert new == ["  mine: {kind: results, images: results/mine}"]
    assert after.replace(new[0] + "\n", "") == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text",
    [
        "methods:\n  a: {b: 1} # why\n  # c: 2\n\nblend: 1\n",
        "methods:\n    a:\n        b: |\n          text\n\nblend: 1\n",
        "methods: {a: {b: 1}, # why\n  c: {d: 2}} # more\nblend: 1\n",
        "blend: 1\r\nmethods:\r\n  a:\r\n    b: [1,\r\n    2]\r\n",
        "\ufeffmethods:\n  a: {b: 1}",
    ],
)
def test_an_entry_reads_back_whatever_its_path_is_made_of(written, text, path):
    file = written(text)
    before = yaml.safe_load(text)
    after = with_entry(file, "methods", "mine", ENTRY | {"images": path})
    assert yaml.safe_load(after) == before | {"methods": before["methods"] | {"mine": ENTRY | {"images": path}}}
    assert "\n" not in entry_line("mine", {"images": path})
    assert ("# why" in text) == ("# why" in after)


@given(st.text())
def test_any_path_is_one_line_that_reads_back(path):
    line = entry_line("mine", {"images": path})
    assert len(line.splitlines()) == 1
    assert yaml.safe_load(f"methods:\n  {line}\n") == {"methods": {"mine": {"images": path}}}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("methods: {mine: {a: 1}}\n", "methods has an entry mine already"),
        ("methods:\nblend: 1\n", "has no section methods with an entry"),
        ("blend: 1\n", "has no section methods"),
        ("methods: {a: 1}\nmethods: {b: 1}\n", "in line 1 already"),
        ("x: &x {a: 1}\nmethods: *x\n", "by hand"),
    ],
)
def test_an_entry_that_cannot_be_added_changes_nothing(refused, written, text, named):
    path = written(text)
    refused(named, add_entry, path, "methods", "mine", ENTRY)
    assert path.read_text() == text
    with pytest.raises(UserError):
        add_entry(path, "methods", "mine", ENTRY)
