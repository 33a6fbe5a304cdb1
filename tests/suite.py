"""Called by scripts/test once everything is installed.

Usage: scripts/test [--no-skips] [--preset PRESET] [LABEL [NAME]...]

Without LABEL, everything that CI runs: all tests once, those that touch memory and foreign bytes, with all unit tests,
under AddressSanitizer and UBSan and the others in the dev build; the threaded parts under ThreadSanitizer, too; and
five seconds of each fuzz target. A failure does not stop the rest. Ends with what failed,
what was skipped and why, and what it cost; the exit code is 1 when something failed.

  LABEL             unit (with the corpora of the fuzz targets), integration, lint, fresh or fuzz
  NAME              a test of that label, as in "unit glob" and "integration push"; of a Python module also a
                    class or a test: "integration push.Push.test_again"
  --preset PRESET   where LABEL runs: dev (default), asan, tsan
  --no-skips        a test that is skipped although it could run is a failure; CI says this. Skips whose reason
                    begins with "does not apply" are allowed: no installation makes those run

Examples: scripts/test; scripts/test unit; scripts/test --preset asan integration pull push
"""

import collections
import contextlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parents[1]
LABELS = {"unit": "unit|fuzz", "integration": "integration", "lint": "lint", "fresh": "fresh", "fuzz": "fuzz"}
PRESETS = {"dev", "asan", "tsan", "fuzz"}
# A third of the integration tests' time is waiting: for deadlines, retries and servers.
JOBS = 2 * (os.cpu_count() or 1)
ALLOWED = "does not apply"
OWN_MOUNTS = "TERRANE_SUITE_OWN_MOUNTS"  # says that this process has a mount namespace of its own
DISK = "/var/tmp/disk"
MEMORY = 16  # GiB that have to be free for files in memory, which take half of them at most


class Outcome:
    """The result of one test program in one preset."""

    def __init__(self, preset, case):
        self.preset, self.name = preset, case.get("name")
        self.wall = float(case.get("time", 0))
        self.output = case.findtext("system-out") or ""
        self.failed = case.find("failure") is not None or case.get("status") == "fail"
        # Lines of GLib's tests and of tests/run.py.
        self.skips = re.findall(r"^ok (?:\d+ )?(\S+) # SKIP ?(.*)$", self.output, re.MULTILINE)
        if case.find("skipped") is not None and not self.skips:  # the whole program
            self.skips = [(self.name, (self.output.strip().splitlines() or ["not run"])[-1])]
        self.costs = [(float(cpu), float(wall), name) for cpu, wall, name in
                      re.findall(r"^# cost ([\d.]+) ([\d.]+) (\S+)$", self.output, re.MULTILINE)]

    @property
    def label(self):
        return self.name.partition("-")[0]


class Suite:
    def __init__(self):
        self.failures = []  # (preset, what)
        self.outcomes = []
        self.costs = []  # (what, wall, cpu)
        self.running = set()
        self.stopping = False
        self.in_memory = OWN_MOUNTS in os.environ and mount_memory()
        # Lower case, because podman 4.3 takes no other letters in the path of a layout.
        self.shared = pathlib.Path(f"/var/tmp/terrane-test-shared-{secrets.token_hex(4)}")
        self.shared.mkdir()

    def run(self, what, command, each_line=None, **options):
        """Runs a command and notes what it cost; returns its exit code. What it says is passed on, and to each_line()."""
        if self.stopping:
            return 1
        started = time.monotonic()
        if each_line is not None:
            options |= {"stdout": subprocess.PIPE, "text": True, "errors": "replace"}
        process = subprocess.Popen(command, cwd=TOP, **options)
        self.running.add(process)
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                each_line(line)
            _, status, usage = os.wait4(process.pid, 0)  # the usage of this command, while others run
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            self.running.discard(process)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.costs.append((what, time.monotonic() - started, usage.ru_utime + usage.ru_stime))
        return process.returncode

    @contextlib.contextmanager
    def beside(self, function):
        """Calls function(output) in another thread; when both are done, what it wrote is printed in one piece."""
        with tempfile.TemporaryFile("w+", dir=self.shared, encoding="utf-8", errors="replace") as output:
            thread = threading.Thread(target=function, args=(output,))
            thread.start()
            try:
                yield
            except BaseException:
                self.stopping = True
                for process in list(self.running):
                    process.terminate()
                raise
            finally:
                thread.join()
                output.seek(0)
                shutil.copyfileobj(output, sys.stdout)
                sys.stdout.flush()

    def build(self, preset, *targets, options=()):
        """Whether the preset, or these targets of it, could be built."""
        configure = self.run(f"configure {preset}", ["cmake", "--preset", preset, *options], stdout=subprocess.DEVNULL)
        if configure == 0:
            if self.run(f"build {preset}", ["cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else [])]) == 0:
                return True
        self.failures.append((preset, "the build"))
        return False

    def test(self, preset, *selection, only="", jobs=JOBS, output=None, niceness=0, all_started=None):
        """Runs the selected tests of a preset; when the last of them has started, the event all_started is set."""
        ran = {"started": 0, "all": None}

        def count(line):
            ran["started"] += bool(re.match(r" +Start +\d+: ", line))
            if of_all := re.match(r" *\d+/(\d+) Test ", line):
                ran["all"] = int(of_all[1])
            if ran["started"] == ran["all"]:
                all_started.set()

        report = self.shared / f"{preset}.xml"
        environment = dict(os.environ, TERRANE_TEST_SHARED=str(self.shared / preset), TERRANE_TEST_ONLY=only)
        if "TERRANE_TEST_SHARED" in os.environ:
            environment["TERRANE_TEST_SHARED"] = os.environ["TERRANE_TEST_SHARED"]
        pathlib.Path(environment["TERRANE_TEST_SHARED"]).mkdir(parents=True, exist_ok=True)
        code = self.run(f"test {preset}", ["nice", "-n", str(niceness), "ctest", "--preset", preset, f"-j{jobs}", "--output-junit", str(report),
                                           "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000",
                                           *selection], env=environment, stdout=output, stderr=output, each_line=all_started and count)
        outcomes = [Outcome(preset, case) for case in xml.parse(report).getroot().iter("testcase")] if report.exists() else []
        self.outcomes += outcomes
        failed = [(preset, outcome.name) for outcome in outcomes if outcome.failed]
        self.failures += failed if failed or code == 0 else [(preset, f"ctest ended with {code}")]
        remove_tree(self.shared / preset)

    def inputs(self, output):
        if self.run("inputs", ["scripts/clean-environment", "scripts/debian-rootfs"], stdout=output, stderr=output) != 0:
            self.failures.append(("", "scripts/debian-rootfs"))

    def fresh_machine(self, output):
        """Half of it is waiting for packages, and all of it is one test: without ctest, of which two would share a log."""
        started = time.monotonic()
        environment = dict(os.environ, **({"TERRANE_TEST_TMPDIR": DISK} if self.in_memory else {}))  # whole machines are large
        code = self.run("test fresh", ["scripts/clean-environment", "scripts/test-fresh-root"], stdout=output, stderr=output, env=environment)
        case = xml.Element("testcase", name="fresh-root", time=str(time.monotonic() - started))
        if code != 0:
            xml.SubElement(case, "skipped" if code == 77 else "failure")
        output.seek(0)
        xml.SubElement(case, "system-out").text = output.read()
        self.outcomes.append(Outcome("dev", case))
        if self.outcomes[-1].failed:
            self.failures.append(("dev", "fresh-root"))

    def everything(self):
        with self.beside(self.inputs):  # which is half waiting
            # No unit tests in dev: they assert the same under the sanitizers.
            built = {preset for preset, *targets in (("dev", "programs"), ("asan",), ("tsan", "threaded"), ("fuzz", "fuzzers"))
                     if self.build(preset, *targets)}

        dev_started = threading.Event()

        def small_presets(output):
            """These leave processors to others: the threads of the first wait, and the last takes what it gets."""
            dev_started.wait()
            if "tsan" in built:
                self.test("tsan", jobs=2, output=output)
            if "fuzz" in built:
                self.test("fuzz", "-R", "^fuzz-run", jobs=1, output=output, niceness=5)

        def sanitized(_):
            """Begins when dev has no more tests to start, and the last of them may leave processors idle."""
            dev_started.wait()
            if "asan" in built:
                self.test("asan")

        with self.beside(self.fresh_machine), self.beside(small_presets), self.beside(sanitized):
            try:
                if "dev" in built:
                    # Tests of both runs run once: under the sanitizers, which see more.
                    twice = "unit|fuzz|sanitized|whole" if "asan" in built else "unit|fuzz"
                    self.test("dev", "-LE", f"^(fresh|{twice})$", all_started=dev_started)
            except BaseException:
                self.stopping = True
                raise
            finally:
                dev_started.set()

    @staticmethod
    def targets(preset, label, names):
        """The targets to build for these tests; nothing means all."""
        if preset == "tsan":
            return ["threaded"]
        if preset == "fuzz":
            return ["fuzzers"]
        if label != "unit":
            return ["programs"]
        return [f"{kind}-{name}" for name in names for kind, source in (("test", "unit/test"), ("replay", "fuzz/fuzz"))
                if (TOP / f"tests/{source}-{name}.c").exists()]

    def some(self, preset, label, names):
        if not self.build(preset, *self.targets(preset, label, names)):
            return
        selection, only = ["-L", f"^({LABELS[label]})$"], ""
        if names:
            modules = [name.partition(".")[0] for name in names]
            only = " ".join(name.partition(".")[2] for name in names).strip()
            if only and len(set(modules)) != 1:
                sys.exit("scripts/test: classes and tests can be named of one module at a time")
            # With the parts of modules of which a sanitizer does not run everything.
            selection += ["-R", f"^({LABELS[label]})(-run|-replay)?-({'|'.join(map(re.escape, modules))})([.][A-Za-z]+)?$"]
        self.test(preset, *selection, only=only)

    def summary(self, no_skips):
        print(f"\n{'':-<80}", flush=True)
        for what, wall, cpu in self.costs:
            if wall >= 1:
                print(f"{what:<24} {wall:8.1f} s {cpu:8.1f} s of CPU")
        labels = {}  # of each, seconds that its tests took, several at a time, and CPU seconds where tests/run.py says them
        for outcome in self.outcomes:
            sums = labels.setdefault(f"  {outcome.preset} {outcome.label}", [0, 0])
            sums[0] += outcome.wall
            sums[1] += outcome.costs[-1][0] if outcome.costs else 0
        for label, (wall, cpu) in labels.items():
            print(f"{label:<24} {wall:8.1f} s" + (f" {cpu:8.1f} s of CPU" if cpu else ""))
        slowest = sorted(((*(outcome.costs[-1][:2] if outcome.costs else (0, outcome.wall)), outcome.preset, outcome.name)
                          for outcome in self.outcomes), reverse=True)
        if slowest and slowest[0][0] >= 1:
            print("most CPU: " + ", ".join(f"{preset} {name} {cpu:.0f} s" for cpu, _, preset, name in slowest[:12] if cpu >= 1))

        reasons = collections.defaultdict(list)
        for outcome in self.outcomes:
            for test, reason in outcome.skips:
                reasons[reason or "no reason given"].append(f"{outcome.preset} {test}")
        for reason, tests in sorted(reasons.items()):
            if no_skips and not reason.startswith(ALLOWED):
                self.failures.extend(("skipped", f"{test}: {reason}") for test in tests)
            print(f"skipped: {reason}\n  " + "\n  ".join(tests))
        ran = sum(1 for outcome in self.outcomes if not outcome.failed)
        for preset, what in self.failures:
            print(f"FAILED: {preset} {what}".replace("  ", " "))
        print(f"{ran} test programs passed, {len(self.failures)} failures, {sum(map(len, reasons.values()))} tests skipped")
        return 1 if self.failures else 0


def remove_tree(path):
    for directory, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(directory, 0o755)
    shutil.rmtree(path, ignore_errors=True)


def take_own_mounts():
    """Begins again in a mount namespace, which takes its /var/tmp in memory with it when the last process of the suite ends,
    however that happens. Not where mounts are shared with other namespaces, since podman warns when they are not."""
    root = next((line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if line.split()[4] == "/"), "shared:")
    available = int(re.search(r"^MemAvailable: +(\d+) kB$", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)[1])
    if (OWN_MOUNTS not in os.environ and "TERRANE_TEST_TMPDIR" not in os.environ and os.geteuid() == 0 and shutil.which("unshare")
            and not TOP.is_relative_to("/var/tmp") and " shared:" not in root and available >= MEMORY << 20):
        os.environ[OWN_MOUNTS] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "unchanged", sys.executable, "-B", __file__, *sys.argv[1:]])


def mount_memory():
    """Mounts a file system in memory over /var/tmp, when it has the extended attributes that stores need, as since Linux 6.6, with
    the directory below it as DISK. The tests make and remove a million files, which on a disk costs a third of their time."""
    def mount(*words):
        return subprocess.run(["mount", *words], stderr=subprocess.DEVNULL).returncode == 0

    if not mount("--bind", "/var/tmp", "/mnt"):
        return False
    if mount("-t", "tmpfs", "-o", f"size={MEMORY // 2}g,mode=1777", "tmpfs", "/var/tmp"):
        with contextlib.suppress(OSError):
            os.setxattr("/var/tmp", "user.terrane.test", b"1")
            os.mkdir(DISK)
            if mount("--move", "/mnt", DISK):
                return True
        subprocess.run(["umount", "/var/tmp"], check=True)
    subprocess.run(["umount", "/mnt"], check=True)
    return False


def usage_error(text):
    print(f"scripts/test: {text}\nTry scripts/test --help", file=sys.stderr)
    sys.exit(2)


def parse(words):
    no_skips, preset, rest = False, None, []
    words = collections.deque(words)
    while words:
        word = words.popleft()
        if word == "--no-skips":
            no_skips = True
        elif word == "--preset":
            preset = words.popleft() if words else usage_error("--preset needs a value")
            if preset not in PRESETS:
                usage_error(f"no preset {preset}, known: {', '.join(sorted(PRESETS))}")
        elif word.startswith("-"):
            usage_error(f"unknown option {word}")
        else:
            rest.append(word)
    label, names = (rest[0], rest[1:]) if rest else (None, [])
    if label is not None and label not in LABELS:
        usage_error(f"no label {label}, known: {', '.join(LABELS)}")
    if preset is not None and label is None:
        usage_error("--preset needs a label")
    return no_skips, preset or ("fuzz" if label == "fuzz" else "dev"), label, names


def prepare_environment():
    # Leaks count too; GLib keeps some memory for ever, which it marks for the leak checker.
    os.environ["ASAN_OPTIONS"] = "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
    os.environ["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    os.environ["TSAN_OPTIONS"] = f"halt_on_error=1:ignore_noninstrumented_modules=1:suppressions={TOP}/tests/tsan/suppressions"
    if shutil.which("ccache"):
        # Another clone of the same files compiles nothing again: objects name their sources by the path in this one.
        for name, value in (("CMAKE_C_COMPILER_LAUNCHER", "ccache"), ("CCACHE_BASEDIR", str(TOP)), ("CCACHE_NOHASHDIR", "1")):
            os.environ.setdefault(name, value)


def main():
    no_skips, preset, label, names = parse(sys.argv[1:])
    take_own_mounts()
    prepare_environment()
    suite = Suite()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    try:
        if label is None:
            suite.everything()
        else:
            suite.some(preset, label, names)
        return suite.summary(no_skips)
    except KeyboardInterrupt:
        return 130
    finally:
        if not suite.in_memory:
            remove_tree(suite.shared)


if __name__ == "__main__":
    sys.exit(main())
