"""The plan of a build and its explanation: every statement of plan is held against the build that follows, and both against what
the record, the registry and the index saw."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import time
import unittest

from ecr_like_registry import FakeRegistry
from terrane_test import TERRANE, TestCase, make_tar, read_cache_entry, write_cache_entry
from wheel_index import Index, make_wheel, requirement

BUSYBOX = shutil.which("busybox")


class PlanCase(TestCase):
    def write_old(self, name, content):
        """A file that was not changed just now, which would be read again (architecture.md, identity)."""
        path = self.write(name, content)
        os.utime(path, (time.time() - 1000,) * 2)
        return path

    def settle(self):
        """Waits until the ctime of all files is old enough to count."""
        time.sleep(2.1)

    def contents(self):
        """Everything in the store but its lock and the times of use of downloads."""
        return {str(path.relative_to(self.store)): path.stat().st_size for path in self.store.rglob("*") if path.is_file()} \
            if self.store.exists() else None

    def plan(self, profile, *arguments, **options):
        before = self.contents()
        plan, = json.loads(self.run_terrane("--json", "plan", profile, *arguments, **options).stdout)["plans"]
        after = self.contents()
        if before is not None:
            written = {name for name in after if before.get(name) != after[name]}
            self.assertEqual({name for name in written if not name.startswith(("cache/digests/", "cache/pythons/"))}, set())
        return plan

    def both(self, profile, *arguments, plan_only=(), exact=True):
        """The plan and the record of the build after it, which must agree."""
        plan = self.plan(profile, *arguments, *plan_only)
        record = self.build(profile, "--explain", *arguments)
        done = record["explanation"]
        rows = {(step["step"], step.get("name"), step.get("tree")): step for step in done["steps"]}
        for step in plan["steps"]:
            row = rows[step["step"], step.get("name"), step.get("tree")]
            if step["certain"]:
                self.assertEqual((step["result"], step["reasons"]), (row["result"], row["reasons"]), step)
        if exact:
            self.assertEqual([step for step in plan["steps"] if not step["certain"]], [])
        # The record without its explanation.
        layers = [step for step in plan["steps"] if step["step"] == "layer"]
        self.assertEqual([step["name"] for step in layers], [layer["tree"] for layer in record["layers"]])
        for step, layer in zip(layers, record["layers"]):
            if not step["certain"]:
                continue
            self.assertEqual(step["result"] == "reused", layer["reused"], step)
            if step["result"] == "reused":
                self.assertEqual((step["digest"], step["size"]), (layer["digest"], layer["size"]))
        self.assertTrue("digest" not in plan or plan["digest"] == record["digest"])
        image, = (step for step in plan["steps"] if step["step"] == "image")
        self.assertTrue(not image["certain"] or (image["result"] == "unchanged") == record["unchanged"])
        return plan, record

    def reasons(self, document, step, name=None):
        rows = [row for row in document["steps"] if row["step"] == step and row.get("name") == name]
        self.assertEqual(len(rows), 1, document["steps"])
        return rows[0]["result"], rows[0]["reasons"]

    def texts(self, document):
        return [cause["text"] for cause in document["causes"]]


class Local(PlanCase):
    """Directories and archives: plan reads them, so that it knows everything."""

    def setUp(self):
        super().setUp()
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=test\n")])
        self.write_old("lib/data", b"\0" * 100_000)
        self.write_old("app/handler.py", "x = 1\n")
        self.trees = [{"name": "lib", "directory": "lib", "prefix": "/opt"}, {"name": "app", "directory": "app", "prefix": "/var/task"}]

    def profile(self, **members):
        return self.write_profile(**{"base": {"archive": "base.tar"}, "trees": self.trees, **members})

    def test_states(self):
        profile = self.profile()
        self.settle()
        first = "this is the first build of the name"
        plan, record = self.both(profile)  # cold
        self.assertEqual({(step["result"], *step["reasons"]) for step in plan["steps"] if step["step"] != "validation"},
                         {("made", first), ("run", first)})
        plan, record = self.both(profile)  # warm
        self.assertEqual({step["result"] for step in plan["steps"]}, {"reused", "unchanged", "not run"})
        self.assertEqual((plan["digest"], plan["since"], plan["causes"], plan["lock"]), (record["digest"], record["digest"], [], []))
        # Nothing of what is here is asked for, so that nothing is uncertain.
        self.assertEqual(self.plan(profile, "--cache-from", "docker://127.0.0.1:1/cache"), plan)

        self.write_old("app/handler.py", "x = 2\n")
        self.write_old("app/new.py", "")
        plan, _ = self.both(profile)
        self.assertEqual(self.reasons(plan, "tree", "app"), ("made", ["handler.py changed", "new.py added"]))
        self.assertEqual(self.reasons(plan, "layer", "app"), ("made", ["its tree is another one"]))
        self.assertEqual(self.reasons(plan, "layer", "lib"), ("reused", []))
        self.assertEqual(self.reasons(plan, "checks"), ("run", ["the file system is another one"]))
        self.settle()
        self.build(profile)

        (self.directory / "app/new.py").unlink()
        os.utime(self.directory / "lib/data", (1, 1))  # another time does not mean other content
        self.settle()
        plan, _ = self.both(profile)
        self.assertEqual(self.reasons(plan, "tree", "app"), ("made", ["new.py removed"]))
        result, (reason,) = self.reasons(plan, "tree", "lib")
        self.assertRegex(f"{result}: {reason}", "^made: its content is the same")
        self.assertEqual(self.reasons(plan, "layer", "lib"), ("reused", []))

        # Another base, below everything: what the layers carry of its directories stays as it is.
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=other\n")])
        plan, record = self.both(profile)
        result, (reason,) = self.reasons(plan, "base", "base")
        self.assertRegex(f"{result}: {reason}", r"^made: base.tar: sha256 [0-9a-f]{12} → [0-9a-f]{12}$")
        self.assertEqual(self.reasons(plan, "layer", "base"), ("made", ["the base is another one"]))
        self.assertEqual([self.reasons(plan, "layer", name)[0] for name in ("lib", "app")], ["reused"] * 2)
        self.assertIn("base: base.tar: sha256", plan["lock"][0])

    def test_several_causes_are_listed_once(self):
        self.build(self.profile())
        self.trees[0].update(prefix="/opt/x", exclude=["*.tmp"])
        self.trees[1]["transforms"] = {"strip": True}
        profile = self.profile(config={"env": {"A": "1"}, "cmd": ["handler.handler"]}, limits={"uncompressed_size": "1GB"})
        self.settle()
        plan, record = self.both(profile, exact=False)
        document = record["explanation"]
        self.assertEqual(self.reasons(document, "tree", "lib"), ("made", ["exclude +*.tmp", "prefix opt → opt/x"]))
        self.assertEqual(self.reasons(document, "transforms", "app"), ("made", ["transforms.strip switched on"]))
        self.assertEqual(self.reasons(document, "image"),
                         ("made", ["config.cmd +handler.handler", "config.env.A set to 1", "the file system is another one"]))
        self.assertEqual(len(document["causes"]), len({json.dumps(cause) for cause in document["causes"]}))
        self.assertIn("limits.uncompressed_size set to 1GB", self.texts(document))
        # It was transformed before, and the profile goes back.
        del self.trees[1]["transforms"]
        plan, record = self.both(self.profile(config={"env": {"A": "2"}}))
        self.assertIn("config.env.A 1 → 2", self.texts(plan))
        self.assertIn("config.cmd −handler.handler", self.texts(plan))
        self.assertIn("transforms.strip switched off", self.texts(plan))

    def test_trees_come_go_and_change_places(self):
        self.settle()
        self.build(self.profile())
        self.trees.reverse()
        plan, _ = self.both(self.profile(), exact=False)
        self.assertEqual(self.texts(plan), ["the order of the trees changed"])
        self.trees.pop()
        self.trees.append({"name": "more", "directory": "lib", "prefix": "/usr"})
        plan, record = self.both(self.profile(), exact=False)
        self.assertIn("tree lib removed", self.texts(plan))
        self.assertEqual(self.reasons(record["explanation"], "tree", "more"), ("made", ["added"]))

    def test_what_the_store_lost_and_other_versions(self):
        profile = self.profile()
        self.settle()
        record = self.build(profile)
        for kind in ("layers", "images"):
            shutil.rmtree(self.store / "cache" / kind)
        plan, _ = self.both(profile)
        result, (reason,) = self.reasons(plan, "layer", "app")
        self.assertRegex(f"{result}: {reason}", "^made: the layer was not in the store any more")
        self.assertEqual(plan["causes"], [])
        shutil.rmtree(self.store / "cache/trees")
        result, (reason,) = self.reasons(self.both(profile)[0], "tree", "app")
        self.assertRegex(f"{result}: {reason}", "^made: it was not in the store any more")
        # As after an update of terrane: its trees and layers have other keys.
        entry, = (self.store / "cache/builds").iterdir()
        kept = read_cache_entry(entry)
        kept["tools"]["assembler"] = "0"
        write_cache_entry(entry, kept)
        for kind in ("trees", "layers", "images"):
            shutil.rmtree(self.store / "cache" / kind)
        plan, _ = self.both(profile)
        self.assertEqual(self.texts(plan), ["assembler version 0 → 1"])
        self.assertEqual(self.reasons(plan, "tree", "app"), ("made", ["terrane is another one"]))
        # For a build that kept nothing.
        entry.unlink()
        shutil.rmtree(self.store / "cache/layers")
        shutil.rmtree(self.store / "cache/images")
        plan, _ = self.both(profile)
        self.assertEqual(plan["unknown"], "not known: the last build kept no inputs")
        self.assertEqual(self.reasons(plan, "layer", "app"), ("made", ["not known: the last build kept no inputs"]))
        self.assertNotIn("since", plan)
        # An explanation that is too large is not kept, nor trusted if another file is in its place.
        write_cache_entry(entry, {"version": 99})
        self.assertIn("unknown", self.plan(profile))
        self.assertEqual(record["digest"], self.build(profile)["digest"])
        self.run_terrane("gc")
        self.assertTrue(entry.exists())
        self.run_terrane("rm", "test")
        self.assertFalse(entry.exists())

    def test_text(self):
        profile = self.profile()
        self.build(profile)
        self.write("app/handler.py", "x = 3\n")
        result = self.run_terrane("plan", profile)
        self.assertRegex(result.stdout, r"(?m)^tree +app +made +handler.py changed$")
        self.assertRegex(result.stdout, r"(?m)^layer +app +made +~\d+ B +its tree is another one$")
        self.assertEqual(result.stderr, "")
        self.assertRegex(self.run_terrane("build", "--explain", profile).stdout, r"(?m)^tree +app +made +handler.py changed$")
        # On a terminal no line is wider than it is.
        self.assertNotIn("explanation", self.build(profile))
        command = f"stty cols 40; {TERRANE} --store {self.store} plan {profile}"
        shown = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=True).stdout
        lines = [line for line in shown.replace("\r", "").splitlines() if line.startswith(("tree", "layer", "STEP"))]
        self.assertTrue(lines and all(len(line) <= 40 for line in lines), shown)

    def test_what_a_build_refuses(self):
        profile = self.profile()
        self.assert_fails(4, "there is no .*lock", "plan", "--locked", profile)
        self.build(profile)
        self.write_profile(base={"archive": "base.tar"}, trees=[{**self.trees[0], "directory": "nowhere"}])
        self.assert_fails(1, "nowhere", "plan", profile)
        self.assert_fails(2, "no such tree.*libs?", "plan", "--update-lock=lab", profile)
        self.assert_fails(2, "a name is empty", "plan", "--update-lock=base,,lib", profile)
        self.assert_fails(2, "--push without a destination", "plan", profile, "--push")
        self.assert_fails(2, "docker://", "plan", profile, "--push", "oci:x")


class Network(PlanCase):
    """Wheels of an index and images of a registry: nothing is downloaded for a plan."""

    def setUp(self):
        super().setUp()
        self.registry = FakeRegistry(mount=True)
        self.addCleanup(self.registry.__exit__)
        self.index = Index()
        self.addCleanup(self.index.close)
        self.wheels = {version: make_wheel("alpha", version, files={"alpha/__init__.py": f"v = '{version}'\n"}) for version in ("1.0", "1.1")}
        self.index.add(*self.wheels.values())
        self.write_old("app/handler.py", "x = 1\n")
        (self.directory / "empty").mkdir()

    def require(self, version):
        self.write("requirements.txt", requirement("alpha", version, self.wheels[version]))

    def profile(self, **members):
        deps = {"requirements": "requirements.txt", "index": self.index.url, "python": "3.12", "glibc": "2.34"}
        return self.write_profile(**{"base": {"directory": "empty"}, "trees": [
            {"name": "deps", "wheels": deps, "prefix": "/var/task"},
            {"name": "app", "directory": "app", "prefix": "/var/task"}], **members})

    def asked(self):
        """The requests since the last time, but what says how to talk to the registry."""
        new, self.registry.log = self.registry.log, []
        return [(request.method, request.path) for request in new if request.path != "/v2/"]

    def test_wheel_bumped(self):
        self.require("1.0")
        profile = self.profile()
        self.run_terrane("lock", profile)
        self.settle()
        plan, _ = self.both(profile, exact=False)  # cold
        fetch, = (step["fetch"] for step in plan["steps"] if step["step"] == "tree" and step["name"] == "deps")
        self.assertEqual(fetch["files"], 1)
        plan, _ = self.both(profile)
        self.assertEqual({step["result"] for step in plan["steps"]}, {"reused", "unchanged", "not run"})
        # The lock does not have it yet: only a build asks the index.
        self.require("1.1")
        before = len(self.index.requests("/"))
        plan = self.plan(profile)
        self.assertEqual(len(self.index.requests("/")), before)
        self.assertEqual(self.reasons(plan, "tree", "deps"), ("made", ["alpha 1.0 → 1.1 in requirements.txt"]))
        self.assertEqual([unknown["name"] for unknown in plan["unknowns"]], ["deps"])
        self.assertEqual(plan["lock"], ["deps: alpha 1.0 → 1.1"])
        self.assert_fails(4, "alpha 1.0 → 1.1", "plan", "--locked", profile)
        self.run_terrane("lock", profile)
        before = len(self.index.requests("/"))
        plan = self.plan(profile)
        self.assertEqual(len(self.index.requests("/")), before)
        plan, record = self.both(profile, exact=False)
        fetch, = (step["fetch"] for step in plan["steps"] if step["step"] == "tree" and step["name"] == "deps")
        name, content = self.wheels["1.1"]
        self.assertEqual(fetch["files"], 1)
        self.assertIn(fetch["bytes"], (0, len(content)))  # indexes may leave out sizes
        self.assertEqual(self.reasons(plan, "tree", "deps"), ("made", ["alpha 1.0 → 1.1 in requirements.txt"]))
        self.assertEqual(self.reasons(plan, "layer", "app"), ("reused", []))
        # Downloads are read for the plan.
        self.require("1.0")
        self.run_terrane("lock", profile)
        self.build(profile)
        entry, = (self.store / "cache/builds").iterdir()
        (self.store / "cache/trees" / read_cache_entry(entry)["trees"][0]["key"]).unlink()
        plan, _ = self.both(profile)
        self.assertEqual(self.reasons(plan, "tree", "deps")[0], "made")
        self.assertEqual(self.reasons(plan, "layer", "deps"), ("reused", []))

    def test_only_the_layer_of_the_bumped_package(self):
        """Packages have layers of their own: the plan goes by the packages that the lock names, without the wheels."""
        others = [make_wheel(name, "1.0", files={f"{name}/__init__.py": "x" * 100}) for name in ("beta", "gamma")]
        self.index.add(*others)

        def require(version):
            self.write("requirements.txt", requirement("alpha", version, self.wheels[version])
                       + "".join(requirement(name, "1.0", wheel) for name, wheel in zip(("beta", "gamma"), others)))

        require("1.0")
        profile = self.profile(layers={"wheels": "per-package", "max": 3})
        self.run_terrane("lock", profile)
        path = self.directory / "profile.lock.json"
        lock = json.loads(path.read_text())
        for wheel in lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"]:
            wheel["layer"] = wheel["name"]
        path.write_text(json.dumps(lock))
        self.settle()
        self.build(profile)
        require("1.1")
        self.run_terrane("lock", profile)
        plan, record = self.both(profile, exact=False)
        layers = [(step.get("packages"), step["result"]) for step in plan["steps"] if step["step"] == "layer" and step["name"] == "deps"]
        done = [(layer.get("packages"), "reused" if layer["reused"] else "made") for layer in record["layers"] if layer["tree"] == "deps"]
        self.assertGreater(len(done), 1)
        self.assertEqual(layers, done)
        self.assertEqual([result for _, result in layers].count("made"), 1)
        # Other layers of the same files are made for a reason that is true, also when the lock says so.
        lock = json.loads(path.read_text())
        for wheel in lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"]:
            wheel["layer"] = "alpha" if wheel["name"] == "alpha" else "one"
        path.write_text(json.dumps(lock))
        for steps in (self.plan(profile), self.build(profile, "--explain")["explanation"]):
            self.assertEqual({tuple(step["reasons"]) for step in steps["steps"] if step["result"] in ("made", "run") and step["step"] != "validation"},
                             {("other layers for beta, gamma in requirements.txt",)})
        profile = self.profile(layers={"wheels": "per-tree"})
        because = ["layers.max 3 → 8", "layers.wheels per-package → per-tree", "other layers for alpha, beta, gamma in requirements.txt"]
        plan, record = self.both(profile, exact=False)
        for steps in (plan, record["explanation"]):
            self.assertEqual(self.reasons(steps, "layer", "deps"), ("made", because))
            self.assertEqual([step["reasons"] for step in steps["steps"] if step["step"] == "image"], [because])

    def test_push(self):
        self.require("1.0")
        profile = self.profile()
        there = f"docker://{self.registry.host}/team/app:v1"
        self.build(profile)
        self.asked()
        self.settle()

        def push(destination, *arguments):
            plan, = json.loads(self.run_terrane("--json", "plan", profile, "--push", destination, *arguments).stdout)["plans"]
            self.assertEqual({method for method, _ in self.asked()}, {"HEAD"})
            self.assertEqual(self.registry.uploads, set())
            report, = plan["pushes"]
            record = self.build(profile, "--push", destination, *arguments)
            self.asked()
            if report["unchanged"]:
                self.assertTrue(record["push"]["unchanged"])
                return report
            manifest = self.read_json_blob(record["digest"])
            for result, counted in (("uploaded", "uploaded"), ("mounted", "mounted"), ("exists", "existing")):
                rows = [blob for blob in report["blobs"] if blob["result"] == result]
                # The configuration and the manifest are in no row.
                extra = record["push"][f"blobs_{counted}"] - len(rows)
                self.assertIn(extra, (0, 1), (report, record["push"]))
                if all("size" in blob for blob in rows):
                    size = sum(blob["size"] for blob in rows) + extra * manifest["config"]["size"]
                    self.assertEqual(record["push"][f"bytes_{counted}"], size)
            return report

        def results(report):
            return [blob["result"] for blob in report["blobs"]]

        layers = len(self.build(profile)["layers"])
        self.assertEqual(results(push(there)), ["uploaded"] * layers)  # it has nothing
        self.assertTrue(push(there)["unchanged"])                      # it is this image
        self.assertEqual(results(push(f"docker://{self.registry.host}/team/app:v2")), ["exists"] * layers)
        other = push(f"docker://{self.registry.host}/team/other:v1")  # it has it elsewhere
        self.assertEqual([(blob["result"], blob["from"]) for blob in other["blobs"]], [("mounted", "team/app")] * layers)
        self.write_old("app/handler.py", "x = 2\n")
        report = push(there)
        self.assertEqual(results(report), ["exists"] * (layers - 1) + ["uploaded"])
        self.assert_fails(2, "--offline", "--offline", "plan", profile, "--push", there)

    def test_base_in_a_registry(self):
        inner = self.write_profile("inner.json", name="inner", base={"directory": "empty"},
                                   trees=[{"name": "low", "directory": "app", "prefix": "/low"}])
        image = f"{self.registry.host}/base:1"
        record = self.build(inner, "--push", f"docker://{image}")
        self.require("1.0")
        profile = self.profile(base={"image": f"docker://{image}"})
        self.store = self.directory / "second"
        self.asked()
        plan = self.plan(profile)  # without a lock it is unknown which one it is
        self.assertEqual(self.asked(), [])
        self.assertIn("base", {unknown["name"] for unknown in plan["unknowns"]})
        self.assertEqual(self.reasons(plan, "base", "base")[0], "fetched")
        self.run_terrane("lock", profile)
        self.asked()
        self.store = self.directory / "third"  # cold, with a lock
        plan = self.plan(profile)
        self.assertEqual(self.asked(), [])
        fetch, = (step["fetch"] for step in plan["steps"] if step["step"] == "base")
        self.assertEqual(fetch["unknown"], 1)
        self.build(profile)
        plan, record = self.both(profile)
        self.assertEqual(self.reasons(plan, "base", "base"), ("reused", []))
        # Another image under the tag, and in the lock.
        self.write_old("app/more.py", "")
        self.store, store = self.directory / "store", self.store
        self.build(inner, "--push", f"docker://{image}")
        self.store = store
        self.assertEqual({step["result"] for step in self.plan(profile)["steps"] if step["step"] == "base"}, {"reused"})
        self.run_terrane("lock", profile)
        plan = self.plan(profile)
        result, (reason,) = self.reasons(plan, "base", "base")
        self.assertRegex(f"{result}: {reason}", "^fetched: digest sha256:[0-9a-f]{12} → sha256:[0-9a-f]{12}$")


@unittest.skipUnless(BUSYBOX, "needs busybox")
class Compiled(PlanCase):
    def setUp(self):
        super().setUp()
        with tarfile.open(self.directory / "root.tar", "w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            for name in ("sh", "mkdir", "touch", "true"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        self.root = {"archive": "root.tar", "sha256": hashlib.sha256((self.directory / "root.tar").read_bytes()).hexdigest()}
        self.steps = {"low": [["mkdir", "-p", "/tmp/build/out/opt"], ["touch", "/tmp/build/out/opt/low"]],
                      "high": [["mkdir", "-p", "/tmp/build/out/opt"], ["touch", "/tmp/build/out/opt/high"]]}

    def profile(self, **members):
        for name, more in (("low", {}), ("high", {"needs": ["low.json"]})):
            self.write(f"{name}.json", json.dumps({"name": name, "version": "1.0", "steps": self.steps[name], **more, **members.pop(name, {})}))
        return self.write_profile(base=self.root, trees=[
            {"name": "tree", "prefix": "/opt", "compile": {"recipe": "high.json", "in": self.root}}], **members)

    def test_recipes(self):
        profile = self.profile()
        plan, _ = self.both(profile, "--no-validate", exact=False)
        self.assertEqual([self.reasons(plan, "recipe", name)[0] for name in ("low", "high")], ["compiled"] * 2)
        plan, _ = self.both(profile, "--no-validate")
        self.assertEqual([self.reasons(plan, "recipe", name) for name in ("low", "high")], [("reused", [])] * 2)
        self.steps["high"][1][1] += "-x"
        plan, _ = self.both(self.profile(), "--no-validate", exact=False)
        self.assertEqual(self.reasons(plan, "recipe", "low"), ("reused", []))
        self.assertEqual(self.reasons(plan, "recipe", "high"), ("compiled", ["step 2 changed"]))
        plan, _ = self.both(self.profile(low={"environment": {"A": "b"}, "version": "1.1"}), "--no-validate", exact=False)
        self.assertEqual(self.reasons(plan, "recipe", "low"), ("compiled", ["version 1.0 → 1.1", "environment.A set to b"]))
        self.assertEqual(self.reasons(plan, "recipe", "high"), ("compiled", ["it needs low"]))

    def test_recipe_that_trees_share(self):
        """A recipe compiled for one tree is the reason for those that need it in the next one."""
        def profile(**members):
            self.profile(**members)
            return self.write_profile(base=self.root, compile={"in": self.root}, trees=[
                {"name": name, "prefix": "/opt", "compile": {"recipe": f"{name}.json"}} for name in ("low", "high")])

        self.build(profile(), "--no-validate")
        plan, _ = self.both(profile(low={"environment": {"A": "b"}}), "--no-validate", exact=False)
        self.assertEqual([(row["tree"], row["name"], row["result"], row["reasons"]) for row in plan["steps"] if row["step"] == "recipe"], [
            ("low", "low", "compiled", ["environment.A set to b"]), ("high", "low", "reused", ["a tree above has it, too"]),
            ("high", "high", "compiled", ["it needs low"])])

    def test_validation(self):
        if not shutil.which("bwrap"):
            self.skipTest("does not apply: no bubblewrap")
        profile = self.profile(validate={"commands": [["/bin/true"]]})
        self.build(profile)
        plan, _ = self.both(profile)
        self.assertEqual(self.reasons(plan, "validation"), ("reused", []))
        plan, _ = self.both(self.profile(validate={"commands": [["/bin/true"], ["/bin/true", "x"]]}))
        result, reasons = self.reasons(plan, "validation")
        self.assertEqual((result, len(reasons)), ("run", 1))
        self.assertRegex(reasons[0], "^validate.commands")


if __name__ == "__main__":
    unittest.main()
