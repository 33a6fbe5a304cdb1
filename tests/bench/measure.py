"""The cost of a command line: wall time, CPU time, peak memory; and a fresh file system for it.

Peak memory is the larger of two numbers. The kernel's own maximum of the largest process is what GNU time prints: wait4 of this
process would not do, since a child starts with the maximum of the Python that it was forked from. Processes that run at the same
time, as those of a pipe, are added up by looking at the process tree twenty times a second. The peak of a control group is
not used, since it has the page cache in it.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = 0.05


def children(process):
    """Processes that were started by threads of it and run."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/children") as file:
                found += map(int, file.read().split())
    return found


def resident(process):
    """Bytes in memory of all descendants."""
    total = 0
    for child in children(process):
        with contextlib.suppress(OSError), open(f"/proc/{child}/statm") as file:
            total += int(file.read().split()[1]) * PAGE
        total += resident(child)
    return total


class Sampler(threading.Thread):
    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.peak, self.end = process, 0, threading.Event()

    def run(self):
        while not self.end.wait(TICK):
            self.peak = max(self.peak, resident(self.process))


class Cost:
    """Seconds, seconds and bytes. Of commands after each other, times add up and memory does not."""

    def __init__(self, wall=0, cpu=0, memory=0):
        self.wall, self.cpu, self.memory = wall, cpu, memory

    def add(self, other):
        self.wall += other.wall
        self.cpu += other.cpu
        self.memory = max(self.memory, other.memory)


class Failed(Exception):
    """A program that failed; @short is for a table."""

    def __init__(self, argv, code, errors):
        super().__init__(f"'{' '.join(map(str, argv))}' ended with {code}:\n{errors[-4000:]}")
        self.short = f"{pathlib.Path(argv[0]).name} ended with {code}"


def measure(argv, cwd=None, env=None):
    """Runs a command line. Returns its cost and what it printed; a failure ends the benchmark with its errors."""
    argv = [str(word) for word in argv]
    with tempfile.NamedTemporaryFile("r") as memory, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(["time", "--quiet", "-f", "%M", "-o", memory.name, "--", *argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=errors, start_new_session=True)
        sampler = Sampler(process.pid)
        sampler.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
        except BaseException:  # a signal: nothing of it goes on in a file system that is unmounted next
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            sampler.end.set()
            sampler.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(argv, process.returncode, errors.read().decode(errors="replace"))
        output.seek(0)
        largest = int(memory.read().split()[-1]) * 1024
        return Cost(wall, usage.ru_utime + usage.ru_stime, max(largest, sampler.peak)), output.read().decode(errors="replace")


def run(argv, **options):
    """The same without measuring, for what comes before."""
    result = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", **options)
    if result.returncode != 0:
        raise Failed(argv, result.returncode, result.stderr)
    return result.stdout


def unmount(target):
    """With what is mounted in it, as buildah does with its storage."""
    for _ in range(20):  # processes that were killed may need a moment
        if subprocess.run(["umount", "-R", str(target)], stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-R", "--lazy", str(target)], check=True)


class Places:
    """Fresh ext4 file systems on sparse files below @work, or fresh directories where mounting is not allowed."""

    def __init__(self, work):
        self.work = work
        self.loop = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None

    @contextlib.contextmanager
    def fresh(self, bytes, inodes):
        """For this number of bytes and inodes that are stored once."""
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.work, prefix="run-"))
        image, target = directory / "fs.img", directory / "fs"
        target.mkdir()
        mounted = False
        try:
            if self.loop:
                with open(image, "wb") as file:
                    file.truncate(512 * 1024**2 + 5 * bytes)  # copies of peers, stores, layers
                subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", str(20_000 + 4 * inodes), "-E", "lazy_itable_init=0,lazy_journal_init=0",
                                str(image)], check=True)
                mounted = subprocess.run(["mount", "-o", "loop", str(image), str(target)], stderr=subprocess.DEVNULL).returncode == 0
                self.loop = mounted
            yield target
        finally:
            if mounted:
                unmount(target)
            shutil.rmtree(directory, ignore_errors=True)

    def describe(self):
        kind = run(["df", "--output=fstype", self.work]).split()[-1]
        return f"a fresh ext4 in a loop-mounted file on {kind}" if self.loop else f"a fresh directory on {kind}, since mounting is not allowed"


def machine(places):
    processors, memory = "unknown", 0
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as file:
        processors = next(line.split(":", 1)[1].strip() for line in file if line.startswith(("model name", "Model")))
    with open("/proc/meminfo") as file:
        memory = int(next(line for line in file if line.startswith("MemTotal")).split()[1]) * 1024
    with contextlib.suppress(OSError), open("/etc/os-release") as file:
        system = dict(line.rstrip().split("=", 1) for line in file if "=" in line).get("PRETTY_NAME", "unknown").strip('"')
    return {"processor": processors, "cores": os.cpu_count(), "memory": memory, "kernel": f"{os.uname().sysname} {os.uname().release}",
            "architecture": os.uname().machine, "system": system, "file_system": places.describe()}


def spread(numbers):
    """Median, smallest, largest."""
    return statistics.median(numbers), min(numbers), max(numbers)


def busy():
    """Processors that others use at this moment: what a tenth of a second says of /proc/stat."""
    def ticks():
        with open("/proc/stat") as file:
            numbers = [int(word) for word in file.readline().split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]  # idle and waiting for a disk
    before = ticks()
    time.sleep(0.1)
    after = ticks()
    total = after[0] - before[0]
    return (total - (after[1] - before[1])) / total * (os.cpu_count() or 1) if total else 0.0
