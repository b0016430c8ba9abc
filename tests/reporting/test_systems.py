"""The table of systems: the state of each follows from the methods of the run and from what others published."""

import copy

import pytest
import yaml
from support import ROOT

from stages import registry
from stages.errors import UserError
from stages.reporting.systems import HERE, NOT_RUN, PUBLISHED, RESULTS, systems_table
from stages.settings.config import check_params
from stages.systems import System

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def table(**methods):
    """The cells after the title, by title, of a run with these methods beside those of params.yaml."""
    params = copy.deepcopy(PARAMS)
    params["methods"] |= methods
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in systems_table(params).splitlines()]
    return {title: cells for title, *cells in lines[2:]}


def test_the_default_run_measures_ii2s_and_says_what_the_others_need():
    rows = table()
    assert rows["II2S"][:2] == [HERE, "Barbershop, Baseline"]
    assert rows["MichiGAN"] == [
        PUBLISHED, "–", "Barbershop, Table 1, Barbershop, user study",
        "its own code and a GPU: `python -m stages.export --layout michigan`",
    ]  # fmt: skip
    assert rows["LOHO"][0] == PUBLISHED and rows["LOHO"][-1] == "a method `kind: loho`"
    assert rows["e4e"] == [
        NOT_RUN,
        "–",
        "–",
        f"a method with `code: e4e`, with its checkpoint as `{PARAMS['checkpoints']['e4e']}`",
    ]
    assert rows["StyleFlow"][0] == rows["H-Adapter"][0] == NOT_RUN
    assert rows["H-Adapter"][-1] == "no public code was found"
    assert rows["StyleGAN2"][-1].startswith("`networks.generator: stylegan2`, with its checkpoint")
    assert {registry.load("systems", name).title for name in registry.names("systems")} == set(rows)


def test_a_method_a_code_and_results_each_make_a_row():
    rows = table(
        sean={"kind": "sean"}, quick={"kind": "latent", "code": "psp", "align": False},
        theirs={"kind": "results", "images": "results/theirs", "system": "hairfastgan"},
        mine={"kind": "results", "images": "results/mine"},
    )  # fmt: skip
    assert rows["SEAN"] == [HERE, "SEAN", "–", "–"]
    assert rows["pSp"][:2] == [HERE, "quick"]
    assert rows["HairFastGAN"][:2] == [RESULTS, "theirs"] and rows["HairFastGAN"][-1] == "–"
    assert not any("mine" in cells[1] for cells in rows.values())


def test_the_generator_counts_for_all_that_use_it():
    params = copy.deepcopy(PARAMS)
    params["networks"]["generator"] = "stylegan2"
    params["embed"]["start"] = "w"
    assert "| StyleGAN2 | measured here | Barbershop, Baseline | – | – |" in systems_table(params)


def test_states_stand_together():
    states = [cells[0] for cells in table(loho={"kind": "loho"}).values()]
    assert states == sorted(states, key=[HERE, RESULTS, PUBLISHED, NOT_RUN].index)


@pytest.mark.parametrize("name", registry.names("systems"))
def test_what_measures_a_system_is_there(name):
    system = registry.load("systems", name)
    assert set(system.kinds) <= {*registry.names("methods")}
    assert system.network is None or system.network in PARAMS["checkpoints"]
    assert set(system.codes) <= {"fs", "w", "i2s", "w_single", *registry.names("networks")}


def test_an_entry_says_how_it_gets_a_row_or_why_not():
    with pytest.raises(UserError, match="give one of kinds"):
        System("X", "X et al.", None)
    with pytest.raises(UserError, match="a layout needs takes, gives and facts"):
        System("X", "X et al.", None, layout=lambda given: None)


def test_an_unknown_system_of_results_is_told():
    params = copy.deepcopy(PARAMS)
    params["methods"]["mine"] = {"kind": "results", "images": "a", "system": "hairfast"}
    told = r"methods\.mine\.system: there is no system hairfast; did you mean hairfastgan"
    with pytest.raises(UserError, match=told):
        check_params(params)
