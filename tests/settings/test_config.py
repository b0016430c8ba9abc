"""Parameters: what is accepted, and which lines say what is wrong."""

import copy
import math
import re
from functools import reduce
from operator import getitem

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT

from stages import registry
from stages.errors import UserError
from stages.methods import Method
from stages.settings import config
from stages.settings.schema import at, own_sections, sections

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def keys(value=PARAMS, path=()):
    """Every key as the names on the way to it, sections included."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from keys(item, (*path, key))


KEYS = list(keys())
LEAVES = [key for key in KEYS if not isinstance(reduce(getitem, key, PARAMS), dict)]


def changed(key, value):
    """The shipped parameters with one key, dots between its parts, set to a value."""
    params = copy.deepcopy(PARAMS)
    *parents, last = key.split(".") if isinstance(key, str) else key
    reduce(getitem, parents, params)[last] = value
    return params


def test_shipped_params_are_valid():
    config.check_params(PARAMS)
    for name, section in PARAMS.items():
        config.check_section(name, section)
    assert list(PARAMS) == list(sections())


@pytest.mark.parametrize("batch", ["auto", 1, 16])
def test_batches_are_a_number_or_by_memory(batch):
    for stage in ("embed", "align", "blend", "loho"):
        config.check_params(changed(f"{stage}.batch", batch))


def floats(value):
    """The same with a float for each whole number, as other writers of YAML and JSON have it."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_methods_made_of_each_other_are_refused_and_chains_are_not(refused):
    params = changed("methods.one", {"kind": "restored", "of": "barbershop"})
    params["methods"]["two"] = {"kind": "restored", "of": "one"}
    config.check_params(params)
    config.check_section("methods", {"two": params["methods"]["two"]})  # a stage gets its own entry alone
    params["methods"]["one"]["of"] = "two"
    params["methods"]["three"] = {"kind": "restored", "of": "two"}  # not in the circle
    with pytest.raises(UserError) as caught:
        config.check_params(params)
    first, one, two = str(caught.value).splitlines()
    assert first.endswith("2 settings are wrong:")
    assert "methods.one.of: it would be made of its own composites (one of two of one); name another" in one
    assert "methods.two.of: it would be made of its own composites (two of one of two); name another" in two


def test_a_fill_that_knows_another_parsers_labels_is_refused_before_anything_runs():
    params = changed("networks.parser", "bisenet16")
    with pytest.raises(
        UserError,
        match=r"target.fill: learned asks .*completer\.safetensors, which knows the labels celeb.*"
        "-19; networks.parser: bisenet16 has the labels celebamask-16; choose another fill, or train",
    ):
        config.check_params(params)
    params["target"]["fill"] = "telea"
    config.check_params(params)


def test_ten_point_zero_is_ten():
    config.check_params(floats(PARAMS))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("colour", 1, "colour: there is no such section; known: networks, .*report"),
        ("embed.w.stepz", 1, r"embed.w.stepz: there is no such key; did you mean steps\?"),
        ("networks.judge_parsers", ["bisenet19"], "networks.judge_parsers: bisenet19 is networks.parser; name another"),
        ("networks.judge_parsers", ["stlpips_vgg"], "networks.judge_parsers"),
        ("blend.steps", -1, "blend.steps: is -1; it must be a whole number from 0 to 1000000"),
        ("score.size", "256", 'score.size: is "256"; it must be 64, 128, 256, 512 or 1024; write 256 without quotes$'),
        ("maps.min_face", "0.05", 'maps.min_face: is "0.05"; it must be a number from 0 to 1'),
        ("maps.min_face", "5", "maps.min_face: .*; write 5 without quotes"),
        ("blend.rate", "1e-3", 'blend.rate: is "1e-3"; .*; in YAML that is a text: write 1.0e-3'),
        ("blend.steps", "-2.5E3", r"blend.steps: .*: write -2.5e\+3"),
        ("blend.rate", "1e", 'blend.rate: is "1e"; it must be a number above 0, at most 1e[+]15$'),
        ("embed.batch", "8", 'embed.batch: is "8"; it must be auto, or a whole number from 1 to 10000'),
        ("align.batch", 0, "align.batch: is 0; it must be auto, or a whole number from 1 to 10000"),
        ("blend.batch", 2.5, "blend.batch: is 2.5; it must be auto, or a whole number"),
        ("blend.variant", "papr", r'blend.variant: is "papr"; it must be paper or official; did you mean paper\?'),
        ("embed.w.rate", 0, "embed.w.rate: is 0; it must be a number above 0, at most 1e\\+15"),
        ("embed.w.betas", [0.5, 1], r"embed.w.betas: is \[0.5, 1\]; it must be a list of 2, each a number from 0 "),
        ("embed.w", 3, "embed.w: is 3; it must be keys with values: preview_steps, "),
        ("score.level", math.nan, "score.level: is NaN; it must be a number between 0 and 1"),
        ("networks.tf32", "yes", 'networks.tf32: is "yes"; it must be true or false'),
        ("faces.drawn.count", 2.5, "faces.drawn.count: is 2.5; it must be a whole number from 1"),
        ("methods.mine", {"kind": "latent", "code": "wplus", "align": True}, "methods.mine.code: .*be fs, fs_faces, "),
        ("methods.mine", {"kind": "latent", "code": "fs"}, "methods.mine.align: is missing"),
        ("methods.mine", {"kind": "poisson", "align": True}, "methods.mine.align: there is no such key"),
        ("methods.mine", {"kind": "poison"}, r"methods.mine.kind: there is no kind poison; did you mean poisson\?"),
        ("methods.mine", {"kind": "restored", "of": "posson"}, "methods.mine.of: there is no method posson; did you"),
        ("methods.mine", {"kind": "restored", "of": "mine"}, r"methods.mine.of: .*own composites \(mine of mine\)"),
        ("methods.mine", {"kind": "restored"}, "methods.mine.of: is missing"),
        ("methods.mine", {"kind": "regional", "of": "poisson"}, "methods.mine.of: poisson aligns no codes; these do: "),
        ("methods.mine", {"kind": ["copy"]}, r"methods.mine.kind: there is no kind \[\"copy\"\]; did you mean copy\?"),
        ("methods.mine", {"paste": "glue"}, "methods.mine: name its kind, copy, .*latent, .*: `mine: {kind: …}`"),
        ("methods.mine", {"kind": "results", "images": "a", "code": "fs"}, "methods.mine.code: there is no such key"),
        ("methods.mine", {"kind": "results", "images": ""}, 'methods.mine.images: is ""; it must be a path of 1 '),
        ("methods.Mine", {"kind": "copy"}, 'methods: "Mine" cannot be a method\'s name: it begins with a small letter'),
        ("methods.mine\n", {"kind": "copy"}, "methods: .*mine.* cannot be a method's name"),
        ("methods", {}, "methods: name at least one method"),
        ("report.against", "baselin", r"report.against: there is no method baselin; did you mean baseline\?"),
        ("report.metrics", ["SSIM@256"], "report.metrics: .*each the name of a metric, without @ and the size"),
        ("examples.kinds", ["beard"], "examples.kinds.*beard.*each shape_and_colour, "),
        ("examples.kinds", ["eyes", "eyes"], "examples.kinds: names eyes more than once"),
        ("faces.source", ["photos"], "faces.photos: name the folder of photos"),
        ("faces.source", "photos", 'faces.source: is "photos"; it must be a list of 1 or more, each drawn, '),
        ("faces.photos", "a{b}", 'faces.photos: is "a{b}"; it must be null, or a path .* braces'),
        ("faces.photos", "~/photos", 'faces.photos: is "~/photos"; it must be null, or a path .* without ~/ in front'),
        ("pairs.file", "a\nb", r'pairs.file: is "a\\nb"; it must be null, or a path .* line breaks'),
        ("pairs.count", 10**9, "pairs.count: is 1000000000; it must be a whole number from 1 to 1000000"),
        ("networks.generator", "bisenet19", "networks.generator: there is no generator bisenet19; known: mobile"),
        ("networks.judges", ["stlpips_vg"], r"networks.judges: .*network stlpips_vg; did you mean stlpips_vgg\?"),
        ("target.fill", "tela", r"target.fill: there is no fill tela; did you mean telea\?"),
        ("checkpoints.stylegan", "x", r"checkpoints.stylegan: there is no such key; did you mean stylegan2\?"),
    ],
)  # fmt: skip
def test_wrong_params_name_the_key_and_the_rule(refused, key, value, named):
    refused(f"^params.yaml: {named}", config.check_params, changed(key, value))


def test_the_examples_need_a_method_that_embeds(refused):
    params = changed("examples.method", "poisson")
    config.check_params(params)  # without examples it does not matter
    params["examples"]["kinds"] = ["eyes"]
    refused("examples.method: poisson embeds no images; these do: .*barbershop", config.check_params, params)


def test_a_method_may_need_the_labels_of_some_parsers(refused):
    params = changed("methods.sean", {"kind": "sean"})
    config.check_params(params)
    params["networks"]["parser"], params["target"]["fill"] = "bisenet16", "telea"
    refused(
        "methods.sean: knows the labels celebamask-19 only, and networks.parser: bisenet16 has celebamask-16; "
        "name another parser, or leave the method out",
        config.check_params,
        params,
    )


@pytest.mark.parametrize("code", ["psp", "e4e"])
def test_an_encoders_codes_need_its_generator(refused, code):
    params = changed("methods.mine", {"kind": "latent", "code": code, "align": False})
    refused(
        f"methods.mine.code: {code} gives codes of stylegan2, and networks.generator is mobilestylegan; "
        "set it to stylegan2, or choose another",
        config.check_params,
        params,
    )
    params["networks"]["generator"] = "stylegan2"
    refused(
        "embed.start: encoder gives codes of mobilestylegan, and networks.generator is stylegan2; "
        "set it to mobilestylegan, or choose w or mean",
        config.check_params,
        params,
    )
    params["embed"]["start"] = "w"
    config.check_params(params)


@pytest.mark.parametrize("start", ["psp", "e4e"])
def test_an_encoder_where_embedding_starts_needs_its_generator(refused, start):
    params = changed("embed.start", start)
    refused(f"embed.start: {start} gives codes of stylegan2, and networks.generator is", config.check_params, params)
    params["networks"]["generator"] = "stylegan2"
    config.check_params(params)


def test_embedding_starts_at_the_mean_at_w_or_at_an_encoders_code(refused):
    for start in ("mean", "w", "encoder"):
        config.check_params(changed("embed.start", start))
    for start in ("fs", "i2s", "bisenet19", "w+"):
        refused(
            f"embed.start: there is no start {re.escape(start)}", config.check_params, changed("embed.start", start)
        )


def test_alignment_from_the_embedding_on_needs_w(refused):
    for key, value, said in (("start", 1.0, "align.start: 1.0"), ("variant", "official", "align.variant: official")):
        params = changed("embed.start", "w")
        params["align"][key] = value
        config.check_params(params)
        for start in ("mean", "encoder"):
            params["embed"]["start"] = start
            refused(
                f"{said}: methods.barbershop is aligned from W\\+ on, and embed.start: {start} has none; set it to w",
                config.check_params,
                params,
            )
        params["embed"]["start"] = "w"
        params["methods"]["mine"] = {"kind": "latent", "code": "encoder", "align": True}
        refused(
            f"{said}: methods.mine is .*, and its code encoder has none; choose another", config.check_params, params
        )


def test_the_old_name_of_a_section_is_answered_by_its_new_one(refused):
    params = {name: section for name, section in PARAMS.items() if name != "examples"}
    params["gallery"] = PARAMS["examples"]
    told = "^params.yaml: gallery: the section with kinds, method, seed is called examples now; rename it$"
    refused(told, config.check_params, params)
    refused(told, config.check_params, params | {"examples": PARAMS["examples"]})  # of a file for --configfile


@pytest.mark.parametrize("name", sorted(PARAMS.keys() - {"methods"}))
def test_missing_key_is_named(refused, name):
    key, *others = PARAMS[name]
    refused(f"^{name}.{key}: is missing$", config.check_section, name, {o: PARAMS[name][o] for o in others})
    params = {other: section for other, section in PARAMS.items() if other != name}
    refused(f"^params.yaml: {name}: is missing$", config.check_params, params)


def test_all_that_is_wrong_is_told_at_once():
    params = changed("embed.w.steps", -5) | {"mapz": PARAMS["maps"]}
    del params["maps"], params["align"]["start"]
    params["report"]["method"] = "poison"
    with pytest.raises(UserError) as caught:
        config.check_params(params)
    assert str(caught.value).split("\n") == [
        "params.yaml: 4 settings are wrong:",
        "  params.yaml: mapz: there is no such section; did you mean maps?",
        "  params.yaml: embed.w.steps: is -5; it must be a whole number from 0 to 1000000",
        "  params.yaml: align.start: is missing",
        "  params.yaml: report.method: there is no method poison; did you mean poisson?",
    ]


def test_a_section_that_holds_itself_is_refused(refused):
    section = dict(PARAMS["maps"])
    section["reduce"] = section
    refused("^params.yaml: maps: .*holds itself", config.check_params, changed("maps", section))


def slips(word):
    """A word with one letter changed, left out, put in, or two swapped."""
    for k in range(len(word)):
        begin, letter, end = word[:k], word[k], word[k + 1 :]
        yield from (begin + end, begin + letter + letter + end, begin + "x" + end, begin + "e" + end)
        yield begin + end[:1] + letter + end[1:]


@pytest.mark.parametrize("key", [key for key in KEYS if key[0] != "methods" or len(key) != 2], ids=".".join)
def test_a_misspelt_key_is_answered_with_the_right_one(key):
    *parents, last = key
    params = copy.deepcopy(PARAMS)
    section = reduce(getitem, parents, params)
    value = section.pop(last)
    for wrong in {*slips(last)} - {last, "", *section}:
        section[wrong] = value
        with pytest.raises(UserError) as caught:
            config.check_params(params)
        del section[wrong]
        what, dotted = "key" if parents else "section", ".".join([*parents, wrong])
        if last == "kind":  # without it nothing is known of an entry
            assert "name its kind" in str(caught.value)
        else:
            assert str(caught.value) == f"params.yaml: {dotted}: there is no such {what}; did you mean {last}?"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JUNK = st.recursive(
    SCALARS | st.sampled_from([10**400, -1, 1e308, -0.0, math.nan, math.inf, "auto", "\ud800", "a\nb", "x" * 2000])
    | st.dates(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4) | st.integers() | st.none(), x, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=500)
@given(key=st.sampled_from(LEAVES), value=JUNK)
def test_any_value_is_taken_or_refused_by_a_line_that_names_the_key(key, value):
    try:
        config.check_params(changed(key, value))
    except UserError as error:
        # A wrong `source` may lack its folder.
        names = {".".join(key), "faces.photos"} if key == ("faces", "source") else {".".join(key)}
        header, *lines = str(error).split("\n")
        assert not lines or header.endswith("settings are wrong:")
        for line in lines or [header]:
            line.encode()  # can be printed
            assert line.strip().startswith(tuple(f"params.yaml: {name}: " for name in names)) and len(line) < 700
            assert "Input should" not in line


@pytest.mark.parametrize("key", LEAVES, ids=".".join)
def test_every_key_refuses_some_value_and_says_its_rule(refused, key):
    refused(f"^params.yaml: {'.'.join(key)}: ", config.check_params, changed(key, {"a": [object]}))
    assert at(key, PARAMS) is not None


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"a": "mine", "b": "mine"}, "^stages/methods: a and b have one section, mine; rename one of them"),
        ({"a": "score"}, "^stages/methods: section score of a kind of method is that of a stage; rename it"),
    ],
)
def test_a_section_belongs_to_one_kind(monkeypatch, kinds, message):
    methods = {kind: Method(dict, len, section=name, params=dict) for kind, name in kinds.items()}
    monkeypatch.setattr(
        "stages.registry.entries",
        lambda room, entries=registry.entries: methods if room == "methods" else entries(room),
    )
    own_sections.cache_clear()
    sections.cache_clear()
    try:
        with pytest.raises(UserError, match=message):
            sections()
    finally:
        own_sections.cache_clear()
        sections.cache_clear()
