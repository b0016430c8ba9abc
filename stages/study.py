"""`python -m stages.study`: a blind preference study of a finished run: build it, ask people, export their answers."""

import logging
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
import uvicorn
import yaml
from pydantic import ValidationError
from tqdm import tqdm

from stages.engine.command import log
from stages.engine.stage_records import check_below
from stages.errors import ItemError, UserError
from stages.formats.files import write_atomic
from stages.formats.words import counted
from stages.settings.manifests import listed_pairs
from stages.statistics import table, votes
from stages.statistics.comparison import MIN_ITEMS
from stages.statistics.names import FAILURE
from stages.statistics.preferences import attention
from stages.statistics.votes import COMPARISON
from stages.voting import offline
from stages.voting.building import Wanted, build, check_wanted
from stages.voting.exporting import facts_of, votes_of
from stages.voting.store import Store
from stages.voting.study_file import ANSWERS, open_study
from stages.voting.web import app_of
from stages.voting.words import DEFAULT, Words

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Folder = Annotated[Path, typer.Option("--study", help="folder of the study")]
STUDY = Path("study")
LOCAL = "127.0.0.1"
LARGE = 50_000_000  # bytes of an offline page above which a smaller one is advised


@app.command("build")
def build_study(
    method: Annotated[list[str] | None, typer.Option(help="a method to compare; repeat for more; else all")] = None,
    against: Annotated[str | None, typer.Option(help="compare each other method with this one alone")] = None,
    pair: Annotated[list[str] | None, typer.Option(help="a pair to show; repeat for more; else all")] = None,
    draw: Annotated[int | None, typer.Option(min=1, help="how many of the pairs, drawn at random; else all")] = None,
    share: Annotated[int, typer.Option(min=1, help="comparisons that a person is asked")] = 30,
    practice: Annotated[int, typer.Option(min=0, help="trials at the beginning that do not count")] = 2,
    attention: Annotated[int, typer.Option(min=0, help="trials with a damaged picture among the comparisons")] = 5,
    identical: Annotated[int, typer.Option(min=0, help="trials that show the same picture twice")] = 1,
    allowed_wrong: Annotated[
        int, typer.Option(min=0, help="attention trials that may be wrong; with more, nothing of a person counts")
    ] = 1,
    words: Annotated[
        Path | None,
        typer.Option(help="YAML file with words of your own: title, question, consent, instructions, thanks"),
    ] = None,
    size: Annotated[int, typer.Option(min=64, max=1024, help="px of the pictures at most")] = 1024,
    seed: Annotated[
        int | None, typer.Option(min=0, help="seed of pairs, trials, sides and orders; else at random")
    ] = None,
    out: Annotated[Path, typer.Option(help="folder of the study, to be made")] = STUDY,
    data: Annotated[Path, typer.Option(help="folder of the run's artifacts")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="folder of the run's report")] = Path("reports"),
) -> None:
    """Write a study: the pictures to compare and the words. Then ask people by `serve`."""
    if not (data / "composites").is_dir():
        raise UserError(f"{data / 'composites'}: no such folder; type `snakemake` first, or name it: --data")
    frame = read_table(reports)
    failed = frame[(frame["metric"] == FAILURE) & (frame["item"] != table.SUMMARY) & (frame["value"] == 1)]
    transfer = frame[frame["protocol"] == "transfer"]
    known = [name for name in dict.fromkeys(transfer["method"]) if (data / "composites" / name).is_dir()]
    wanted = Wanted(
        method or known, against, draw, share, practice, attention, identical, allowed_wrong, size, seed,
        read_words(words) if words else DEFAULT,
    )  # fmt: skip
    check_wanted(wanted, known)
    listed = listed_pairs(data / "pairs.csv", data / "images.csv")
    if unknown := [name for name in pair or [] if name not in listed]:
        raise UserError(f"--pair {unknown[0]}: {data / 'pairs.csv'} lists no such pair")
    pairs = [listed[name] for name in pair or listed]
    if draw is not None and draw > len(pairs):
        raise UserError(f"--draw {draw}: there are {counted(len(pairs), 'pair')} to draw from; ask for fewer")
    check_below([data / "faces", *(data / "composites" / name for name in wanted.methods)])
    bar = tqdm(total=draw or len(pairs), desc="pairs copied", leave=False, disable=not sys.stderr.isatty())
    try:
        study = build(
            out,
            wanted,
            pairs,
            lambda image: data / "faces" / f"{image}.png",
            lambda name, of: data / "composites" / name / f"{of}.png",
            {(row.method, row.item): row.note for row in table.rows(failed)},
            lambda _: bar.update(),
        )
    except ItemError as error:
        raise UserError(str(error)) from error
    bar.close()
    for left in study.left_out:
        typer.echo(f"not shown: {left.pair} by {left.method}: {left.why}")
    if len(study.pairs) < MIN_ITEMS:
        typer.echo(f"With fewer than {MIN_ITEMS} pairs the report will show no order of methods.")
    asked = counted(len(study.comparisons), "comparison")
    typer.echo(
        f"{out}: {asked} of {counted(len(study.methods), 'method')} on {counted(len(study.pairs), 'pair')}, of which a "
        f"person is asked {min(share, len(study.comparisons))}.\nKeep this folder to yourself: study.json says which "
        f"picture is of which method.\nNext: python -m stages.study serve --study {out}"
    )


@app.command()
def serve(
    study: Folder = STUDY,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the server; 0: any free port")] = 8765,
    open_to_others: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="let other machines in, at this address; 0.0.0.0: at all")
    ] = None,
    offline_page: Annotated[
        Path | None, typer.Option("--offline", help="write one HTML file that needs no server instead")
    ] = None,
    sheets: Annotated[
        int, typer.Option(min=1, max=1000, help="offline file: how many different lists of comparisons")
    ] = 8,
    size: Annotated[int, typer.Option(min=64, max=1024, help="offline file: px of its pictures")] = 512,
) -> None:
    """Ask people, by a small web site on this machine, until Ctrl-C. Every answer is stored at once."""
    opened = open_study(study)
    if offline_page is not None:
        write_offline(study, offline_page, sheets, size)
        return
    store = Store(study / ANSWERS, opened.digest)
    token = None if open_to_others is None else opened.study.token
    host = open_to_others or LOCAL
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise UserError(
            f"{host}, port {port}: the server cannot use it ({error.strerror}); choose another --port"
            + ("" if open_to_others is None else ", or an address of this machine")
        ) from error
    typer.echo(link(host, listening.getsockname()[1], token))
    config = uvicorn.Config(
        app_of(opened, store, token), log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        lifespan="off", ws="none", timeout_keep_alive=15, timeout_graceful_shutdown=5, limit_concurrency=2000,
        h11_max_incomplete_event_size=16_384,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        told = f"{counted(len(store.answers()), 'answer')} of {counted(store.persons(), 'person')}"
        store.close()
        typer.echo(f"Stopped. {study / ANSWERS} holds {told}.\nNext: python -m stages.study export --study {study}")


def link(host: str, port: int, token: str | None) -> str:
    """The one line that says where the study is."""
    if token is None:
        return f"Open http://{host}:{port}/ on this machine. Ctrl-C stops it."
    name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return (
        f"Give this link, with its token, to those who take part: http://{name}:{port}/?token={token} (Ctrl-C stops it)"
    )


def write_offline(study: Path, page: Path, sheets: int, size: int) -> None:
    """Write the study as one HTML file."""
    opened = open_study(study)
    drawn = offline.draw_sheets(opened, sheets)
    offline.write_sheets(opened, drawn)
    content = offline.page_of(opened, drawn, size).encode()
    write_atomic(page, content)
    typer.echo(
        f"{page}: {len(content) / 1e6:.1f} MB, {counted(sheets, 'sheet')}. Send it to those who take part. Each sends "
        f"back a file of answers: python -m stages.study export --study {study} --answers FOLDER"
    )
    if len(content) > LARGE:
        typer.echo("This is much to send. Fewer --sheets, a smaller --size or a study of fewer pairs make it smaller.")


@app.command()
def export(
    study: Folder = STUDY,
    answers: Annotated[Path | None, typer.Option(help="folder with files of answers from the offline page")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="leave out the answers with this code; repeat for more")
    ] = None,
    out: Annotated[Path, typer.Option(help="the table to write")] = Path("reports/votes.parquet"),
) -> None:
    """Write all answers as a table, for `report.votes` of params.yaml."""
    opened = open_study(study)
    if answers is not None and not answers.is_dir():
        raise UserError(f"{answers}: no such folder")
    files = sorted(answers.glob("*.json")) if answers else []
    sent = offline.read_answers(opened, files)
    for line in sent.refused:
        typer.echo(f"left out: {line}")
    stored, persons = [], 0
    if (study / ANSWERS).is_file():
        store = Store(study / ANSWERS, opened.digest)
        stored, persons = store.answers(), store.persons()
        store.close()
    gone = set(without or [])
    if unknown := sorted(gone - {answer.rater for answer in [*stored, *sent.answers]}):
        raise UserError(
            f"--without {unknown[0]}: nobody with this code has answered; look for the code in the table of votes"
        )
    stored, of_files = ([a for a in answers_ if a.rater not in gone] for answers_ in (stored, sent.answers))
    if not stored and not of_files:
        raise UserError(
            f"{study}: nobody has answered yet; ask people by `python -m stages.study serve --study {study}`"
        )
    facts = facts_of(opened, persons + sent.persons, len(gone), sent.refused)
    found = votes_of(opened, stored, of_files, facts)
    votes.write(found, out)
    kinds, out_by_rule = Counter(found.answers["kind"]), [each for each in attention(found) if each.left_out]
    typer.echo(
        f"{out}: {counted(kinds[COMPARISON], 'comparison')} by {counted(found.answers['rater'].nunique(), 'person')}, "
        f"{counted(len(found.answers), 'answer')} in all. By the rule on attention trials "
        f"{counted(len(out_by_rule), 'person')} will be left out.\n"
        f"For the report, set in params.yaml, in section report:\n  votes: {out.as_posix()}"
    )


def read_words(path: Path) -> Words:
    """Words of one's own; raises UserError if the file does not hold them."""
    try:
        written = yaml.safe_load(path.read_text())
        return Words.model_validate(written)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is no YAML ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            known = ", ".join(Words.model_fields)
            raise UserError(f"{path}: {first['loc'][0]}: no such key; there are {known}") from error
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def read_table(reports: Path) -> pd.DataFrame:
    """The run's table of metrics; raises UserError if there is none."""
    file = reports / "metrics.parquet"
    try:
        return table.read(file)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; type `snakemake` first, or name the folder: --reports") from error
    except ValueError as error:
        raise UserError(f"{error}; type `snakemake` first") from error


def main() -> None:
    """Run the command: a user's mistake ends in one line and exit status 1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        app()
    except UserError as error:
        log.error("error: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
