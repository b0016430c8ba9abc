"""Whether the files of parameters are YAML without a key twice. Snakemake's own message would name no file."""

import sys

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError

from stages.errors import UserError
from stages.settings.yaml_files import check_unique_keys

try:
    for each in ["params.yaml", *workflow.overwrite_configfiles]:
        check_unique_keys(Path(each))
except UserError as error:
    raise WorkflowError(str(error)) from None
