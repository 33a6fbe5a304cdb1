"""build --explain: each setting of a profile is changed alone, and the explanation names exactly this one in the profile's words. The
expected texts follow from the profile and from docs/record.md."""

import copy
import io
import json
import os
import shutil
import tarfile
import time
from pathlib import Path

from terrane_test import TestCase
from wheel_index import make_wheel, requirement

FILES, CONFIG, ANNOTATIONS = "the file system is another one", "the configuration is another one", "the annotations are others"
SCHEMA = json.loads((Path(__file__).parents[2] / "profiles/profile.schema.json").read_text())


class ExplainCase(TestCase):
    def write_old(self, name, content, mode=0o644):
        """A file that was not changed just now, which would be read again (architecture.md, identity)."""
        path = self.write(name, content)
        path.chmod(mode)
        os.utime(path, (time.time() - 1000,) * 2)
        return path

    def settle(self):
        time.sleep(2.1)

    def setUp(self):
        super().setUp()
        with tarfile.open(self.directory / "base.tar", "w") as tar:
            for name, content in (("etc/os-release", b"NAME=test\n"), ("bin/sh", Path(shutil.which("busybox")).read_bytes())):
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o755
                tar.addfile(member, io.BytesIO(content))
        os.utime(self.directory / "base.tar", (1, 1))
        wheels = [make_wheel(name, "1.0") for name in ("alpha", "beta")]
        (self.directory / "wheels").mkdir()
        for name, content in wheels:
            (self.directory / "wheels" / name).write_bytes(content)
        self.write_old("requirements.txt", "".join(requirement(name, "1.0", wheel) for name, wheel in zip(("alpha", "beta"), wheels)))
        self.write_old("lib/y.txt", "y")
        self.write_old("lib/include/y.h", "y")
        self.write_old("app/handler.py", "x = 1\n")
        self.write_old("ok.sh", "#!/bin/sh\n", 0o755)
        deps = {"requirements": "requirements.txt", "index": [], "wheelhouse": "wheels", "python": "3.12", "glibc": "2.34"}
        self.profile = {"name": "test", "platform": "linux/amd64", "target": "oci", "base": {"archive": "base.tar"},
                        "config": {"entrypoint": ["/bin/sh"], "env": {"A": "1"}}, "layers": {"wheels": "per-package"},
                        "limits": {"uncompressed_size": "1GB"},
                        "trees": [{"name": "lib", "directory": "lib", "prefix": "/opt"},
                                  {"name": "deps", "wheels": deps, "prefix": "/var/task"},
                                  {"name": "app", "directory": "app", "prefix": "/var/task"}]}
        self.settle()

    def changed(self, path, value):
        """The profile with another value at @path; None removes it."""
        profile = copy.deepcopy(self.profile)
        *parents, last = path
        at = profile
        for key in parents:
            at = at[key] if isinstance(at, list) else at.setdefault(key, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
        return profile

    def explain(self, profile, *arguments, **options):
        return self.build(self.write("profile.json", json.dumps(profile)), "--explain", *arguments, **options)["explanation"]

    def reasons(self, explanation, step):
        row, = (row for row in explanation["steps"] if row["step"] == step and row.get("name") in (None, "app"))
        return (row["result"], row["reasons"])


LIB, DEPS, APP = (("trees", i) for i in range(3))
# Path of the setting, its value, the kind and the text of the only cause, and what the checks give as their reason: None if the image
# stays as it is, or is one of an earlier case, True for the cause itself.
CASES = [
    (("platform",), "linux/arm64", "target", "platform linux/amd64 → linux/arm64", True),
    (("target",), "cloud-run", "target", "target oci → cloud-run", True),
    (("config", "entrypoint"), ["/bin/sh", "-c"], "config", "config.entrypoint +-c", CONFIG),
    (("config", "cmd"), ["x"], "config", "config.cmd +x", CONFIG),
    (("config", "env", "A"), "2", "config", "config.env.A 1 → 2", CONFIG),
    (("config", "labels"), {"a.b": "c"}, "config", "config.labels.a.b set to c", CONFIG),
    (("config", "working_dir"), "/opt", "config", "config.working_dir set to /opt", CONFIG),
    (("config", "user"), "1000", "config", "config.user set to 1000", CONFIG),
    (("annotations",), {"x": "y"}, "annotations", "annotations.x set to y", ANNOTATIONS),
    (("annotations",), {"org.opencontainers.image.base.name": "y"}, "annotations",
     "annotations.org.opencontainers.image.base.name set to y", ANNOTATIONS),
    (("annotations",), {"org.opencontainers.image.created": "2020-01-01T00:00:00Z"}, "annotations",  # the configuration's time stays
     "annotations.org.opencontainers.image.created 1980-01-01T00:00:01Z → 2020-01-01T00:00:00Z", ANNOTATIONS),
    (("layers", "max"), 2, "layers", "layers.max 8 → 2", True),
    (("geo",), {"grids": []}, None, None, None),  # the default
    (("geo",), {"grids": ["x.tif"]}, "checks", "geo.grids +x.tif", True),
    (("limits", "uncompressed_size"), "2GB", "checks", "limits.uncompressed_size 1GB → 2GB", None),
    (("limits", "trees"), {"lib": "1MB"}, "checks", "limits.trees.lib set to 1MB", None),
    (("limits", "packages"), {"alpha": "1MB"}, "checks", "limits.packages.alpha set to 1MB", None),
    ((*LIB, "prefix"), "/opt/x", "source", "prefix opt → opt/x", FILES),
    ((*LIB, "include"), ["**/*.txt"], "source", "include +**/*.txt", FILES),
    ((*LIB, "exclude"), ["y.txt"], "source", "exclude +y.txt", FILES),
    ((*LIB, "rename"), {"y.txt": "z.txt"}, "source", "rename +y.txt→z.txt", FILES),
    ((*LIB, "strip_components"), 1, "source", "strip_components 0 → 1", FILES),
    ((*LIB, "special"), "skip", "source", "special error → skip", None),
    ((*LIB, "symlinks"), "any", "source", "symlinks inside → any", None),
    ((*APP, "overwrite"), True, "order", "overwrite switched on", "app: overwrite switched on"),
    (("transforms", "modes"), "keep", "source", "transforms.modes normalise → keep", None),
    ((*LIB, "transforms"), {"prune": ["headers"]}, "source", "transforms.prune +headers", None),
    ((*LIB, "transforms"), {"prune_paths": ["y.txt"]}, "source", "transforms.prune_paths +y.txt", None),
    ((*LIB, "transforms"), {"keep_paths": ["y.txt"]}, "source", "transforms.keep_paths +y.txt", None),
    ((*LIB, "transforms"), {"setuid": ["y.txt"]}, "source", "transforms.setuid +y.txt", None),
    ((*LIB, "transforms"), {"relocate": True}, "source", "transforms.relocate switched on", None),
    ((*LIB, "transforms"), {"botocore_services": ["s3"]}, None, None, None),  # without effect
    ((*LIB, "transforms"), {"dedupe": True}, "transform", "transforms.dedupe switched on", None),
    ((*LIB, "transforms"), {"strip": True}, "transform", "transforms.strip switched on", None),
]
# Settings without an effect on what a build makes, or tested with those of the validation, or with more than one cause.
ELSEWHERE = {"root": {"$schema", "extends", "name", "base", "trees", "transforms", "compile", "checks", "validate", "push", "deploy",
                      "drift", "config", "layers", "limits"},
             "tree": {"name", "remove", "wheels", "archive", "directory", "image", "ostree", "compile", "paths", "sha256", "pin",
                      "transforms"},
             "transforms": {"bytecode"}, "config": set(), "layers": {"wheels"}, "geo": set(),
             "limits": {"unpacked_size", "unpacked_files", "unpacked_ratio", "import_time", "memory", "tmp"}}


class Settings(ExplainCase):
    def test_each_setting_is_named_alone(self):
        self.explain(self.profile)
        for path, value, kind, text, reason in CASES:
            with self.subTest(path=path, value=value):
                self.run_terrane("-q", "build", self.write("profile.json", json.dumps(self.profile)))
                found = self.explain(self.changed(path, value), *(("--platform", value) if path == ("platform",) else ()))
                causes = [(cause["kind"], cause["text"]) for cause in found["causes"]
                          if cause.get("name") == "lib" or path[0] != "transforms"]
                self.assertEqual(causes, [(kind, text)] if kind else [])
                result, reasons = self.reasons(found, "checks")
                if kind == "checks":
                    reason = True
                self.assertEqual((result, reasons), ("run", [text if reason is True else reason]) if reason else ("reused", []))
                image = self.reasons(found, "image")
                if kind in ("config", "annotations", "target"):
                    self.assertEqual(image, ("made", [text]))
                elif kind in ("source", "order", "layers") and reason:
                    self.assertEqual(image, ("made", [text if reason is True else reason]))

    def test_the_cases_are_all_settings(self):
        known = {"root": SCHEMA, "tree": SCHEMA["$defs"]["tree"], "transforms": SCHEMA["$defs"]["transforms"],
                 **{name: SCHEMA["properties"][name] for name in ("config", "layers", "limits", "geo")}}
        tested = {name: set(ELSEWHERE[name]) for name in known}
        for path, value, *_ in CASES:
            if len(path) == 1:
                tested["root"].add(path[0])
            for section in ("config", "layers", "limits"):
                if path[0] == section:
                    tested[section].add(path[1])
            if path[0] == "geo":
                tested["geo"].update(value)
            if path[0] == "transforms":
                tested["transforms"].add(path[1])
            if path[0] == "trees":
                tested["transforms" if path[2] == "transforms" else "tree"].update(value if path[2] == "transforms" else [path[2]])
        for name, section in known.items():
            self.assertEqual(set(section["properties"]), tested[name], name)


class Files(ExplainCase):
    def test_attributes_are_named(self):
        """A plan, which stores nothing, gives the same text as the build."""
        os.symlink("y.txt", self.directory / "lib/link")
        self.profile["transforms"] = {"modes": "keep"}
        self.profile["trees"][2]["transforms"] = {"modes": "normalise"}
        self.settle()
        self.explain(self.profile)
        (self.directory / "lib/y.txt").chmod(0o600)
        (self.directory / "lib/include/y.h").write_text("z")  # of the same size
        (self.directory / "lib/include/y.h").chmod(0o755)
        (self.directory / "lib/link").unlink()
        os.symlink("include", self.directory / "lib/link")
        (self.directory / "app/handler.py").chmod(0o755)
        expected = ["include/y.h changed, mode 0644 → 0755", "link: target y.txt → include", "y.txt: mode 0644 → 0600",
                    "handler.py: mode 0644 → 0755"]
        plan, = json.loads(self.run_terrane("--json", "plan", self.directory / "profile.json").stdout)["plans"]
        self.assertEqual([cause["text"] for cause in plan["causes"]], expected)
        found = self.explain(self.profile)
        self.assertEqual([cause["text"] for cause in found["causes"]], expected)
        (self.directory / "lib/link").unlink()
        (self.directory / "lib/link").write_text("x")
        found = self.explain(self.profile)
        self.assertIn("link: link → file", [cause["text"] for cause in found["causes"]])


class Validation(ExplainCase):
    def setUp(self):
        super().setUp()
        self.profile["validate"] = {"scripts": ["ok.sh"]}

    def test_reasons_of_the_validation(self):
        for path, value, texts, reasons in [
                (("config", "env", "A"), "2", ["config.env.A 1 → 2"], [CONFIG]),
                (("validate", "timeout"), 50, ["validate.timeout set to 50"], True),
                (("limits", "memory"), "100MiB", ["limits.memory set to 100MiB"], True),
                (("limits", "uncompressed_size"), "2GB", ["limits.uncompressed_size 1GB → 2GB"], True),
                (("layers", "wheels"), "single", ["layers.wheels per-package → single"], None),
                (("annotations",), {"x": "y"}, ["annotations.x set to y"], None)]:
            with self.subTest(path=path):
                self.run_terrane("-q", "build", self.write("profile.json", json.dumps(self.profile)))
                found = self.explain(self.changed(path, value))
                self.assertEqual([cause["text"] for cause in found["causes"] if not cause["text"].startswith("other layers for")], texts)
                result, found_reasons = self.reasons(found, "validation")
                found_reasons = [text for text in found_reasons if not text.startswith("other layers for")]
                self.assertEqual((result, found_reasons), ("run", texts if reasons is True else reasons) if reasons else ("reused", []))
        self.explain(self.profile)
        self.write_old("app/handler.py", "x = 2\n")
        found = self.explain(self.profile)
        self.assertEqual(self.reasons(found, "validation"), ("run", [FILES]))  # the configuration has only other digests
