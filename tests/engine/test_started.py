"""How Snakemake was started: a profile that is not there, limits that limit nothing."""

import pytest
from support import ROOT

from stages.engine.started import check_limits, check_profile


@pytest.mark.parametrize("given", ["profiles/mine", "mine", "default", "none"])
def test_a_profile_is_where_snakemake_looks(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profiles" / "mine").mkdir(parents=True)
    check_profile(["-n", "--workflow-profile", given], ROOT)
    check_profile([], ROOT)


@pytest.mark.parametrize("words", [["--workflow-profile", "slrum"], ["--workflow-profile=slrum"]])
def test_a_profile_that_is_not_there_is_refused(monkeypatch, refused, words):
    monkeypatch.chdir(ROOT)
    message = "^--workflow-profile slrum: there is no such folder; .* in workflow/profiles$"
    refused(message, check_profile, ["score", "--cores", "2", *words, "-n"], ROOT)


def test_limits_that_allow_no_job_or_count_none(refused):
    refused("^--cores 0: no job could run", check_limits, None, 0, None)
    for gpus in (0, -1):
        refused(f"^--resources gpu={gpus}: Snakemake would run all jobs", check_limits, gpus, 2, None)
    check_limits(2, 2, None)
    check_limits(None, 2, None)
    check_limits(0, None, 100)  # a cluster without a GPU
