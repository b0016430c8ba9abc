"""Lists of pairs from other projects and as JSON lines: read like ours, or one line for each thing that is wrong."""

import json

import pytest

from stages.regions.pair import Pair
from stages.settings.pairs_csv import read_pairs

IMAGES = {
    "anna": "p/anna.jpg",
    "ben": "p/ben.jpg",
    "00018": "p/00018.png",
    "Zoe-1": "p/Zoë.jpg",
}
HAIRPORT = "target_id,source_id,lift_3d,head_diff_angle\nanna,ben,True,0.98\n00018,anna,False,0.02\n"
WANTED = [Pair("anna_to_ben", "ben", {"hair": "anna"}), Pair("00018_to_anna", "anna", {"hair": "00018"})]


@pytest.fixture
def saved(tmp_path):
    def save(content, name):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return save


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.csv", HAIRPORT),
        ("pairs.csv", "source_id;target_id\nben;anna\nanna;00018\n"),
        ("pairs.csv", "Target ID,Source ID,Note\nanna.jpg,BEN,x\n00018,anna,\n"),
        ("pairs.jsonl", lines({"target_id": "anna", "source_id": "ben", "lift_3d": True, "head_diff_angle": 0.9})
         + "\n" + lines({"target_id": "00018", "source_id": "anna", "comment": ["any"]})),
        ("pairs.ndjson", lines({"pair": "anna_to_ben", "identity": "ben", "hair": "anna", "eyes": None},
                               {"pair": "00018_to_anna", "identity": "anna", "hair": "00018"})),
    ],
)  # fmt: skip
def test_the_hair_of_the_target_for_the_face_of_the_source(saved, name, content):
    read = read_pairs(saved(content, name), IMAGES)
    assert [pair[1:] for pair in read] == [pair[1:] for pair in WANTED]
    assert [pair.pair for pair in read][1] == "00018_to_anna"


def test_a_pair_may_have_a_name_of_its_own_and_odd_ids_get_one(saved):
    assert read_pairs(saved("pair,target_id,source_id\nmine,anna,ben\n", "a.csv"), IMAGES)[0].pair == "mine"
    (pair,) = read_pairs(saved("target_id,source_id\nZoë,ben\n", "b.csv"), IMAGES)
    assert pair.pair.startswith("Zoe_to_ben-") and pair.regions == {"hair": "Zoe-1"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.csv", "target_id,hair\nanna,ben\n", "row 1: has no column source_id"),
        ("p.csv", "target_id,source_id\nanna,\n", "row 2: the cell of column source_id is empty"),
        ("p.csv", "target_id,source_id,hair\nanna,ben,anna\n", "row 2: has hair and target_id, which say the same"),
        ("p.csv", "target_id,source_id\nanna,carl\n", "row 2: there is no image named carl"),
        ("p.csv", "target_id,source_id\nanna,anna\n", "row 2: hair comes from anna without this cell"),
        ("p.csv", "target_id,source_id\nanna,ben\nanna,ben\n", "row 3: the same name as in row 2"),
        ("p.csv", "target_id,source,lift_3d\nanna,ben,True\n", "row 1: there is no column 'source'"),
        ("p.jsonl", "[1]\n", "row 1: is no JSON object"),
        ("p.jsonl", '{"target_id": "anna"\n', "row 1: is no JSON object"),
        ("p.jsonl", lines({"target_id": "anna"}), "row 1: the cell of column source_id is empty"),
        ("p.jsonl", lines({"pair": "p", "identity": "anna", "hiar": "ben"}), "there is no column 'hiar'; did you mean"),
        ("p.jsonl", lines({"pair": "p", "identity": "anna", "hair": ["ben"]}), "row 1: hair: is no name"),
        ("p.jsonl", lines({"pair": "p", "identity": "anna", "hair": "b", "Hair": "x"}), "two keys have the same name"),
        ("p.jsonl", "\n", "is empty; each line must be a JSON object"),
        ("p.jsonl", "[" * 100_000, "row 1: is no JSON object"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(refused, saved, name, content, said):
    refused(said, read_pairs, saved(content, name), IMAGES)


def test_a_file_that_is_not_there_or_no_text(refused, tmp_path):
    refused("no.jsonl: cannot be read: there is no such file", read_pairs, tmp_path / "no.jsonl", IMAGES)
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00{")
    refused("b.jsonl: cannot be read as text", read_pairs, tmp_path / "b.jsonl", IMAGES)


def test_all_bad_rows_are_told_at_once(tmp_path, saved):
    from stages.errors import UserError

    content = lines({"target_id": "carl", "source_id": "ben"}) + "{\n" + lines({"source_id": "ben"})
    with pytest.raises(UserError) as caught:
        read_pairs(saved(content, "p.jsonl"), IMAGES)
    said = str(caught.value).splitlines()
    assert len(said) == 4 and "3 rows are wrong" in said[0]
