"""What is looked at first: how Snakemake was started, and whether the files of parameters are YAML without a key twice.

Snakemake would name no file, or say nothing.
"""

import sys

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError

from stages.engine import started
from stages.errors import UserError
from stages.settings.origin import short
from stages.settings.problems import safe
from stages.settings.yaml_files import read_yaml

COMMAND = "snakemake.cli" in sys.modules  # else another program uses Snakemake


def stop(error):
    """End with a user's mistake, and no word more. Snakemake would add where in the rules it was noticed."""
    if COMMAND:
        sys.exit(f"error: {error}")
    raise WorkflowError(str(error)) from None


try:
    if COMMAND and workflow.is_main_process:
        started.check_profile(sys.argv[1:], Path(workflow.basedir))
        limits = workflow.global_resources
        nodes = None if workflow.local_exec else workflow.nodes
        started.check_limits(getattr(limits.get("gpu"), "value", None), workflow._cores, nodes)
    # What the parameters are made of, each over the one before, by the names that a user knows.
    GIVEN = {safe(short(name)): read_yaml(Path(name)) for name in ["params.yaml", *workflow.overwrite_configfiles]}
except UserError as error:
    stop(error)

if command_line := workflow.config_settings.config:
    GIVEN["--config"] = dict(command_line)
