"""Stage `target` with a learned fill: its network is asked, and says how doubtful the holes are."""

import numpy as np
from PIL import Image
from support import drawn_maps, seeded

from stages.convert import convert
from stages.engine.stage_records import write_record
from stages.formats.label_maps import label_map_bytes, read_label_map
from stages.nets.completer_net import Completer
from stages.nets.trained import halved
from stages.regions.labels import CELEBAMASK_19
from stages.target import main

SCHEME = CELEBAMASK_19
PARAMS = {"fill": "learned", "islands": 0.001, "completion": {"sign": "realistic", "steps": 0, "rate": 0.01}}


def test_a_learned_fill_completes_holes_and_tells_its_doubt(tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    maps = dict(list(drawn_maps().items())[:2])
    (tmp_path / "maps").mkdir()
    for name, labels in maps.items():
        (tmp_path / "maps" / f"{name}.png").write_bytes(label_map_bytes(labels, SCHEME))
    identity, hair = maps
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"pair,identity,hair\np,{identity},{hair}\n")
    write_record(tmp_path / "data" / "records" / "maps.json", "maps", sorted((tmp_path / "maps").iterdir()))
    net = seeded(Completer(SCHEME, 4))
    (tmp_path / "trained").write_bytes(halved(net, {"network": "completer", "scheme": SCHEME.name, "width": "4"}))
    (tmp_path / "completer").write_bytes(convert("completer", tmp_path / "trained"))
    unused, out = tmp_path / "unused", tmp_path / "targets"
    given = (PARAMS, SCHEME, pairs, tmp_path / "maps", unused, unused, out, tmp_path / "record.json")
    main(*given, completer=tmp_path / "completer")
    labels = read_label_map(out / "p.png", SCHEME)
    doubt = np.asarray(Image.open(out / "doubt" / "p.png"))
    own, other = (np.isin(maps[name], SCHEME.indices("hair")) for name in (identity, hair))
    holes = own & ~other
    assert doubt.shape == labels.shape and (doubt[~holes] == 0).all() and doubt[holes].mean() > 0
    assert (labels[~own & ~other] == maps[identity][~own & ~other]).all()
    assert set(np.unique(labels[holes])) <= set(SCHEME.hidden_indices)
    refused("target.fill: learned asks a network; name its weights by --completer", main, *given)
