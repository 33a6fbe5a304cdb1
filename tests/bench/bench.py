"""Compares terrane with its peers on the same inputs in the same run."""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import time

import inputs
import measure
import report
import results
import scenarios
import tools

TOP = pathlib.Path(__file__).resolve().parents[2]
GROUPS = [(("cold",), "cold"), (scenarios.REBUILDS, "rebuild"), (("cold-runner",), "cold_runner"), (scenarios.TRANSFERS, "transfer")]

# The default: (scenarios of one group, inputs, tools or None for all, runs).
EVERY = [tool.name for tool in tools.TOOLS]
NOT_BUILDAH = [name for name in EVERY if name != "buildah"]
SMALL = [(group, ["50m-1k"], None, 2) for group, _ in GROUPS]
STANDARD = [
    (("cold",), ["50m-1k", "gdal"], None, 3),
    (scenarios.REBUILDS, ["gdal"], None, 3),
    (("cold-runner",), ["gdal"], None, 3),
    (scenarios.TRANSFERS, ["gdal"], NOT_BUILDAH, 3),
    (("cold",), ["5g-50k", "1g-300k"], ["terrane", "umoci"], 1),  # last, so that what is cut off lacks these
]
ALL = [
    (("cold",), ["50m-1k", "50m-5k", "gdal", "500m-1k", "1g-300k", "5g-50k"], None, 3),
    *((group, ["50m-1k", "gdal", "1g-300k"], None, 3) for group, _ in GROUPS[1:]),
]


def words_of(known, what):
    def parse(text):
        found = text.split(",")
        for word in found:
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is not a {what}: {', '.join(known)}")
        return found
    return parse


def sizes(text):
    for word in text.split(","):
        if word != inputs.GDAL:
            try:
                inputs.parse(word)
            except ValueError as error:
                raise argparse.ArgumentTypeError(str(error)) from None
    return text.split(",")


def round_trips(text):
    return [float(word) / 1000 for word in text.split(",")]


def positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1")
    return int(text)


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__ + " Writes benchmarks.md, a picture for each of its tables, and the raw numbers; see docs/benchmarks.md. "
        "For what compiling costs: scripts/bench --compile --help.")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--small", action="store_true", help="small inputs, two runs: minutes")
    kind.add_argument("--all", action="store_true",
                      help="all inputs, 50 MB to 5 GB and 1 k to 300 k files: an hour or more. The default takes about 15 minutes")
    parser.add_argument("--scenario", type=words_of(list(scenarios.SCENARIOS), "scenario"), metavar="NAME,...", help="only these: %(metavar)s of "
                        + ", ".join(scenarios.SCENARIOS))
    parser.add_argument("--size", type=sizes, metavar="NAME,...", help="with these inputs: gdal, or size and number of files, as 50m-1k, 5g-300k")
    parser.add_argument("--tool", type=words_of(EVERY, "tool"), metavar="NAME,...", help="only these: %(metavar)s of " + ", ".join(EVERY))
    parser.add_argument("--runs", type=positive, metavar="N", help="samples of each, whose median counts")
    parser.add_argument("--round-trip", type=round_trips, default=[0, 0.05], metavar="MS,...", dest="round_trips", help="to the registry (default: 0,50)")
    parser.add_argument("--rootfs", type=pathlib.Path, metavar="FILE", help="a tar that is used instead of the inputs")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR", help="where benchmarks.md and benchmarks/ are written (default: results in --work)")
    parser.add_argument("--merge", action="store_true",
                        help="add to the results that are there, of the same machine and the same programs, instead of replacing them")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the page of the results that are there")
    parser.add_argument("--prepare", action="store_true", help="measure nothing, make the inputs")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR", default=pathlib.Path(os.environ.get("TMPDIR", "/var/tmp"), "terrane-bench"),
                        help="where inputs are kept and file systems are made (default: %(default)s)")
    parser.add_argument("--terrane", type=pathlib.Path, metavar="FILE", default=TOP / "build/release/terrane",
                        help="the program to measure (default: build/release/terrane)")
    parser.add_argument("--crane", type=pathlib.Path, metavar="FILE", help="where crane is (default: in PATH, or in bin in --work)")
    return parser.parse_args(argv)


def plan(options):
    """Portions: (method of the bench, scenarios, inputs, tools, runs), of what was chosen."""
    portions = []
    for names, sources, chosen, runs in SMALL if options.small else ALL if options.all else STANDARD:
        names = [name for name in names if name in (options.scenario or names)]
        chosen = [tool for tool in tools.TOOLS if tool.name in (options.tool or chosen or EVERY)]
        sources = ["given"] if options.rootfs else options.size or sources
        method = next(method for group, method in GROUPS if names and names[0] in group) if names else None
        portion = (method, names, sources, chosen, options.runs or runs)
        # With inputs, tools and runs that were chosen, two portions can be the same.
        if names and not any((method, names, sources) == (one[0], one[1], one[2]) for one in portions):
            portions.append(portion)
    return portions


def find_tools(portions, options):
    """Those that are installed; what is missing is an error when it was named, and else of the results."""
    if missing := [program for program in tools.COMMON if not shutil.which(program)]:
        sys.exit(f"bench: missing {' '.join(missing)}: scripts/install-packages test")
    if not shutil.which(options.terrane):  # which also makes images for the others
        sys.exit(f"bench: {options.terrane} is missing: cmake --preset release && cmake --build --preset release")
    chosen = [tool for tool in tools.TOOLS if any(tool in portion[3] for portion in portions)]
    found = []
    for tool in chosen:
        missing = tools.missing(tool, options)
        if not missing:
            found.append(tool)
        elif tool is tools.Crane and not options.tool:
            print(f"bench: crane is not compared, since it is not installed: go install {tools.CRANE_PACKAGE}@latest", file=sys.stderr)
        else:
            sys.exit(f"bench: missing {' '.join(map(str, missing))}: scripts/install-packages test")
    return found


def main(argv):
    options = parse_arguments(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    options.output = options.output or options.work / "results"
    options.crane = options.crane or shutil.which("crane") or options.work / "bin/crane"
    path = options.output / "benchmarks/results.json"
    if options.render:
        report.write(options.output, results.load(path))
        return 0
    portions = plan(options)
    found = [] if options.prepare else find_tools(portions, options)
    sources = {name: inputs.prepare(name, options.work, TOP, options.rootfs) for portion in portions for name in portion[2]}
    if options.prepare:
        return 0
    options.terrane = options.terrane.resolve()
    earlier = results.load(path) if options.merge and path.exists() else results.empty()
    places = measure.Places(options.work)
    with places.fresh(0, 0):
        pass  # whether that is allowed
    collector = scenarios.Collector()
    document = {**results.empty(), "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": measure.machine(places),
                "program": tools.identity(options.terrane), "versions": tools.versions(found, options),
                "settings": {tool.name: tools.settings(tool, options.work) for tool in found},
                "inputs": {source.name: {"bytes": source.bytes, "files": source.files, "sha256": source.sha256} for source in sources.values()}}
    results.merge(earlier, document)  # an error before anything is measured
    bench = scenarios.Bench(options, places, collector)
    for method, names, wanted, chosen, runs in portions:
        for name in wanted:
            getattr(bench, method)(sources[name], [tool for tool in chosen if tool in found], runs, names)
            document["rows"] = list(collector.rows.values())
            merged = results.merge(earlier, document)
            results.save(path, merged)
            report.write(options.output, merged)
    print(f"bench: {options.output / 'benchmarks.md'}")
    return 1 if any("failed" in row for row in document["rows"]) else 0


def run(argv):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is mounted is unmounted
    try:
        return main(argv)
    except (measure.Failed, results.Different) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
