"""Imports modules in the order given, and says how long that took."""

import importlib
import warnings

from terrane_harness import CONFIG, operation


@operation("import")
def import_all():
    # numpy's sign of a module that was compiled for another numpy: it reads past its structures.
    warnings.filterwarnings("error", message=".*size changed, may indicate binary incompatibility", category=RuntimeWarning)
    for module in CONFIG["modules"]:
        importlib.import_module(module)
