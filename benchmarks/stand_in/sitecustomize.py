"""Python runs this at its start where this folder is on its path: `benchmarks.scale` puts it there.

In a process of a stage, what computes items is replaced: results are those of another run, read from the folder
STAND_IN, and made different for every item. Everything else is the stages' and the engine's own code.
"""

import importlib.abc
import importlib.util
import os
import sys

ENGINE = "stages.engine.items"


class _Replacing(importlib.abc.MetaPathFinder):
    """Finds the module of the engine as ever, and replaces its loop over items when it has been run."""

    def find_spec(self, name, path=None, target=None):
        if name != ENGINE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            from benchmarks.stand_in.results import with_stand_in

            module.item_steps = with_stand_in(module.item_steps)
            module.run_items = module._at_once(module.item_steps)

        spec.loader.exec_module = exec_module
        return spec


if "STAND_IN" in os.environ and sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("stages."):
    sys.meta_path.insert(0, _Replacing())
