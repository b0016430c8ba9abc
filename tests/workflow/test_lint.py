"""Snakemake's own linter has nothing to say of the rules."""

import re

import pytest
from support import ROOT, run

pytestmark = pytest.mark.dag

# `make` installs everything and nothing else is claimed: no container was built that could run the rules.
ACCEPTED = {"Specify a conda environment or container for each rule."}


def test_the_linter_finds_nothing_but_that_rules_name_no_container():
    done = run(ROOT, "--lint")
    lints = set(re.findall(r"^    \* (.*):$", done.stdout + done.stderr, re.M))
    assert lints, "the linter's output has another form: is there nothing to accept any more?"
    assert not lints - ACCEPTED
