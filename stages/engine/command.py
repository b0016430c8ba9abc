"""The command line that every stage shares: options, log, errors."""

import errno
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from stages.engine import run_log
from stages.engine.lifeline import follow
from stages.engine.stage_records import check_manifests
from stages.errors import UserError
from stages.regions.labels import SCHEMES, LabelScheme
from stages.settings.config import check_section
from stages.settings.problems import NAME, NAME_RULE, quoted

log = logging.getLogger("stages")

CONTROL_C = 128 + signal.SIGINT  # Typer's exit status then
ROOM, ALLOW = "make room", "make it readable and writable"
REMEDIES = {  # of what is wrong with a disk or a file there, and is no bug
    errno.ENOSPC: ROOM, errno.EDQUOT: ROOM, errno.EROFS: ALLOW, errno.EACCES: ALLOW, errno.EPERM: ALLOW,
    errno.EISDIR: "a file belongs there, move the folder away",
    errno.ENOTDIR: "a folder belongs there, move the file away",
    errno.EEXIST: "a folder belongs there, move the file away",
    errno.ELOOP: "remove the link, which leads to itself",
}  # fmt: skip

Log = Annotated[Path | None, typer.Option("--log", help="file that gets a copy of the messages")]


def as_json(name: str | None = None) -> Callable[[str], dict[str, object]]:
    """Parser of an option that is JSON: a section of params.yaml, which is checked, or anything else without a name."""

    def parse(text: str) -> dict[str, object]:
        try:
            params: dict[str, object] = json.loads(text)
        except ValueError as error:
            raise typer.BadParameter(f"not JSON: {error}") from error
        try:
            if name is not None:
                check_section(name, params)
        except UserError as error:
            raise typer.BadParameter(str(error)) from error
        return params

    return parse


TF32 = Annotated[bool, typer.Option("--tf32/--float32", help="networks.tf32: whether a GPU may use TF32 for float32")]


def _scheme(name: str) -> LabelScheme:
    if name not in SCHEMES:
        raise typer.BadParameter(f"{name}: unknown; known: {', '.join(SCHEMES)}")
    return SCHEMES[name]


Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="networks.precision: of the networks that only gradients pass through"),
]


def names_in(text: str) -> frozenset[str]:
    """Parser of an option that is several names with commas between them."""
    names = frozenset(text.split(","))
    for name in sorted(names):
        if not re.fullmatch(NAME, name):
            raise typer.BadParameter(f"{quoted(name)} cannot be a name: it {NAME_RULE}")
    return names


Names = Annotated[
    frozenset[str], typer.Option("--names", parser=names_in, help="names of the images, with commas between them")
]


def _weights(text: str) -> dict[str, Path]:
    return {role: Path(str(path)) for role, path in as_json()(text).items()}


Weights = Annotated[
    dict[str, Path], typer.Option("--weights", parser=_weights, help="weight files by their role, as JSON")
]

Scheme = Annotated[LabelScheme, typer.Option("--scheme", parser=_scheme, help="label scheme of the maps, by name")]


def run_stage(main: Callable[..., None]) -> None:
    """Run a stage's command: a user's mistake ends in one line and exit status 1, without a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    follow()
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    reason: str | None = "stopped"
    try:
        log_to(_named_log(sys.argv))
        check_manifests()
        app()
        reason = None
    except SystemExit as stop:  # so Typer ends, also well
        reason = None if not stop.code else "Ctrl-C" if stop.code == CONTROL_C else f"exit status {stop.code}"
        raise
    except UserError as error:
        reason = str(error)
        log.error("error: %s", reason)
    except Exception as error:
        if not isinstance(error, OSError) or error.errno not in REMEDIES:
            reason = _bug(error)
            raise
        reason = f"{error}; finished items are kept: {REMEDIES[error.errno]}, and run again"
        log.error("error: %s", reason)
    finally:
        run_log.end(reason)
    if reason is not None:
        sys.exit(1)


def _named_log(arguments: list[str]) -> Path | None:
    """The file after --log. It is asked for before the options are parsed: what fails until then is said there too."""
    return Path(arguments[arguments.index("--log") + 1]) if "--log" in arguments[:-1] else None


def _bug(error: Exception) -> str:
    """One line on an error that nobody expected. Its traceback goes into the log too."""
    said = f"a bug: {type(error).__name__}: {error}".splitlines()[0]
    found = (type(error), error, error.__traceback__)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(log.makeRecord(log.name, logging.CRITICAL, __file__, 0, said, (), found))
    return said


def log_to(path: Path | None) -> None:
    """Copy the messages to a file, plain lines with the full date, and begin the job's run log beside it.

    Where Snakemake shows what its jobs do, they go to the file only: several jobs would write over each other.
    """
    if path is not None and not run_log.is_begun(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        logging.raiseExceptions = False  # a full disk must not bury the message in tracebacks of its own copy
        handler = logging.FileHandler(path, mode="w")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        root = logging.getLogger()
        if run_log.WATCHED_VARIABLE in os.environ:
            root.handlers.clear()
        root.addHandler(handler)
        run_log.begin(path)
