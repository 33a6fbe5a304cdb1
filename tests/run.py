"""Runs one module of Python tests for ctest, in the module's directory: `python3 ../run.py test_push [NAME]...`.

Behaves as `python3 -m unittest -v`, and says at its end what each test cost and what was skipped, in lines that
scripts/test reads: `ok NAME # SKIP REASON` as GLib's tests do, and `# cost CPU WALL NAME`. CPU seconds are those of this
process and of all children that ended, so a server counts for the test that stops it.
TERRANE_TEST_ONLY names classes or tests, as the names on the command line do. A name with "-" before it is left out:
`test_push -Push Push.test_again` is the module without a class, but with one of its tests.
"""

import os
import resource
import sys
import time
import unittest


def cpu_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.costs = []

    def startTest(self, test):
        super().startTest(test)
        self.started = cpu_seconds(), time.monotonic()

    def stopTest(self, test):
        cpu, wall = self.started
        self.costs.append((cpu_seconds() - cpu, time.monotonic() - wall, test.id()))
        super().stopTest(test)


def tests_of(suite):
    for test in suite:
        yield from tests_of(test) if isinstance(test, unittest.TestSuite) else [test]


def load(module, names):
    loader = unittest.defaultTestLoader
    wanted = [f"{module}.{name}" for name in names if not name.startswith("-")]
    without = [f"{module}.{name[1:]}" for name in names if name.startswith("-")]
    if not without:
        return loader.loadTestsFromNames(wanted or [module])
    tests = list(tests_of(loader.loadTestsFromName(module)))
    for name in wanted + without:
        if not any(f"{test.id()}.".startswith(f"{name}.") for test in tests):
            sys.exit(f"tests/run.py: there is no {name}")
    return unittest.TestSuite(test for test in tests if any(f"{test.id()}.".startswith(f"{name}.") for name in wanted)
                              or not any(f"{test.id()}.".startswith(f"{name}.") for name in without))


def main():
    module, *names = sys.argv[1:]
    names = names or os.environ.get("TERRANE_TEST_ONLY", "").split()
    sys.path.insert(0, os.getcwd())
    suite = load(module, names)
    cpu, wall = cpu_seconds(), time.monotonic()
    result = unittest.TextTestRunner(verbosity=2, warnings=False, resultclass=Result).run(suite)
    sys.stderr.flush()
    for test, reason in result.skipped:
        print(f"ok {test.id()} # SKIP {' '.join(reason.split())}")
    for cost in sorted(result.costs, reverse=True)[:20]:
        print("# cost {:.2f} {:.2f} {}".format(*cost))
    print(f"# cost {cpu_seconds() - cpu:.2f} {time.monotonic() - wall:.2f} {module}", flush=True)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
