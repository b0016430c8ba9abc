"""What the keys of params.yaml may hold."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, WrapValidator, with_config
from pydantic_core import PydanticCustomError

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


def _batch(value: Any, check: Callable[[Any], Any]) -> Any:
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError("batch", "must be auto or a whole number from 1 to 10000") from None


def _path(value: str) -> str:
    """Braces are Snakemake's wildcards, in paths too."""
    if not 1 <= len(value) <= 1000:
        raise PydanticCustomError("path", "must have 1 to 1000 characters")
    if set(value) & set("{}") or not value.isprintable():
        raise PydanticCustomError("path", "must not have braces, line breaks or other control characters: rename it")
    return value


def _metric(value: str) -> str:
    if not value or "@" in value:
        raise PydanticCustomError("metric", "must be the name of a metric without @ and the size")
    return value


Batch = Annotated[Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"], WrapValidator(_batch)]
Path = Annotated[str, AfterValidator(_path)]
MetricName = Annotated[str, AfterValidator(_metric)]

Type = TypeVar("Type", bound=type)


def section(words: str) -> Callable[[Type], Type]:
    """A typed dictionary as a section of params.yaml: no unknown key, no "5" for 5; `words` document it."""

    def decorate(cls: Type) -> Type:
        with_config(ConfigDict(extra="forbid", strict=True))(cls)
        cls.__doc__ = words
        return cls

    return decorate


def doc(words: str) -> Any:
    """The words that document a key."""
    return Field(description=words)
