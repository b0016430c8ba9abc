"""What Snakemake would still make with params.yaml alone, which is what DVC takes all outputs for."""

from pathlib import Path

from stages.engine.stage_records import unsealed
from stages.errors import UserError
from stages.settings.origin import differences
from stages.settings.yaml_files import read_yaml

MEND = (
    "DVC would record it as made with params.yaml. Run `snakemake` without --configfile and --config, "
    "then `python -m stages.dvc --commit`"
)
RECORD = Path("reports/record.json")
PARAMS = Path("params.yaml")
CHECKSUMS = 10**9  # bytes; files below are compared by content, as in profiles/default


def still_to_make() -> list[str]:
    """The outputs that are missing, or that were made with other settings, code or inputs than those of now.

    Raises:
        UserError: params.yaml or what it names is wrong.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

    files: list[object] = []
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        try:
            workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
            dag = workflow.dag(DAGSettings(max_checksum_file_size=CHECKSUMS, force_incomplete=True))
            dag.execute_workflow(executor="dryrun", updated_files=files)
        except WorkflowError as error:
            raise UserError(str(error)) from error
    return sorted(map(str, files))


def made_with_others(record: Path = RECORD, params: Path = PARAMS) -> list[str]:
    """A text for every setting of the run that the report is of which params.yaml has another value for."""
    body = unsealed(record.read_bytes()) if record.is_file() else None
    found = differences(body["params"], read_yaml(params)) if body else []
    return [f"{each.key} {each.used} (params.yaml: {each.written})" for each in found]


def check_made_with_params() -> None:
    """Check that all outputs are what `snakemake` makes with params.yaml alone.

    Raises:
        UserError: they are not, say after `snakemake --configfile …`; names settings, or files.
    """
    if others := made_with_others():
        raise UserError(f"the report was made with other settings than those of params.yaml: {_some(others)}. {MEND}")
    if files := still_to_make():
        raise UserError(
            f"made with other settings than those of params.yaml, or by other code, or missing: {_some(files)}. {MEND}"
        )


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
