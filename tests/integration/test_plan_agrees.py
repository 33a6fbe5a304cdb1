"""plan and the build after it, with the same options and store, agree about everything that the plan calls certain: steps, layers,
downloaded bytes, and what a push sends."""

import hashlib
import json
import os
import time
import unittest

from ecr_like_registry import FakeRegistry
from terrane_test import TestCase, make_tar
from wheel_index import make_wheel, requirement


class Agreement(TestCase):
    def setUp(self):
        super().setUp()
        self.registry = FakeRegistry(mount=True)
        self.addCleanup(self.registry.__exit__)
        self.wheels = {}
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=test\n")])
        self.write_old("app/handler.py", "x = 1\n")
        self.wheel("alpha", size=1_100_000)
        self.wheel("gamma")

    def write_old(self, name, content):
        path = self.write(name, content)
        os.utime(path, (time.time() - 1000,) * 2)
        return path

    def wheel(self, name, version="1.0", size=0):
        """Adds it to the wheelhouse and to the requirements."""
        files = {f"{name}/__init__.py": f"v = '{version}'\n"}
        if size:
            files[f"{name}/data.bin"] = os.urandom(size)
        wheel = make_wheel(name, version, files=files)
        (self.directory / "wheels").mkdir(exist_ok=True)
        (self.directory / "wheels" / wheel[0]).write_bytes(wheel[1])
        self.wheels[name] = version, wheel
        self.write("requirements.txt", "".join(requirement(name, *wheel) for name, wheel in self.wheels.items()))

    def profile(self, **members):
        deps = {"requirements": "requirements.txt", "index": [], "wheelhouse": "wheels", "python": "3.12", "glibc": "2.34"}
        return self.write_profile(**{"base": {"archive": "base.tar"}, "layers": {"wheels": "per-package"}, "trees": [
            {"name": "deps", "wheels": deps, "prefix": "/var/task"},
            {"name": "app", "directory": "app", "prefix": "/var/task"}], **members})

    def to(self, name, registry=None):
        return f"docker://{(registry or self.registry).host}/{name}"

    @staticmethod
    def key(step):
        return step["step"], step.get("name"), step.get("tree"), tuple(step.get("packages", ()))

    def fetched(self):
        """Bytes of blobs that were downloaded since the last time."""
        log, self.registry.log = self.registry.log, []
        blobs = {digest: data for repository in self.registry.blobs.values() for digest, data in repository.items()}
        return sum(len(blobs.get(request.path.rpartition("/")[2].partition("?")[0], b""))
                   for request in log if request.method == "GET" and "/blobs/" in request.path)

    def compare_fetches(self, plan, fetched):
        fetches = [step["fetch"] for step in plan["steps"] if "fetch" in step]
        expected = sum(fetch["bytes"] for fetch in fetches)
        if any(not fetch["certain"] for fetch in fetches):
            self.assertLessEqual(fetched, expected)
        elif not any(fetch["unknown"] for fetch in fetches):
            self.assertEqual(fetched, expected, fetches)

    def compare_push(self, push, done):
        if push["certain"]:
            self.assertEqual(push["unchanged"], done["unchanged"])
        for result, counted in (("uploaded", "uploaded"), ("exists", "existing"), ("mounted", "mounted")):
            blobs = [blob for blob in push["blobs"] if blob["result"] == result]
            certain = [blob for blob in blobs if blob["certain"]]
            if done["unchanged"]:
                self.assertEqual(certain if result != "exists" else [], [])
                continue
            # The configuration is in no row.
            self.assertLessEqual(len(certain), done[f"blobs_{counted}"], (push, done))
            if all(blob["certain"] for blob in push["blobs"]):
                self.assertIn(done[f"blobs_{counted}"] - len(blobs), (0, 1), (push, done))

    def agree(self, profile, *arguments, store=None):
        """Returns the plan and the record."""
        plan, = json.loads(self.run_terrane("--json", "plan", profile, *arguments, store=store).stdout)["plans"]
        self.fetched()
        record = self.build(profile, "--explain", *arguments, store=store)
        self.compare_fetches(plan, self.fetched())
        for push in plan.get("pushes", ()):
            self.compare_push(push, record["push"])
        done = record["explanation"]
        rows = {self.key(step): step for step in done["steps"]}
        for step in plan["steps"]:
            if step["certain"]:
                row = rows[self.key(step)]
                self.assertEqual((step["result"], step["reasons"]), (row["result"], row["reasons"]), step)
        self.assertEqual({key for key in rows if key[0] != "layer"}, {self.key(step) for step in plan["steps"] if step["step"] != "layer"})
        layers = [step for step in plan["steps"] if step["step"] == "layer"]
        if all(step["certain"] for step in layers):
            self.assertEqual(plan["causes"], done["causes"])
            self.assertEqual([(step["name"], step.get("packages"), step["result"] == "reused") for step in layers],
                             [(layer["tree"], layer.get("packages"), layer["reused"]) for layer in record["layers"]])
            for step, layer in zip(layers, record["layers"]):
                self.assertIn(step.get("digest"), (None, layer["digest"]))
                self.assertIn(step.get("size"), (None, layer["size"]))
        self.assertIn(plan.get("digest"), (None, record["digest"]))
        return plan, record

    def results(self, plan, step="layer"):
        return [(row["name"], *row.get("packages", ()), row["result"] + ("" if row["certain"] else "?"))
                for row in plan["steps"] if row["step"] == step]

    def test_local(self):
        """Wheels of a wheelhouse are read without being stored, also for their division into layers."""
        profile = self.profile()
        time.sleep(2.1)  # files that were just changed are read again
        plan, _ = self.agree(profile)
        self.assertEqual(self.results(plan), [("base", "made"), ("deps", "alpha", "made"), ("deps", "gamma", "made"), ("app", "made")])
        self.wheel("gamma", "2.0")
        plan, _ = self.agree(profile)
        self.assertEqual(self.results(plan), [("base", "reused"), ("deps", "alpha", "reused"), ("deps", "gamma", "made"), ("app", "reused")])
        # A base that was touched, and another one: its Python is found in the files that the store has.
        os.utime(self.directory / "base.tar", (1, 1))
        plan, _ = self.agree(profile)
        self.assertEqual((self.results(plan, "base"), self.results(plan, "tree")), ([("base", "made")], [("deps", "reused"), ("app", "reused")]))
        self.assertEqual((plan["causes"][0]["text"], len(plan["causes"])), ("its content is the same; it was only touched or moved", 1))
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=other\n")])
        plan, _ = self.agree(profile)
        self.assertEqual(self.results(plan), [("base", "made"), ("deps", "alpha", "reused"), ("deps", "gamma", "reused"), ("app", "reused")])
        (self.directory / "base").mkdir()
        self.write_old("base/etc/os-release", "NAME=test\n")
        files = self.profile(base={"directory": "base"})
        self.build(files)
        self.write_old("base/etc/os-release", "NAME=again\n")
        plan, _ = self.agree(files)
        self.assertEqual([cause["text"] for cause in plan["causes"]], ["etc/os-release changed"])
        self.build(profile)
        self.wheel("delta")
        self.run_terrane("lock", profile)
        plan, _ = self.agree(profile, "--locked")
        self.assertEqual(self.results(plan)[1:3], [("deps", "alpha", "reused"), ("deps", "delta", "gamma", "made")])

    def test_layers_of_an_image(self):
        """A cold store has no files that the layers of an image could be compared with, so they are not certain."""
        profile = self.profile(trees=[])
        self.build(profile, "--push", self.to("image:v1"))
        for name in ("image:v1", "image"):
            plan, record = self.agree(profile, "--cache-from", self.to(name), store=self.directory / name)
            self.assertEqual(self.results(plan), [("base", "reused?")] if record["layers"][0]["reused"] else [("base", "made")])
        self.assertTrue(any(layer["reused"] for layer in record["layers"]) or name == "image")

    def test_cold_with_a_cache(self):
        """Where the files of trees and layers are only in a registry, the plan says what a build downloads."""
        other = FakeRegistry()
        self.addCleanup(other.__exit__)
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=test\n"),
                                               ("bin", "dir", None), ("bin/sh", "file", b"#!/bin/false\n" + os.urandom(20_000))])
        digest = hashlib.sha256((self.directory / "base.tar").read_bytes()).hexdigest()
        profile = self.profile(base={"archive": "base.tar", "sha256": digest})
        cache = self.to("cache")
        self.build(profile, "--cache-to", cache, "--push", self.to("image:v1"))
        self.write_old("app/handler.py", "x = 2\n")
        for number, (arguments, whole, pushed) in enumerate((
                ((), True, None),                                                # the image in the store is complete
                (("--push", self.to("image:v2")), False, "exists"),             # its layers stay where they are
                (("--push", self.to("new:v1")), False, "mounted?"),
                (("--push", self.to("new:v1", other)), True, "uploaded"))):
            store = self.directory / f"cold{number}"
            plan, _ = self.agree(profile, "--cache-from", cache, *arguments, store=store)
            layers = [step for step in plan["steps"] if step["step"] == "layer"]
            self.assertEqual([(step["result"], "fetch" in step) for step in layers], [("reused", whole)] * 3 + [("made", False)])
            if pushed is not None:
                results = [blob["result"] + ("" if blob["certain"] else "?") for blob in plan["pushes"][0]["blobs"]]
                self.assertEqual(results, [pushed] * 3 + ["uploaded?"])
                self.assertEqual((plan["pushes"][0]["certain"], plan["pushes"][0]["unchanged"]), (False, False))
        plan, _ = self.agree(profile, "--cache-from", cache, store=store)  # everything is here
        self.assertEqual([step for step in plan["steps"] if "fetch" in step], [])

    def test_push(self):
        """A layer that is made may be in the registry, and a mount may be refused: both are uncertain."""
        profile = self.profile()
        where = self.to("team/app:v1")
        plan, record = self.agree(profile, "--push", where)
        self.assertEqual({(blob["result"], blob["certain"]) for blob in plan["pushes"][0]["blobs"]}, {("uploaded", False)})
        plan, record = self.agree(profile, "--push", where, store=self.directory / "cold")
        self.assertTrue(record["push"]["unchanged"])
        plan, record = self.agree(profile, "--push", where)
        self.assertEqual((plan["pushes"][0]["unchanged"], plan["pushes"][0]["certain"]), (True, True))
        self.registry.mount = False
        plan, record = self.agree(profile, "--push", self.to("team/other:v1"))
        self.assertEqual({(blob["result"], blob["certain"]) for blob in plan["pushes"][0]["blobs"]}, {("mounted", False)})
        self.assertGreater(record["push"]["blobs_uploaded"], 0)
        # An image base that is not here may have several layers.
        above = self.profile(base={"image": where}, trees=[{"name": "more", "directory": "app", "prefix": "/opt"}])
        self.run_terrane("lock", above, store=self.directory / "locked")
        plan, record = self.agree(above, "--push", where, store=self.directory / "third")
        self.assertEqual({blob["certain"] for blob in plan["pushes"][0]["blobs"]}, {False})
        self.assertEqual(len(record["layers"]), 5)
    def test_index(self):
        """The name of several platforms refers to an index, and their common layers are sent once."""
        profile = self.profile(platform=["linux/amd64", "linux/arm64"], trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}])
        arguments = profile, "--platform", "all", "--push", self.to("index:v1")

        def plans(store=None):
            return [plan["pushes"][0] for plan in json.loads(self.run_terrane("--json", "plan", *arguments, store=store).stdout)["plans"]]

        def certain(pushes):
            return [(push["unchanged"], push["certain"]) for push in pushes]

        self.assertEqual(certain(plans()), [(False, False)] * 2)
        self.build(*arguments[:3])
        pushes = plans()  # everything is made, and nothing is sent
        self.assertEqual(certain(pushes), [(False, True)] * 2)
        self.assertEqual([[blob["result"] for blob in push["blobs"]] for push in pushes], [["uploaded"] * 2, ["exists"] * 2])
        record = self.build(*arguments)
        self.assertEqual(record["push"]["blobs_uploaded"], 2 + 2)  # two configurations
        self.assertEqual(certain(plans()), [(True, True)] * 2)
        self.assertTrue(self.build(*arguments)["push"]["unchanged"])
        self.assertIn("is this image already: nothing is sent", self.run_terrane("plan", *arguments).stdout)
        self.write_old("app/handler.py", "x = 2\n")
        self.assertEqual(certain(plans()), [(False, False)] * 2)

    def test_text(self):
        """A lock without versions, and the line about a push."""
        profile = self.profile()
        self.build(profile)
        path = self.directory / "profile.lock.json"
        lock = json.loads(path.read_text())
        for wheel in lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"]:
            if wheel["name"] == "gamma":
                del wheel["version"]
        path.write_text(json.dumps(lock))
        self.write_old("app/handler.py", "x = 2\n")
        text = self.run_terrane("plan", profile, "--push", self.to("team/app:v1")).stdout
        self.assertIn("the lock would be changed: deps: gamma nothing → 1.0\n", text)
        self.assertRegex(text, r"team/app:v1: the push uploads 4 of 4 layers \([0-9.]+ MB and what is made\), the configuration and the manifest \(\?: ")
        self.assertRegex(text, r"(?m)^layer +app +made +.*uploaded\?  its tree is another one$")


if __name__ == "__main__":
    unittest.main()
