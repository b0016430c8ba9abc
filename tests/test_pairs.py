"""The list of pairs that is used: a user's, in one form and with the names of images."""

from pathlib import Path

import yaml
from support import ROOT

from stages.formats.files import write_atomic
from stages.pairs import main
from stages.regions.labels import CELEBAMASK_19
from stages.settings.manifests import listed_pairs

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())["pairs"]


def test_a_users_list_is_written_in_one_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("images.csv").write_text("image,source\nZoe-1,photos/Zoë.jpg\nanna,photos/anna.jpg\ndrawn-0000,drawn\n")
    Path("mine.csv").write_bytes(
        "Pair;Note;Identity;Eyes;Hair;;\r\np;;Zoë.jpg;;ANNA;;\r\n;;;;;;\r\nq;é;anna;Zoë;;;\r\n".encode("cp1252")
    )
    for name in ("Zoe-1", "anna"):
        write_atomic(Path("faces", f"{name}.png"), name.encode())
    paths = [Path(name) for name in ("images.csv", "faces", "maps", "pairs.csv", "pairs.json", "record.json")]
    main(PARAMS | {"file": "mine.csv"}, CELEBAMASK_19, *paths)
    assert Path("pairs.csv").read_text() == "pair,identity,hair,eyes\np,Zoe-1,anna,\nq,anna,,Zoe-1\n"
    assert list(listed_pairs(Path("pairs.csv"), Path("images.csv"))) == ["p", "q"]
    assert Path("record.json").is_file()
