"""Lists of pairs from spreadsheets, with photos named as people name them: read, or told what to do."""

import codecs
import csv
import io
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from stages.errors import UserError
from stages.regions.pair import Pair, as_table
from stages.settings.pairs_csv import Images, read_pairs
from stages.settings.spreadsheets import csv_bytes

IMAGES = {"anna": Path("p/anna.jpg"), "Zoe-1": Path("p/Zoë.jpg"), "ben-1": "p/old/ben.png", "ben-2": "p/new/ben.png",
          "drawn-0000": None, "x": "drawn"}  # fmt: skip
TABLE = "Pair,Identity ,Hair Appearance,HAIR,Comment,,\np1,anna,x,Zoë.jpg,nice!,,\n,,,,,,\nq,x,,anna,,,\n"
WANTED = [Pair("p1", "anna", {"hair": "Zoe-1"}, {"hair": "x"}), Pair("q", "x", {"hair": "anna"})]
FILES = {
    "commas": TABLE.encode(),
    "byte order mark": codecs.BOM_UTF8 + TABLE.encode(),
    "semicolons": TABLE.replace(",", ";").encode(),
    "tabs": TABLE.replace(",", "\t").encode(),
    "Excel's line about the separator": b"sep=;\r\n" + TABLE.replace(",", ";").encode(),
    "Excel's Unicode text": TABLE.replace(",", "\t").encode("utf-16"),
    "UTF-16 of the other kind": codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
    "UTF-16 without a mark": TABLE.encode("utf-16-le"),
    "Windows-1252": TABLE.replace(",", ";").encode("cp1252"),
    "line ends of Windows": TABLE.replace("\n", "\r\n").encode(),
    "line ends of old Macs": TABLE.replace("\n", "\r").encode(),
    "empty lines first": b"\n,,,\n" + TABLE.encode(),
    "quotes": '"Pair","identity","hair_appearance","hair"\n"p1","anna","x","Zoë"\n"q","x","","anna"\n'.encode(),
    "spaces that do not break": TABLE.replace("anna", "\u00a0anna ").encode(),
}


@pytest.fixture
def saved(tmp_path):
    def save(content, name="pairs.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / name

    return save


@pytest.mark.parametrize("kind", FILES)
def test_lists_as_spreadsheets_write_them_are_read(saved, kind):
    assert read_pairs(saved(FILES[kind]), IMAGES) == WANTED


def workbook(rows, sheets=("Sheet1",)):
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for title in sheets[1:]:
        book.create_sheet(title)
    for row in rows:
        book.worksheets[-1].append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_is_read(saved):
    rows = [[cell or None for cell in row] for row in csv.reader(io.StringIO(TABLE))]
    assert read_pairs(saved(workbook(rows), "pairs.xlsx"), IMAGES) == WANTED
    assert read_pairs(saved(workbook(rows, ["empty", "pairs"]), "pairs.csv"), IMAGES) == WANTED
    numbers = [["pair", "identity", "hair"], [1, 2.0, 3]]
    assert read_pairs(saved(workbook(numbers), "n.xlsx"), ["2", "3"]) == [Pair("1", "2", {"hair": "3"})]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"pair,identity\n", "is no table that can be read; save it as .csv or .xlsx"),
        ("a.xlsx", workbook([["pair"]])[:900], "is cut short, or no Excel workbook"),
        ("a.xlsx", workbook([]), "is empty; its first row must have the columns pair, identity"),
        ("a.ods", b"PK\x03\x04", "is no table that can be read"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "is no table that can be read"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "is no table that can be read"),
        ("a.csv", b"a\0b", "cannot be read as text; save it as CSV in UTF-8"),
        ("a.csv", b'pair,identity,hair\np,x,"anna\n', "row 2: a cell has a quote"),
    ],
)
def test_what_is_no_table_says_what_to_do(refused, saved, name, content, said):
    path = saved(content, name)
    refused(f"^{path}(: |, ){said}", read_pairs, path, IMAGES)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "pair,identity,hiar",
            "row 1: there is no column 'hiar'; did you mean hair; the columns are pair, identity, hair",
        ),
        ("pair,identity,hair,Hair", "two columns have the same name, hair; remove"),
        ("pair,hair", "row 1: has no column identity; the first row must name"),
        ("p,x,anna", "row 1: names no column that is known; the first row must have the columns pair, identity, and "),
        ("par,x,anna", "there is no column 'par'; did you mean pair"),
        ("pair,identity,,hair", "column 3 has no name, but cells; name it comment"),
    ],
)
def test_a_wrong_header_is_told(saved, header, said):
    with pytest.raises(UserError, match=said):
        read_pairs(saved(f"{header}\np,x,y,anna\n"), IMAGES)


@pytest.mark.parametrize("name", ["comment", "Notes", "REMARK", "#", "# mine", " note "])
def test_columns_for_comments_are_not_read(saved, name):
    assert read_pairs(saved(f"pair,{name},identity,hair\np,zoe,x,anna\n"), IMAGES) == [Pair("p", "x", {"hair": "anna"})]


def test_all_bad_rows_are_told_at_once(saved):
    path = saved("pair,identity,hair\np,x,lost\nq,x\nmy pair,x,anna\nr,anna,anna\ns,x,\nt,x,anna\nu,x,anna\n,x,anna\n")
    with pytest.raises(UserError) as caught:
        read_pairs(path, IMAGES)
    header, *lines = str(caught.value).split("\n")
    assert header == f"{path}: 7 rows are wrong:"
    told = "\n".join(lines)
    for said in (
        "row 2: there is no image named lost", "row 3: has 2 cells, but there are 3 columns",
        "row 4: pair: 'my pair' cannot be a name: it may have the letters A to Z",
        "row 5: hair comes from anna without this cell",
        "row 6: pair s takes nothing from another image", "row 8: the same pair as in row 7",
        "row 9: the cell of column pair is empty",
    ):  # fmt: skip
        assert said in told
    assert "call it my-pair-" in told and "[A-Za" not in told


@pytest.mark.parametrize(
    "written", ["Zoe-1", "Zoë", "Zoë.jpg", "zoë.JPG", "p/Zoë.jpg", "p\\Zoë", "./Zoë.jpg", "Zoe\u0308", "Zoe-1.png"]
)
def test_a_photo_may_be_named_as_people_name_it(written):
    assert Images(IMAGES).item(written) == "Zoe-1"


def test_a_name_of_two_photos_is_refused_until_it_says_which():
    images = Images(IMAGES)
    with pytest.raises(ValueError, match=r"'ben' may be ben-1 \(p/old/ben.png\) or ben-2 \(p/new/ben.png\)"):
        images.item("ben")
    assert [images.item(name) for name in ("old/ben", "new/ben.png", "ben-1")] == ["ben-1", "ben-2", "ben-1"]
    with pytest.raises(ValueError, match=r"no image named Zoé\.jpg; did you mean Zoë\.jpg"):
        images.item("Zoé.jpg")
    assert Images({"a": "p/b.png", "b": "p/c.png"}).item("b") == "b", "an item's own name comes first"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from(["", "d", "e"])), max_size=5))
def test_what_is_written_reads_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    pairs = {
        (a, b, c): Pair(f"p{k}", a, {"hair": b} | ({"eyes": c} if c else {}))
        for k, (a, b, c) in enumerate(rows)
        if a != b
    }
    if pairs:
        path.write_bytes(csv_bytes(*as_table(list(pairs.values()))))
        assert read_pairs(path, list("abcde")) == list(pairs.values())


def test_planning_imports_no_library_of_spreadsheets():
    script = "import sys, stages.settings.manifests; print({'pandas', 'openpyxl', 'torch', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_zeros_that_a_spreadsheet_dropped_are_told():
    images = Images(["00018", "00761", "7"])
    with pytest.raises(ValueError, match="no image named 18; did you mean 00018; spreadsheets drop zeros in front"):
        images.item("18")
    with pytest.raises(ValueError, match="no image named 19; the images are"):
        images.item("19")
    assert images.item("7") == "7"
