"""Environments: every item counts once, records without any are no harm, and what is mixed is named."""

from stages.reporting.environments import environments_table, mixed

OLD, NEW = {"device": "cpu x86_64", "torch": "2.13.0"}, {"device": "cpu x86_64", "torch": "2.14.1"}


def record(stage, *environments, common=None):
    """A record of items with these environments; None: an item that failed."""
    items = [
        {"item": str(k), "status": "failed", "reason": "nan"} if environment is None else
        {"item": str(k), "status": "ok", "environment": environment}
        for k, environment in enumerate(environments)
    ]  # fmt: skip
    return {"stage": stage, "items": items} | ({"environment": common} if common else {})


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


def test_one_environment_is_one_row_and_not_mixed():
    records = [
        record("maps", NEW, NEW),
        record("codes", NEW),
        record("composites-ours", {"torch": "2.14.1"}, common=NEW),
    ]
    header, _, only = rows(environments_table(records))
    assert header == ["device", "torch", "stages", "items"]
    assert only == ["cpu x86_64", "2.14.1", "maps, codes, composites", "4"]
    assert mixed(records) == []


def test_every_item_is_counted_once_and_mixed_packages_are_named():
    records = [
        record("codes", OLD, OLD, OLD, NEW, None),
        record("aligned-ours", NEW, NEW),
        record("aligned-other", NEW),
    ]
    _, _, *found = rows(environments_table(records))
    assert found == [["cpu x86_64", "2.13.0", "codes", "3"], ["cpu x86_64", "2.14.1", "codes, aligned", "4"]]
    assert mixed(records) == ["torch 2.13.0 (codes; 3 items) and 2.14.1 (codes, aligned; 4 items)"]


def test_what_a_stage_does_not_use_is_no_difference():
    records = [record("codes", NEW | {"threads": 2}), record("pasted", {"device": "cpu x86_64"})]
    assert mixed(records) == []
    _, _, *found = rows(environments_table(records))
    assert [line[2:] for line in found] == [["2", "codes", "1"], ["–", "pasted", "1"]]


def test_precision_may_differ_between_stages_but_not_within_one():
    fast, exact = NEW | {"precision": "bfloat16"}, NEW | {"precision": "float32"}
    assert mixed([record("codes", fast, fast), record("maps", exact)]) == []
    assert mixed([record("codes", fast, exact), record("maps", exact)]) == [
        "precision bfloat16 (codes; 1 item) and float32 (codes; 1 item)"
    ]


def test_a_stage_without_torch_names_another_device_but_two_with_it_may_not():
    plain, gpu = {"device": "cpu x86_64", "numpy": "2.4"}, {"device": "cuda 9.0", "torch": "2.14.1"}
    assert mixed([record("codes", gpu), record("composites-pasted", plain)]) == []
    assert mixed([record("codes", gpu), record("aligned-ours", NEW), record("pasted", plain)]) == [
        "device cpu x86_64 (aligned; 1 item) and cuda 9.0 (codes; 1 item)"
    ]


def test_an_item_may_say_otherwise_than_its_record():
    records = [record("codes", {}, {"torch": "2.13.0"}, common=NEW)]
    assert mixed(records) == ["torch 2.13.0 (codes; 1 item) and 2.14.1 (codes; 1 item)"]


def test_records_without_environments_say_nothing():
    records = [{"stage": "maps", "items": [{"item": "a", "status": "ok"}]}, record("codes", {}, None)]
    assert environments_table(records) == ""
    assert mixed(records) == []
