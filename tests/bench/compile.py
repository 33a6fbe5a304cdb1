"""Compiles a recipe with all that it needs: by terrane, and by a shell in the same file system without it.

The shell runs the same commands with the same environment and the same number of jobs, on files that are unpacked before. What
terrane does besides counts for it: it unpacks into the store, assembles a root for each recipe, and stores what was made.
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "/opt"
SOURCES, OUTPUT = "/tmp/build/src", "/tmp/build/out"
UNCHANGED_RUNS = 5


def processor_seconds():
    """Of all children that have ended: what a busy machine does not change as much as the time."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def environment(recipe, jobs, values):
    """The environment of steps by docs/recipe.md."""
    flags = f"-O2 -ffile-prefix-map={SOURCES}=."
    given = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "LC_ALL": "C",
             "TZ": "UTC", "SOURCE_DATE_EPOCH": "315532800", "DESTDIR": OUTPUT, "CFLAGS": flags, "CXXFLAGS": flags, "JOBS": str(jobs),
             "PREFIX": PREFIX}
    if recipe["needs"]:
        given.update(CPPFLAGS=f"-I{PREFIX}/include", LDFLAGS=f"-L{PREFIX}/lib",
                     PKG_CONFIG_PATH=f"{PREFIX}/lib/pkgconfig:{PREFIX}/share/pkgconfig")
    for variable in recipe.get("variables", []):
        given[variable["name"]] = values.get(variable["name"], variable.get("default", ""))
    return {**given, **recipe.get("environment", {})}


def is_wanted(need, recipe, values):
    """Whether a need holds for these values of variables: it may say for which it does."""
    defaults = {variable["name"]: variable.get("default") for variable in recipe.get("variables", [])}
    return isinstance(need, str) or all(values.get(name, defaults.get(name)) in allowed for name, allowed in need.get("when", {}).items())


def load(path, values, found):
    """Recipes by path, each after those that it needs."""
    path = path.resolve()
    if path in found:
        return
    recipe = json.loads(path.read_text())
    recipe["needs"] = [path.parent / (need if isinstance(need, str) else need["recipe"])
                       for need in recipe.get("needs", []) if is_wanted(need, recipe, values)]
    for need in recipe["needs"]:
        load(need, values, found)
    found[path] = recipe


def source_file(source, recipe, mirror):
    path = recipe.parent / source["file"] if "file" in source else mirror and mirror / source["sha256"]
    if not path or not path.exists():
        sys.exit(f"bench: {source} is needed as a file: scripts/source-mirror fills a directory for --source-mirror")
    if hashlib.sha256(path.read_bytes()).hexdigest() != source["sha256"]:
        sys.exit(f"bench: {path} is not what {recipe} says")
    return path


class Shell:
    """A file system with a compiler, and commands that run in it."""

    def __init__(self, directory, archives):
        self.root = directory
        directory.mkdir()
        for archive in archives:
            subprocess.run(["tar", "-x", "--exclude=./dev/*", "--exclude=dev/*", "-f", archive, "-C", directory], check=True)

    def run(self, argv, variables):
        """A failure ends the benchmark with the end of what was printed."""
        line = f'umask 022; cd {SOURCES}; exec "$@"'
        words = [word for pair in variables.items() for word in ("--setenv", *pair)]
        result = subprocess.run(["bwrap", "--bind", self.root, "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--clearenv", *words,
                                 "/bin/sh", "-euc", line, "sh", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            sys.exit(f"bench: {argv} failed in the shell:\n{result.stdout[-4000:].decode(errors='replace')}")

    def compile(self, path, recipe, jobs, values, mirror):
        work = self.root / "tmp/build"
        shutil.rmtree(work, ignore_errors=True)
        for name in ("src", "out"):
            (work / name).mkdir(parents=True)
        for source in recipe.get("sources", []):
            target = work / "src" / source.get("directory", "")
            target.mkdir(parents=True, exist_ok=True)
            subprocess.run(["tar", "-x", f"--strip-components={source.get('strip_components', 1)}", "--no-same-owner",
                            "-f", source_file(source, path, mirror), "-C", target], check=True)
        variables = environment(recipe, jobs, values)
        for patch in recipe.get("patches", []):
            shutil.copy(path.parent / patch, work / "patch")
            self.run(["patch", "-p1", "-N", "-i", "/tmp/build/patch"], variables)
        if "script" in recipe:
            shutil.copy(path.parent / recipe["script"], work / "script")
            self.run(["/bin/sh", "-eu", "/tmp/build/script"], variables)
        for step in recipe.get("steps", []):
            self.run(["/bin/sh", "-euc", step] if isinstance(step, str) else step, variables)
        subprocess.run(["cp", "-a", f"{work}/out{PREFIX}/.", f"{self.root}{PREFIX}/"], check=True)


def files(archives):
    return {"archive": [{"file": str(pathlib.Path(archive).resolve())} for archive in archives]}


class Terrane:
    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.store = directory / "store"
        self.directory = directory

    def profile(self, name, base, trees):
        path = self.directory / f"{name}.json"
        path.write_text(json.dumps({"name": name, "platform": "linux/amd64", "target": "oci", "base": files(base), "trees": trees}))
        return path

    def build(self, profile):
        """Seconds and the record."""
        words = [self.arguments.terrane, "--store", self.store, "--json", "build", "--no-lock", "--no-validate", "--jobs", str(self.arguments.jobs)]
        if self.arguments.source_mirror:
            words += ["--source-mirror", self.arguments.source_mirror]
        start = time.monotonic()
        result = subprocess.run([*map(str, words), profile], capture_output=True, text=True)
        seconds = time.monotonic() - start
        if result.returncode != 0:
            sys.exit(f"bench: terrane failed:\n{result.stderr[-6000:]}")
        return seconds, json.loads(result.stdout)

    def logs(self):
        """The compiled recipes: each recipe's log is written when that ends."""
        return {path.stem: path.stat().st_mtime_ns for path in (self.store / "logs").glob("*.log")}


def change_flag(recipes, name):
    """One word more for the compiler, which changes no byte."""
    path = recipes / f"{name}.json"
    recipe = json.loads(path.read_text())
    given = recipe.setdefault("environment", {})
    given["CFLAGS"] = given.get("CFLAGS", f"-O2 -ffile-prefix-map={SOURCES}=.") + " -DTERRANE_BENCH"
    path.write_text(json.dumps(recipe))


def parse_arguments(argv):
    archives = [TOP / f"profiles/inputs/debian12-{name}-amd64.tar.zst" for name in ("base", "cc")]
    parser = argparse.ArgumentParser(prog="scripts/bench --compile", description=__doc__ + " Then unchanged, then with one flag changed. Takes as long as the "
                                     "compiler does, twice.")
    parser.add_argument("--terrane", type=pathlib.Path, default=TOP / "build/release/terrane", metavar="FILE",
                        help="the program to measure (default: build/release/terrane)")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(os.environ.get("TMPDIR", "/var/tmp"), "terrane-bench"), metavar="DIR")
    parser.add_argument("--recipe", default="gdal", metavar="FILE", help="a file, or a name in profiles/recipes (default: gdal, with GDAL_FLAVOUR=small)")
    parser.add_argument("--set", action="append", default=[], dest="variable", metavar="NAME=VALUE", help="a variable of the recipe")
    parser.add_argument("--in", action="append", type=pathlib.Path, dest="archives", metavar="FILE",
                        help="first the base, then what a compiler adds (default: profiles/inputs/debian12-base and -cc)")
    parser.add_argument("--source-mirror", type=pathlib.Path, metavar="DIR", help="sources by their sha256, which scripts/source-mirror fetches")
    parser.add_argument("--sizes", action="append", default=[], type=pathlib.Path, metavar="FILE", help="a profile whose image is built, too, for its size")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args(argv)
    if "/" not in arguments.recipe:
        arguments.recipe = TOP / f"profiles/recipes/{arguments.recipe}.json"
    arguments.recipe = pathlib.Path(arguments.recipe)
    if arguments.recipe.name == "gdal.json" and not any(word.startswith("GDAL_FLAVOUR=") for word in arguments.variable):
        arguments.variable.append("GDAL_FLAVOUR=small")
    archives = [str(path.resolve()) for path in arguments.archives or archives]
    if len(archives) < 2:
        parser.error("--in needs the base and what a compiler adds")
    arguments.base, arguments.compiler = archives[:1], archives[1:]
    return arguments


def run(argv):
    arguments = parse_arguments(argv)
    for program, install in ((arguments.terrane, "cmake --preset release && cmake --build --preset release"), ("bwrap", "scripts/install-packages inputs")):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is missing: {install}")
    arguments.terrane = arguments.terrane.resolve()
    values = dict(word.split("=", 1) for word in arguments.variable)
    directory = arguments.work / f"compile-{os.getpid()}"
    directory.mkdir(parents=True)
    try:
        measure(arguments, values, directory)
    finally:
        subprocess.run(["chmod", "-R", "u+w", directory], check=False)
        shutil.rmtree(directory)


def measure(arguments, values, directory):
    recipes = directory / "recipes"
    shutil.copytree(arguments.recipe.parent, recipes)
    main_recipe = recipes / arguments.recipe.name
    found = {}
    load(main_recipe, values, found)
    name = found[main_recipe.resolve()]["name"]
    print(f"{name}: {len(found)} recipes, {arguments.jobs} jobs, load before {os.getloadavg()[0]:.1f}", flush=True)

    shell = Shell(directory / "root", arguments.base + arguments.compiler)
    os.makedirs(f"{shell.root}{PREFIX}", exist_ok=True)
    each = {}
    processor = processor_seconds()
    for path, recipe in found.items():
        start = time.monotonic()
        shell.compile(path, recipe, arguments.jobs, values, arguments.source_mirror)
        each[recipe["name"]] = time.monotonic() - start
    in_shell = sum(each.values())
    shell_processor = processor_seconds() - processor
    print(f"shell      {in_shell:9.2f} s, {shell_processor:.2f} of processors, load after {os.getloadavg()[0]:.1f}  ({', '.join(f'{one} {seconds:.1f}' for one, seconds in each.items())})", flush=True)

    terrane = Terrane(arguments, directory)
    all_of_it = arguments.base + arguments.compiler
    reading, _ = terrane.build(terrane.profile("in", all_of_it, []))
    bare, base = terrane.build(terrane.profile("base", arguments.base, []))
    tree = {"name": name, "prefix": PREFIX, "compile": {"recipe": str(main_recipe), "in": files(all_of_it), "needs": True,
                                                        **({"variables": values} if values else {})}}
    profile = terrane.profile("bench", arguments.base, [tree])
    processor = processor_seconds()
    compiling, record = terrane.build(profile)
    processor = processor_seconds() - processor
    before = terrane.logs()
    print(f"terrane    {compiling:9.2f} s, {processor:.2f} of processors = {compiling / in_shell:.3f} and {processor / shell_processor:.3f} × shell, "
          f"load after {os.getloadavg()[0]:.1f}, {len(before)} compiled "
          f"(reading what has the compiler: {reading:.2f} s, the base: {bare:.2f} s, not counted)", flush=True)
    unchanged = [terrane.build(profile)[0] for _ in range(UNCHANGED_RUNS)]
    print(f"unchanged  {statistics.median(unchanged):9.3f} s  median of {UNCHANGED_RUNS}", flush=True)
    change_flag(recipes, main_recipe.stem)
    changed, _ = terrane.build(profile)
    again = sorted(one for one, when in terrane.logs().items() if before.get(one) != when)
    print(f"one flag   {changed:9.2f} s  compiled again: {', '.join(again)}", flush=True)
    print(f"size       {record['size'] / 1e6:9.1f} MB compressed, {(record['size'] - base['size']) / 1e6:.1f} MB of it are compiled", flush=True)
    for other in arguments.sizes:
        _, record = terrane.build(other.resolve())
        print(f"size       {record['size'] / 1e6:9.1f} MB of {other}", flush=True)
