"""Imports modules in the order given, and says how long that took; when it is asked for, also what each module took of it."""

import _frozen_importlib
import importlib
import time
import warnings

from terrane_harness import CONFIG, FACTS, operation

MOST = 10


class Costs:
    """Time that modules take themselves, without those that they import. A module that is there already takes none."""

    def __init__(self):
        self.find = _frozen_importlib._find_and_load
        self.running = []  # of those that are being imported: time of what they import
        self.modules = []

    def __enter__(self):
        _frozen_importlib._find_and_load = self.measure

    def __exit__(self, *_):
        _frozen_importlib._find_and_load = self.find

    def measure(self, name, import_):
        started = time.perf_counter()
        self.running.append(0.0)
        try:
            return self.find(name, import_)
        finally:
            total = time.perf_counter() - started
            own = total - self.running.pop()
            if self.running:
                self.running[-1] += total
            self.modules.append({"name": str(name)[:200], "self_usecs": int(own * 1e6), "total_usecs": int(total * 1e6)})

    def most(self):
        return sorted(self.modules, key=lambda module: (-module["self_usecs"], module["name"]))[:MOST]


def import_modules():
    for module in CONFIG["modules"]:
        importlib.import_module(module)


@operation("import")
def import_all():
    # numpy's sign of a module that was compiled for another numpy: it reads past its structures.
    warnings.filterwarnings("error", message=".*size changed, may indicate binary incompatibility", category=RuntimeWarning)
    if not CONFIG.get("costs"):
        import_modules()
        return
    costs = Costs()
    with costs:
        import_modules()
    FACTS["modules"] = costs.most()
