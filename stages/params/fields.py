"""What the keys of params.yaml may hold."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, with_config
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

LARGEST = 1e15  # far beyond it float32 overflows

Steps = Annotated[int, Field(ge=0, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Rate = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Betas = Annotated[list[Beta], Field(min_length=2, max_length=2)]
Variant = Literal["paper", "official"]


def _path(value: str) -> str:
    """Braces are Snakemake's wildcards, in paths too; only shells know `~`."""
    if not 1 <= len(value) <= 1000 or set(value) & set("{}") or not value.isprintable() or value.startswith("~/"):
        raise ValueError  # without words: the title has them
    return value


def _metric(value: str) -> str:
    if not value or "@" in value or not value.isprintable():
        raise ValueError  # without words: the title has them
    return value


# What a title says is the rule in words (`stages.settings.words`); all other rules are told from the bounds.
Batch = Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"]
Path = Annotated[
    str,
    AfterValidator(_path),
    Field(
        title="a path of 1 to 1000 characters, without ~/ in front, braces, line breaks and other control characters",
        json_schema_extra={"minLength": 1, "maxLength": 1000, "pattern": "^(?!~/)[^{}\\x00-\\x1f\\x7f]+$"},
    ),
]
MetricName = Annotated[
    str,
    AfterValidator(_metric),
    Field(title="the name of a metric, without @ and the size", json_schema_extra={"pattern": "^[^@]+$"}),
]

Type = TypeVar("Type", bound=type)


def section(words: str, example: JsonDict | None = None) -> Callable[[Type], Type]:
    """A typed dictionary as a section of params.yaml: no unknown key, no "5" for 5; `words` document it.

    `example`: an entry of `methods` to show where none is of this type.
    """

    def decorate(cls: Type) -> Type:
        extra: JsonDict | None = {"examples": [example]} if example else None
        with_config(ConfigDict(extra="forbid", strict=True, json_schema_extra=extra))(cls)
        cls.__doc__ = words
        return cls

    return decorate


def doc(words: str) -> FieldInfo:
    """The words that document a key."""
    info: FieldInfo = Field(description=words)
    return info
