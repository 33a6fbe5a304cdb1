"""benchmarks.md and its pictures, of results.json alone."""

import statistics

import chart
import measure
import scenarios
import tools

NAMES = [tool.name for tool in tools.TOOLS]


def seconds(number):
    """Three digits that count: 0.0123, 0.123, 1.23, 12.3, 123."""
    digits = 4 if number < 0.1 else 3 if number < 1 else 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:.{digits}f}"


def in_seconds(number):
    return f"{seconds(number)} s"


def megabytes(number):
    return f"{number / 1e6:.{3 if number < 1e5 else 2 if number < 1e7 else 1}f}"


def with_spread(numbers):
    middle, smallest, largest = measure.spread(numbers)
    return f"{seconds(middle)} ({seconds(smallest)}–{seconds(largest)})" if len(numbers) > 1 else seconds(middle)


def values(row, name):
    return [sample[name] for sample in row["samples"] if name in sample] if row else []


def median(row, name):
    numbers = values(row, name)
    return statistics.median(numbers) if numbers else None


def cell(row, name, show):
    number = median(row, name)
    return "" if number is None else show(number)


def stable(row):
    """Whether all samples gave the same: the image, or at least its layers."""
    samples = row["samples"]
    if len(samples) < 2:
        return "measured once"
    if len({sample["digest"] for sample in samples}) == 1 and samples[0]["digest"]:
        return "image"
    same = len({tuple(digest for digest, _ in sample["layers"]) for sample in samples}) == 1
    return "layer" if same else "no"


def whole(number):
    return f"{number:g}"


def mebibytes(number):
    return f"{number / 2**20:.1f}" if number < 100 * 2**20 else f"{number / 2**20:.0f}"


class Scenario:
    """The rows of one scenario, and its table."""

    def __init__(self, name, document):
        self.name = name
        self.rows = {}
        for row in document["rows"]:
            if row["scenario"] == name:
                self.rows.setdefault((row["input"], row["tool"]), {})[row["round_trip"]] = row
        self.inputs = sorted({source for source, _ in self.rows}, key=lambda source: document["inputs"][source]["bytes"])
        self.round_trips = sorted({trip for found in self.rows.values() for trip in found if trip is not None})
        self.counted = name in scenarios.COUNTED

    def of(self, source):
        """(tool, {round trip: row}) in the order of the tools."""
        return [(tool, self.rows[source, tool]) for tool in NAMES if (source, tool) in self.rows]

    def columns(self):
        if self.counted:
            waits = [f"{trip * 1000:.0f} ms away, s" if trip else "loopback, s" for trip in self.round_trips]
            return [*waits, "CPU, s", "memory, MiB", "sent, MB", "received, MB", "requests", "connections"]
        last = ["layer, MB", "same digest"] if self.name == "cold" else ["new layers, MB"]
        return ["wall, s", "× terrane", "CPU, s", "memory, MiB", *last]

    def cells(self, source, found):
        if self.counted:
            rows = [found.get(trip) for trip in self.round_trips]
            counted = next((row for row in rows if values(row, "requests")), None)
            first = next(row for row in rows if row)
            return [*(with_spread(values(row, "wall")) if values(row, "wall") else "" for row in rows),
                    cell(first, "cpu", seconds), cell(first, "memory", mebibytes), cell(counted, "sent", megabytes),
                    cell(counted, "received", megabytes), cell(counted, "requests", whole), cell(counted, "connections", whole)]
        row = found[None]
        ours = self.rows.get((source, "terrane"), {}).get(None)
        ratio = f"{median(row, 'wall') / median(ours, 'wall'):.2f}" if values(ours, "wall") else ""
        last = [cell(row, "size", megabytes), stable(row)] if self.name == "cold" else [cell(row, "new", megabytes)]
        return [with_spread(values(row, "wall")), ratio, cell(row, "cpu", seconds), cell(row, "memory", mebibytes), *last]

    def table(self):
        columns = self.columns()
        lines = ["| input | tool | " + " | ".join(columns) + " |", "|---|---|" + "---:|" * len(columns)]
        for source in self.inputs:
            for tool, found in self.of(source):
                failed = next((row["failed"] for row in found.values() if "failed" in row), None)
                cells = [f"failed: {clean(failed)}", *[""] * (len(columns) - 1)] if failed else self.cells(source, found)
                lines.append(f"| {source} | {tool} | " + " | ".join(cells) + " |")
        for tool in tools.TOOLS:
            why = tools.reason(tool, self.name)
            if why:
                lines.append(f"| | {tool.name} | — {why} |" + " |" * (len(columns) - 1))
        return lines

    def groups(self):
        groups = []
        for source in self.inputs:
            for trip in self.round_trips or [None]:
                rows = [(tool, *measure.spread(values(found.get(trip), "wall"))) for tool, found in self.of(source) if values(found.get(trip), "wall")]
                if rows:
                    place = "" if trip is None else ", on loopback" if not trip else f", {trip * 1000:.0f} ms away"
                    groups.append((source + place, rows))
        return groups

    def picture(self):
        return chart.bars(f"{self.name}: wall time in seconds, medians with smallest and largest", self.groups(), NAMES.index, in_seconds)


def clean(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def describe_inputs(document):
    lines = ["| input | tar, MB | files | SHA-256 |", "|---|---:|---:|---|"]
    for name, facts in sorted(document["inputs"].items(), key=lambda item: item[1]["bytes"]):
        lines.append(f"| {name} | {facts['bytes'] / 1e6:.0f} | {facts['files']} | `{facts['sha256'][:16]}…` |")
    return lines


def describe_machine(document):
    machine, versions = document["machine"], document["versions"]
    busy = [sample["busy"] for row in document["rows"] for sample in row["samples"]]
    lines = [f"{machine['processor']}, {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB, {machine['system']}, {machine['kernel']} "
             f"({machine['architecture']}).",
             f"Every cold run, every runner and every registry has {machine['file_system']}; inputs are in the page cache.",
             f"Before a run, other processes kept {statistics.median(busy):.1f} of the {machine['cores']} cores busy in the median, {max(busy):.1f} at most."]
    if statistics.median(busy) > machine["cores"] / 4:
        lines.append("**The machine was not quiet: only ratios and CPU times mean something.**")
    lines += ["", "| tool | version | settings |", "|---|---|---|"]
    for tool in tools.TOOLS:
        if tool.name in versions:
            lines.append(f"| {tool.name} | {versions[tool.name]} | {document['settings'][tool.name]} |")
        else:
            package = f": not packaged in Debian 12; `go install {tools.CRANE_PACKAGE}@latest`" if tool is tools.Crane else ""
            lines.append(f"| {tool.name} | not compared, since it was not installed{package} | |")
    lines.append(f"| registry | {versions['registry']} | on 127.0.0.1, plain HTTP |")
    lines += ["", f"Measured on {document['date']}, terrane being the program with the SHA-256 `{document['program'][:16]}…`."]
    return lines


METHOD = """\
Times are wall-clock medians, in parentheses the smallest and the largest; CPU time is user and system of all processes. Memory is the
peak of all processes that run at the same time: the kernel's maximum for the largest one, or the sum that a look at the process tree
every 50 ms found, whichever is larger. The tools take turns. A cold run counts everything from the tar, or from the unpacked directory
where a tool takes only that, to the image with compressed layers and digests. *Same digest* says whether all runs, each on a new file
system, gave the same image or at least the same layer.

Times on loopback are without a proxy. Bytes, requests and connections are what went through a proxy before the registry, which also
delays everything for the runs with a round trip; it does not limit bandwidth. Sent is to the registry, received from it, with all
headers. CPU and memory in these tables are those of the first column of times.

Generated inputs (`50m-1k`: 50 MB, 1000 files) have the same bytes on every machine, and compress to 38 %, about as real ones do; `gdal`
is a Debian 12 root file system with GDAL, rasterio, fiona and shapely. The images of all scenarios but cold have a base, eleven generated
wheels (together a tenth of the base, but at most 60 MB) and a handler; terrane makes layers per package of the wheels. MB are 10⁶ bytes.
"""

HEAD = """\
# Benchmarks

terrane and its peers on the same inputs in the same run, measured and written by [`scripts/bench`](../scripts/bench); the raw numbers are in
[results.json](benchmarks/results.json).

```
scripts/bench --output docs           # these tables, about 15 minutes
scripts/bench --small                 # small inputs, a few minutes
scripts/bench --all --output docs     # 50 MB to 5 GB, 1 k to 300 k files: an hour or more
scripts/bench --scenario cold --size 5g-50k --runs 1 --merge --output docs    # one more portion
```
"""


def render(document):
    """{file name: text}, of the page and its pictures."""
    files = {}
    lines = [HEAD]
    if not document["rows"]:
        lines += ["There are no results yet.", ""]
    lines += ["## How it is measured", "", METHOD]
    if document["rows"]:
        lines += [*describe_inputs(document), "", "## Machine and versions", "", *describe_machine(document), ""]
    for name, about in scenarios.SCENARIOS.items():
        scenario = Scenario(name, document)
        if not scenario.rows:
            continue
        lines += [f"## {name}", "", about, "", *scenario.table(), ""]
        if scenario.groups():
            files[f"benchmarks/{name}.svg"] = scenario.picture()
            lines += [f"![Wall time of {name} by tool](benchmarks/{name}.svg)", ""]
    files["benchmarks.md"] = "\n".join(lines).rstrip("\n") + "\n"
    return files


def write(directory, document):
    for name, text in render(document).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
