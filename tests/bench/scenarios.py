"""The tasks of the tools. A scenario is measured several times, the tools taking turns, and gives a sample each time."""

import contextlib
import shutil
import sys

import inputs
import measure
import registry
import tools

REBUILDS = ("unchanged", "handler-edit", "wheel-bump")
TRANSFERS = ("push", "push-unchanged", "push-edit", "pull")
SCENARIOS = {
    "cold": "A root file system becomes an image of one layer; nothing is remembered.",
    "unchanged": "An image of a base, wheels and a handler is built again, and nothing has changed.",
    "handler-edit": "The same, and the handler (10 kB) has changed.",
    "wheel-bump": "The same, and one wheel of eleven, with a quarter of their bytes, has a new version. terrane installs the wheels; the others\n"
                  "get a directory in which they are installed already.",
    "cold-runner": "A machine that has the sources, with another handler, and nothing from an earlier build, makes the image and pushes it. The\n"
                   "registry has what an earlier build on another machine gave to it: base, image, and the tool's cache.",
    "push": "To an empty registry.",
    "push-unchanged": "To a registry that has the image.",
    "push-edit": "To a registry that has the image with another handler.",
    "pull": "Into an empty directory.",
}
COUNTED = (*TRANSFERS, "cold-runner")  # in which a registry answers


def perform(tool, steps, place=None):
    """Measures the command lines of steps, after each other, as one. @place: where they write, if not in the tool's."""
    total, output, first = measure.Cost(), None, True
    with contextlib.suppress(StopIteration):
        while True:
            argv = steps.send(output)
            if first:
                measure.run(["sync"])  # what was prepared, here and on the disk below, is not written while something is measured
                busy = measure.busy()
                first = False
            cost, output = measure.measure(argv, env=tool.env)
            total.add(cost)
    return {"wall": round(total.wall, 4), "cpu": round(total.cpu, 4), "memory": total.memory, "busy": round(busy, 2)}


def new_layers(image, before):
    """Bytes of the layers that an image has and the one before did not."""
    known = {digest for digest, _ in before["layers"]} if before else set()
    return sum(size for digest, size in image["layers"] if digest not in known)


class Collector:
    """Rows by scenario, input, tool and round trip, in the order in which they were begun."""

    def __init__(self):
        self.rows = {}

    def row(self, scenario, source, tool, round_trip=None):
        key = (scenario, source.name, tool.name, round_trip)
        return self.rows.setdefault(key, {"scenario": scenario, "input": source.name, "tool": tool.name, "round_trip": round_trip, "samples": []})

    def add(self, scenario, source, tool, sample, round_trip=None):
        row = self.row(scenario, source, tool, round_trip)
        row["samples"].append(sample)
        print(f"{scenario:<15} {source.name:<10} {tool.name:<10} {'' if round_trip is None else f'{round_trip * 1000:3.0f} ms'} "
              f"{sample['wall']:9.3f} s {sample['cpu']:9.3f} s CPU {sample['memory'] / 2**20:8.1f} MiB"
              + "".join(f", {name} {sample[name]}" for name in ("size", "new", "sent", "received", "requests") if name in sample), flush=True)

    @contextlib.contextmanager
    def failures(self, scenarios, source, tool):
        """A tool that fails does not end the benchmark: its rows say so."""
        try:
            yield
        except measure.Failed as error:
            print(f"bench: {tool.name}: {error}", file=sys.stderr)
            for scenario in scenarios:
                self.row(scenario, source, tool)["failed"] = error.short


class Bench:
    def __init__(self, options, places, collector):
        self.options, self.places, self.collector = options, places, collector

    def able(self, chosen, scenario):
        return [tool for tool in chosen if not tools.reason(tool, scenario)]

    def space(self, source):
        return self.places.fresh(source.bytes + source.wheels(), source.inodes)

    def cold(self, source, chosen, runs, _):
        for _ in range(runs):
            for tool in self.able(chosen, "cold"):
                with self.collector.failures(["cold"], source, tool), self.space(source) as place:
                    one = tool(self.options, place, source, None)
                    measure.run(["cp", source.rootfs, "/dev/null"])  # into the page cache
                    sample = perform(one, one.cold())
                    image = one.image()
                    self.collector.add("cold", source, tool, {**sample, **image, "size": new_layers(image, None)})

    def function(self, place, source):
        function = inputs.Function(place / "function", source.wheels())
        function.write_handler(0)
        function.write_wheels(0)
        return function

    def rebuild(self, source, chosen, runs, scenarios):
        for tool in chosen:
            wanted = [scenario for scenario in scenarios if not tools.reason(tool, scenario)]
            if not wanted:
                continue
            with self.collector.failures(wanted, source, tool), self.space(source) as place:
                function = self.function(place, source)
                one = tool(self.options, place, source, function)
                one.now(one.whole())
                for number in range(1, runs + 1):
                    for scenario in wanted:
                        if scenario == "handler-edit":
                            function.write_handler(number)
                        elif scenario == "wheel-bump":
                            function.write_wheels(number)
                        before = one.image()
                        sample = perform(one, getattr(one, tools.method(scenario))())
                        if before:
                            sample["new"] = new_layers(one.image(), before)
                        self.collector.add(scenario, source, tool, sample)

    @contextlib.contextmanager
    def runner(self, tool, source, origin, number):
        """A new machine: the sources with an edited handler, and the lock."""
        with self.space(source) as place:
            function = place / "function"
            shutil.copytree(origin.directory, function)
            one = tool(self.options, place, source, inputs.Function(function, 0))
            one.function.write_handler(number)
            yield one

    def cold_runner(self, source, chosen, runs, _):
        with self.space(source) as place:
            (place / "server").mkdir()
            server = registry.Registry(place / "server")
            function = self.function(place, source)
            with server.serve():
                base = tools.Terrane(self.options, place, source, function)
                base.now(base.cold())
                base.now(base.push("bench", f"{server.host}/base:v1"))
            number = 0
            for tool in self.able(chosen, "cold-runner"):
                with self.collector.failures(["cold-runner"], source, tool):
                    publisher = place / f"publisher-{number}"
                    publisher.mkdir()
                    with server.serve():
                        one = tool(self.options, publisher, source, function)
                        one.now(one.publish(server))
                    shutil.rmtree(publisher, ignore_errors=True)
                    for round_trip in self.options.round_trips:
                        for _ in range(runs):
                            number += 1
                            with self.runner(tool, source, function, number) as one, server.serve(round_trip or None):
                                sample = perform(one, one.cold_runner(server, number))
                                self.collector.add("cold-runner", source, tool, {**sample, **server.take()}, round_trip)

    def transfer(self, source, chosen, runs, scenarios):
        able = self.able(chosen, "push")
        with self.space(source) as place:
            images = Images(self, place, source)
            ready = {}
            for tool in able:
                with self.collector.failures(scenarios, source, tool):
                    directory = place / f"tool-{len(ready)}"
                    directory.mkdir()
                    one = tool(self.options, directory, source, None)
                    one.take_images(images)
                    ready[tool] = one
            for round_trip in self.options.round_trips:
                for _ in range(runs):
                    for tool, one in ready.items():
                        with self.collector.failures(scenarios, source, tool):
                            self.transfer_once(one, source, scenarios, round_trip)

    def transfer_once(self, one, source, scenarios, round_trip):
        with self.space(source) as place:
            server = registry.Registry(place)
            host = server.host
            steps = {"push": one.push("bench", f"{host}/bench:v1"), "push-unchanged": one.push("bench", f"{host}/bench:v1"),
                     "push-edit": one.push("edited", f"{host}/bench:v2"), "pull": one.pull(f"{host}/bench:v1", place / "pulled")}
            with server.serve(round_trip or None):
                for scenario in TRANSFERS:
                    if scenario in scenarios:
                        sample = perform(one, steps[scenario], place)
                        self.collector.add(scenario, source, type(one), {**sample, **server.take()}, round_trip)
                    elif scenario == "push":  # the others need it
                        one.now(steps[scenario])
                        server.take()


class Images:
    """Two images of an input and a function, which differ in the handler, as a store and as layouts."""

    def __init__(self, bench, place, source):
        function = bench.function(place, source)
        builder = tools.Terrane(bench.options, place, source, function)
        self.store = place / "store"
        self.layouts = {}
        for number, name in enumerate(("bench", "edited")):
            function.write_handler(number)
            self.layouts[name] = place / f"layout-{name}"
            builder.now(builder.build(name, "--output", f"oci:{self.layouts[name]}:latest"))
