"""scripts/bench: what it counts and writes. What the numbers are is for readers."""

import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tarfile
import threading
import time
import unittest
import xml.etree.ElementTree

from terrane_test import TERRANE, TOP, TestCase, have

BENCH = TOP / "tests/bench"
sys.path.insert(0, str(BENCH))
import chart
import inputs
import measure
import proxy
import report
import results
import scenarios
import tools

MIB = 2**20
SVG = "{http://www.w3.org/2000/svg}"


class Inputs(TestCase):
    def test_names(self):
        self.assertEqual([inputs.parse(name) for name in ("50m-1k", "5g-300k", "100k-10")], [(50_000_000, 1000), (5_000_000_000, 300_000), (100_000, 10)])
        for wrong in ("50m", "50M-1k", "0m-1k", "50m-0", "50m-1m", "50m-1k-2", ""):
            self.assertRaises(ValueError, inputs.parse, wrong)

    def test_a_tree_has_what_its_name_says(self):
        files = [self.directory / name for name in ("one.tar", "two.tar")]
        for file in files:
            inputs.write_tree(file, 200_000, 100, "200k-100")
        self.assertEqual(*(file.read_bytes() for file in files))
        with tarfile.open(files[0]) as tar:
            members = [member for member in tar if member.isfile() and member.name != "./etc/os-release"]
        self.assertEqual((sum(member.size for member in members), len(members)), (200_000, 100))
        self.assertEqual(len({member.name for member in members}), 100)

    def test_versions_of_a_wheel(self):
        """Only a quarter of its modules differs, of ten other wheels nothing; each is as its requirement and its RECORD say."""
        function = inputs.Function(self.directory / "function", 100_000)
        installed = []
        for number in (0, 1):
            function.write_wheels(number)
            deps = function.directory / "deps"
            installed.append({str(path.relative_to(deps)): path.read_bytes() for path in deps.rglob("*") if path.is_file()})
        changed = {name for name in installed[0].keys() & installed[1].keys() if installed[0][name] != installed[1][name]}
        self.assertEqual(changed - {"benchmain/__init__.py"}, {f"benchmain/module{i:03}{inputs.SUFFIXES[i % 16]}" for i in range(0, 40, 4)})
        lines = (function.directory / "requirements.txt").read_text().splitlines()
        self.assertEqual(len(lines), 11)
        for line in lines:
            requirement, digest = line.split(" --hash=sha256:")
            wheel = function.directory / "wheels" / (requirement.replace("==", "-") + "-py3-none-any.whl")
            self.assertEqual(hashlib.sha256(wheel.read_bytes()).hexdigest(), digest)


class Measure(TestCase):
    def test_memory_is_of_the_program(self):
        """And not of the Python that started it, which wait4 includes."""
        held = bytearray(b"x" * 60 * MIB)
        cost, output = measure.measure(["echo", "word"])
        self.assertEqual(output, "word\n")
        self.assertLess(cost.memory, 30 * MIB)
        del held

    def test_processes_at_the_same_time_add_up(self):
        program = f"import time; x = bytearray(b'x' * {30 * MIB}); time.sleep(0.4)"
        cost, _ = measure.measure(["sh", "-c", '"$@" & "$@"; wait', "sh", sys.executable, "-S", "-c", program])
        self.assertGreater(cost.memory, 60 * MIB)
        self.assertLess(cost.memory, 150 * MIB)

    def test_commands_after_each_other(self):
        total = measure.Cost()
        for cost in (measure.Cost(1, 2, 30), measure.Cost(4, 5, 20)):
            total.add(cost)
        self.assertEqual((total.wall, total.cpu, total.memory), (5, 7, 30))

    def test_failure(self):
        with self.assertRaisesRegex(measure.Failed, "ended with 3:\nwhy") as caught:
            measure.measure(["sh", "-c", "echo why >&2; exit 3"])
        self.assertEqual(caught.exception.short, "sh ended with 3")

    def test_spread(self):
        self.assertEqual(measure.spread([3, 1, 10]), (3, 1, 10))
        self.assertEqual(measure.spread([1, 2]), (1.5, 1, 2))


class Requests(unittest.TestCase):
    STREAM = (b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"
              b"PUT /a HTTP/1.1\r\ncontent-length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n1 "
              b"PATCH /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET \r\r\n12;x=y\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"
              b"POST /c HTTP/1.1\r\nContent-Length: 0\r\n\r\nHEAD /d HTTP/1.1\r\n\r\n")

    def test_bodies_are_not_requests(self):
        """In whatever pieces they come."""
        for size in (1, 2, 3, 7, 50, len(self.STREAM)):
            requests = proxy.Requests()
            for start in range(0, len(self.STREAM), size):
                requests.feed(self.STREAM[start:start + size])
            self.assertEqual(requests.count, 5, size)


class Proxy(TestCase):
    def test_counts_and_delays(self):
        request, answer = b"GET / HTTP/1.1\r\n\r\n", b"x" * 1000
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                connection, _ = server.accept()
                with connection:
                    for _ in range(2):
                        connection.recv(len(request), socket.MSG_WAITALL)
                        connection.sendall(answer)
            thread = threading.Thread(target=serve)
            thread.start()
            words = [sys.executable, BENCH / "proxy.py", str(server.getsockname()[1]), "--one-way", "0.05"]
            with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                port = int(process.stdout.readline())
                with socket.create_connection(("127.0.0.1", port)) as client:
                    for connections, trips in ((1, 2), (0, 1)):  # the handshake is a round trip
                        start = time.monotonic()
                        client.sendall(request)
                        self.assertEqual(client.recv(1000, socket.MSG_WAITALL), answer)
                        self.assertGreaterEqual(time.monotonic() - start, trips * 0.1 - 0.002)
                        process.stdin.write("\n")
                        process.stdin.flush()
                        self.assertEqual(json.loads(process.stdout.readline()),
                                         {"sent": len(request), "received": 1000, "requests": 1, "connections": connections})
                process.terminate()
            thread.join()


def sample(wall, **members):
    return {"wall": wall, "cpu": 2 * wall, "memory": 100 * MIB, "busy": 0.0, **members}


def cold(tool, walls, digests="aaa", layers="bbb"):
    return {"scenario": "cold", "input": "50m-1k", "tool": tool, "round_trip": None,
            "samples": [sample(wall, digest=digest, layers=[[layer, 5_000_000]], size=5_000_000) for wall, digest, layer in zip(walls, digests, layers)]}


def document(*rows, **members):
    machine = {"processor": "Some CPU", "cores": 2, "memory": 8 * 2**30, "kernel": "Linux 6.1", "architecture": "x86_64", "system": "Debian", "file_system": "ext4"}
    names = {row["tool"] for row in rows} | {"terrane"}
    return {**results.empty(), "date": "2026-01-02", "machine": machine, "program": "0" * 64, "versions": {name: f"{name} 1" for name in names} | {"registry": "registry 2"},
            "settings": {name: f"setting of {name}" for name in names},
            "inputs": {"50m-1k": {"bytes": 50_000_000, "files": 1000, "sha256": "0" * 64}}, "rows": list(rows), **members}


class Report(TestCase):
    def row(self, page, tool):
        (line,) = [line for line in page.splitlines() if line.startswith(f"| 50m-1k | {tool} |")]
        return [cell.strip() for cell in line.strip("|").split("|")][2:]

    def test_table(self):
        page = report.render(document(cold("terrane", [2, 1, 4]), cold("buildah", [4, 8, 5], digests="abc"), cold("umoci", [1, 1, 1], "abc", "xyz")))["benchmarks.md"]
        self.assertEqual(self.row(page, "terrane"), ["2.00 (1.00–4.00)", "1.00", "4.00", "100", "5.00", "image"])
        self.assertEqual(self.row(page, "buildah"), ["5.00 (4.00–8.00)", "2.50", "10.0", "100", "5.00", "layer"])
        self.assertEqual(self.row(page, "umoci"), ["1.00 (1.00–1.00)", "0.50", "2.00", "100", "5.00", "no"])
        self.assertIn("| | skopeo | — only copies images | | | | | |\n", page)
        for text in ("Measured on 2026-01-02,", "Some CPU, 2 cores, 8 GiB, Debian, Linux 6.1", "| umoci | umoci 1 | setting of umoci |", "crane | not compared, since it was not installed"):
            self.assertIn(text, page)
        self.assertNotIn("not quiet", page)

    def test_one_run_says_nothing_about_digests(self):
        self.assertEqual(self.row(report.render(document(cold("terrane", [2])))["benchmarks.md"], "terrane")[-1], "measured once")

    def test_failures_and_noise(self):
        failed = {**cold("buildah", []), "failed": "buildah ended with 1 | <b>"}
        noisy = cold("terrane", [2])
        noisy["samples"][0]["busy"] = 1.5
        page = report.render(document(failed, noisy))["benchmarks.md"]
        self.assertIn("| 50m-1k | buildah | failed: buildah ended with 1 \\| &lt;b> | | | | | |", page.replace("|  ", "| "))
        self.assertIn("1.5 of the 2 cores busy", page)
        self.assertIn("**The machine was not quiet", page)

    def test_registry(self):
        """One row per tool: what was counted comes from the runs through the proxy."""
        def push(trip, *samples):
            return {"scenario": "push", "input": "50m-1k", "tool": "terrane", "round_trip": trip, "samples": list(samples)}
        counted = {"sent": 12_000_000, "received": 4000, "requests": 15, "connections": 10}
        files = report.render(document(push(0.0, sample(1), sample(3)), push(0.05, sample(4, **counted))))
        self.assertEqual(self.row(files["benchmarks.md"], "terrane"), ["2.00 (1.00–3.00)", "4.00", "4.00", "100", "12.0", "0.004", "15", "10"])
        self.assertEqual(set(files), {"benchmarks.md", "benchmarks/push.svg"})

    def test_picture(self):
        picture = report.render(document(cold("terrane", [2, 1, 4]), cold("buildah", [8, 8, 8])))["benchmarks/cold.svg"]
        root = xml.etree.ElementTree.fromstring(picture)
        ours, theirs = (float(bar.get("width")) for bar in root.iter(SVG + "rect"))
        self.assertEqual((round(theirs), round(ours)), (chart.WIDTH - chart.LEFT - chart.RIGHT, round(theirs / 4)))
        self.assertEqual(len([path for path in root.iter(SVG + "path") if path.get("class") == "whisker"]), 1)
        self.assertIn("prefers-color-scheme:dark", picture)
        self.assertIn("2.00 s", [text.text for text in root.iter(SVG + "text")])

    def test_the_committed_page_is_of_the_committed_numbers(self):
        files = report.render(results.load(TOP / "docs/benchmarks/results.json"))
        for name, text in files.items():
            self.assertEqual((TOP / "docs" / name).read_text(encoding="utf-8"), text, f"{name}: scripts/bench --render --output docs")
        self.assertEqual({f"benchmarks/{path.name}" for path in (TOP / "docs/benchmarks").glob("*.svg")}, set(files) - {"benchmarks.md"})


class Merge(TestCase):
    def test_portions_accumulate(self):
        first, second = cold("terrane", [1]), cold("buildah", [2])
        again = cold("terrane", [3])
        old = document(first, second)
        merged = results.merge(old, document(again))
        self.assertEqual(merged["rows"], [again, second])
        self.assertEqual(merged["versions"], old["versions"])
        path = self.directory / "benchmarks/results.json"
        results.save(path, merged)
        self.assertEqual(results.load(path), merged)

    def test_what_does_not_belong_together(self):
        old = document(cold("terrane", [1]))
        for other in (document(machine={**old["machine"], "cores": 4}), document(program="1" * 64), document(versions={"terrane": "terrane 2"}),
                      document(inputs={"50m-1k": {"bytes": 1, "files": 1, "sha256": "1" * 64}})):
            self.assertRaisesRegex(results.Different, "earlier results", results.merge, old, other)
        results.save(self.directory / "results.json", {**old, "format": 0})
        self.assertRaisesRegex(results.Different, "format 0", results.load, self.directory / "results.json")


@unittest.skipUnless(have("umoci", "buildah", "pigz", "skopeo", "docker-registry", "mmdebstrap", "time"), "a peer of scripts/bench is not installed")
class Script(TestCase):
    def bench(self, *arguments, **env):
        return subprocess.run([TOP / "scripts/bench", "--terrane", TERRANE, "--work", self.directory / "work", *arguments],
                              env=dict(os.environ, **env), capture_output=True, text=True)

    def measured(self, *arguments):
        output = self.directory / "out"
        result = self.bench("--small", "--size", "100k-10", "--runs", "1", "--round-trip", "1", "--output", output, "--merge", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = results.load(output / "benchmarks/results.json")
        self.assertEqual([row for row in found["rows"] if "failed" in row or len(row["samples"]) != 1], [])
        return found, (output / "benchmarks.md").read_text()

    def test_every_scenario_and_tool(self):
        """In two portions: buildah, which is slow, in one scenario."""
        self.measured("--tool", "terrane,umoci,tar+pigz,skopeo")
        found, page = self.measured("--tool", "buildah", "--scenario", "cold")
        expected = {(name, tool.name, trip) for name in scenarios.SCENARIOS for tool in tools.TOOLS if not tools.reason(tool, name)
                    for trip in [0.001 if name in scenarios.COUNTED else None]
                    if tool is not tools.Crane and (tool is not tools.Buildah or name == "cold")}
        rows = {(row["scenario"], row["tool"], row["round_trip"]): row["samples"][0] for row in found["rows"]}
        self.assertEqual(set(rows), expected)
        for (name, _, trip), one in rows.items():
            self.assertGreater(min(one["wall"], one["cpu"], one["memory"]), 0)
            self.assertEqual("requests" in one, bool(trip))
        self.assertGreater(min(one["size"] for (name, *_), one in rows.items() if name == "cold"), 20_000)
        self.assertEqual(rows["unchanged", "terrane", None]["new"], 0)
        self.assertEqual(rows["push-unchanged", "terrane", 0.001]["requests"], 2)
        # The bumped wheel is 2500 bytes, and the handler far below 10 kB when it is compressed.
        self.assertLess(rows["cold-runner", "terrane", 0.001]["sent"], 20_000)
        self.assertEqual(page.count("benchmarks/cold.svg"), 1)

    def test_its_own_input(self):
        """mmdebstrap makes it, here a stand-in that chooses the format as mmdebstrap(1) says."""
        program = self.directory / "bin/mmdebstrap"
        program.parent.mkdir()
        program.write_text("#!/bin/bash\n"
                           'format=directory\n'
                           'for word in "$@"; do\n'
                           '  case $word in --format=*) format=${word#*=} ;; *.partial) target=$word ;; esac\n'
                           'done\n'
                           f'if [[ $format == tar ]]; then tar -C {program.parent} -cf "$target" .; else mkdir "$target"; fi\n')
        program.chmod(0o755)
        result = self.bench("--prepare", "--size", "gdal", PATH=f"{program.parent}:{os.environ['PATH']}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(tarfile.is_tarfile(self.directory / "work/inputs/gdal.tar"))

    def test_usage(self):
        for words, message in ((["--size"], "expected one argument"), (["--scenario", "warm"], "'warm' is not a scenario: cold, unchanged"),
                               (["--size", "big"], "'big' is not an input"), (["--tool", "docker"], "'docker' is not a tool"), (["--runs", "0"], "not a number from 1")):
            result = self.bench(*words)
            self.assertEqual((result.returncode, message in result.stderr), (2, True), result.stderr)
        result = self.bench("--terrane", "/nonexistent/terrane", "--size", "100k-10")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/terrane is missing: cmake --preset release", result.stderr)
        result = subprocess.run([TOP / "scripts/bench", "--compile", "--in", "/base"], capture_output=True, text=True)
        self.assertEqual((result.returncode, "--in needs the base and what a compiler adds" in result.stderr), (2, True))


if __name__ == "__main__":
    unittest.main()
