"""terrane profile and terrane init: what is printed, written and refused."""

import json
import os
import re
import shutil
import subprocess

import jsonschema

from terrane_test import TOP, TestCase, have, unittest

BUSYBOX = shutil.which("busybox")
STARTER = TOP / "profiles/starter"
SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class Show(TestCase):
    def setUp(self):
        super().setUp()
        self.write("common/geo.json", json.dumps({
            "extends": [], "platform": ["linux/amd64", "linux/arm64"], "base": {"archive": "base.tar", "sha256": SHA},
            "trees": [{"name": "gdal", "archive": "gdal.tar", "sha256": SHA, "prefix": "/opt", "exclude": ["**/*.a"]},
                      {"name": "samples", "directory": "samples", "prefix": "/samples"}],
            "config": {"env": {"GDAL_DATA": "/opt/share/gdal", "CPL_DEBUG": "ON"}, "cmd": ["old"]}}))
        self.profile = self.write("app.json", json.dumps({
            "extends": "common/geo.json", "name": "${env.T_NAME:-app}",
            "trees": [{"name": "samples", "remove": True}, {"name": "gdal", "archive": "newer.tar"},
                      {"name": "app", "directory": "app", "prefix": "/var/task"}],
            "config": {"env": {"CPL_DEBUG": None, "T": "${env.T_VALUE}"}, "cmd": ["handler.handler"]},
            "push": {"repository": "h.example/a", "tags": ["v-${lock.short}", "latest"]}}))

    def show(self, *arguments, **options):
        options.setdefault("env", {"T_VALUE": "v"})
        return self.run_terrane("profile", "show", self.profile.name, *arguments, cwd=self.directory, **options).stdout

    def test_every_value_has_its_origin(self):
        rows = [re.fullmatch(r"(\S+) +=  ?(.*?) +# (\S+)", line) for line in self.show().splitlines()]
        got = {row[1]: (json.loads(row[2]), row[3]) for row in rows}
        geo, app = "common/geo.json", "app.json"
        self.assertEqual(got, {
            "platform": (["linux/amd64", "linux/arm64"], geo), "base.archive": ("base.tar", geo), "base.sha256": (SHA, geo),
            "trees[0].name": ("gdal", app), "trees[0].archive": ("newer.tar", app), "trees[0].prefix": ("/opt", geo),
            "trees[0].exclude": (["**/*.a"], geo), "trees[1].name": ("app", app), "trees[1].directory": ("app", app),
            "trees[1].prefix": ("/var/task", app), "config.env.GDAL_DATA": ("/opt/share/gdal", geo),
            "config.env.T": ("v", app), "config.cmd": (["handler.handler"], app), "name": ("app", app),
            "push.repository": ("h.example/a", app), "push.tags": (["v-${lock.short}", "latest"], app)})

    def test_defaults(self):
        lines = self.show("--defaults").splitlines()
        got = {row[1]: json.loads(row[2]) for row in (re.fullmatch(r"(\S+) +=  ?(.*?) +# default", line) for line in lines) if row}
        self.assertEqual(got["target"], "aws-lambda")
        self.assertEqual(got["validate.timeout"], 60)
        self.assertEqual(got["transforms.modes"], "normalise")
        self.assertEqual({path for path in got if path.startswith("trees[1]")},
                         {f"trees[1].{key}" for key in ("pin", "strip_components", "special", "symlinks", "overwrite")})
        self.assertNotIn("trees[0].pin", got)  # of directories only
        self.assertNotIn("base.symlinks", got)  # of trees only
        self.assertNotIn("name", got)
        self.assertEqual([line.split() for line in lines if not line.endswith("# default")],
                         [line.split() for line in self.show().splitlines()])
        shown = json.loads(self.show("--defaults", "--json"))
        self.assertEqual(shown["defaults"], got)
        self.assertEqual(set(shown["origins"]) & set(got), set())
        image = self.write("image.json", json.dumps({"name": "i", "platform": "linux/amd64", "base": {"image": "oci:b"}}))
        got = json.loads(self.run_terrane("profile", "show", image.name, "--defaults", "--json", cwd=self.directory).stdout)
        self.assertEqual([path for path in got["defaults"] if path.startswith("base.")], ["base.special"])  # kept as it is

    def test_json_has_the_same(self):
        shown = json.loads(self.show("--json", env={"T_VALUE": "w", "T_NAME": "other"}))
        self.assertEqual(set(shown), {"profile", "origins"})
        self.assertEqual(shown["origins"]["config.env.GDAL_DATA"], "common/geo.json")
        self.assertEqual(shown["origins"]["config.env.T"], "app.json")
        self.assertEqual(shown["profile"]["name"], "other")
        self.assertEqual(shown["profile"]["config"]["env"], {"GDAL_DATA": "/opt/share/gdal", "T": "w"})
        self.assertNotIn("extends", shown["profile"])
        lines = self.show().splitlines()
        self.assertEqual(set(shown["origins"]), {line.split()[0] for line in lines})
        schema = json.loads((TOP / "profiles/profile.schema.json").read_text())
        jsonschema.validate(shown["profile"], schema)

    def test_platform(self):
        self.assertRegex(self.show("--platform", "linux/arm64"), r'(?m)^platform +=  ?"linux/arm64" +# --platform$')
        self.assert_fails(2, "‘linux/arm’ is not one of linux/amd64, linux/arm64",
                          "profile", "show", "--platform", "linux/arm", self.profile)

    def test_passwords_are_not_shown(self):
        self.write("app.json", json.dumps({"name": "a", "platform": "linux/amd64", "base": {"directory": "d"},
                                           "config": {"env": {"A": "https://me:${env.T_SECRET}@host.example/x@y?z"}}}))
        for secret in ("hunter2", "h:u@nter2"):
            for arguments in ([], ["--json"]):
                shown = self.show(*arguments, env={"T_SECRET": secret})
                self.assertNotIn("nter2", shown)
                self.assertIn("https://me:\u2026@host.example/x@y?z", shown.replace("\\u2026", "\u2026"))

    def test_values_cannot_talk_to_the_terminal(self):
        self.write("app.json", json.dumps({"name": "a", "platform": "linux/amd64", "base": {"directory": "d"},
                                           "config": {"env": {"A": "\x1b[31m\x9b31m\u202e", "\x1b": "x"}}}))
        output = self.show()
        self.assertFalse(set(output) & {"\x1b", "\x9b", "\u202e"}, output)

    def test_git(self):
        if not have("git"):
            self.skipTest("git is not installed")
        profile = self.write("repository/app.json", json.dumps({
            "name": "a", "platform": "linux/amd64", "base": {"directory": "d"},
            "config": {"labels": {"long": "${git.sha}", "short": "${git.short}"}}}))
        self.assert_fails(2, r"config.labels.long: ‘\$\{git.sha\}’: .* is in no git repository", "profile", "check", profile)
        git = ["git", "-c", "user.name=n", "-c", "user.email=m", "-C", str(profile.parent)]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        shown = json.loads(self.run_terrane("--json", "profile", "show", profile).stdout)
        self.assertEqual(shown["profile"]["config"]["labels"], {"long": head, "short": head[:12]})

    def test_no_store_is_made(self):
        self.show()
        self.assertFalse(self.store.exists())

    def test_check(self):
        good = self.write_profile()
        result = self.run_terrane("profile", "check", good, self.profile, env={"T_VALUE": "v"})
        self.assertEqual(result.stdout, "")
        result = self.run_terrane("--json", "profile", "check", good, self.profile, env={"T_VALUE": "v"})
        self.assertEqual([p["name"] for p in json.loads(result.stdout)["profiles"]], ["test", "app"])
        bad = self.write("bad.json", "{}")
        message = self.assert_fails(2, "bad.json: ‘name’ is missing", "profile", "check", good, bad, self.profile)
        self.assertIn("app.json: config.env.T: the environment variable ‘T_VALUE’ is not set", message)

    def test_one_mistake_is_one_message(self):
        """A name that cannot be expanded is not called a bad name besides."""
        profile = self.write_profile(name="${env.T_UNSET}", platform="${env.T_UNSET}")
        message = self.assert_fails(2, "T_UNSET", "profile", "check", profile)
        self.assertEqual(len(message.splitlines()), 2, message)

    def test_usage(self):
        self.assert_fails(2, "expected show PROFILE", "profile")
        self.assert_fails(2, "expected show PROFILE", "profile", "show")
        self.assert_fails(2, "expected one PROFILE", "profile", "show", self.profile, self.profile)
        self.assert_fails(2, "‘shwo’ is neither show nor check; did you mean ‘show’", "profile", "shwo", self.profile)
        self.assert_fails(1, "no-such.json", "profile", "show", self.directory / "no-such.json")


class Extended(TestCase):
    def test_an_image_of_an_extended_profile(self):
        """Sources are found beside the files that name them; the merged result is what is built."""
        for folder, text in (("common/base/etc", "base"), ("common/data", "parent"), ("app", "child")):
            self.write(f"{folder}/file", text)
        self.write("common/parent.json", json.dumps({
            "extends": [], "platform": "linux/amd64", "target": "oci", "base": {"directory": "base"},
            "trees": [{"name": "data", "directory": "data", "prefix": "/data"}],
            "config": {"env": {"A": "parent", "B": "parent"}, "cmd": ["/x"]}}))
        profile = self.write("child.json", json.dumps({
            "extends": "common/parent.json", "name": "child",
            "trees": [{"name": "app", "directory": "app", "prefix": "/app"}], "config": {"env": {"A": "child", "B": None}}}))
        record = self.build(profile)
        layers = self.read_json_blob(record["digest"])["layers"]
        names = [set(self.open_layer(layer).getnames()) for layer in layers]
        self.assertEqual([sorted(n for n in layer if n.endswith("file")) for layer in names],
                         [["etc/file"], ["data/file"], ["app/file"]])
        shown = json.loads(self.run_terrane("--json", "inspect", "child").stdout)
        self.assertEqual(shown["config"]["config"]["Env"], ["A=child"])

    def test_errors_during_the_build_name_the_file(self):
        self.write("common/parent.json", json.dumps({
            "extends": [], "name": "x", "platform": "linux/amd64", "target": "oci",
            "trees": [{"name": "a", "directory": "gone", "prefix": "/"}]}))
        self.write("base/file", "x")
        profile = self.write("child.json", json.dumps({"extends": "common/parent.json", "base": {"directory": "base"}}))
        self.assert_fails(1, r"common/parent.json: trees\[0\]\.directory: .*common/gone", "build", profile)


class Init(TestCase):
    FILES = {"profile.json", "requirements.in", "requirements.txt", "app/handler.py", "event.json", "checks/smoke.py", "README.md", ".gitignore"}

    def setUp(self):
        super().setUp()
        self.target = self.directory / "My Tiles_2"

    def files(self):
        return {str(p.relative_to(self.target)) for p in self.target.rglob("*") if p.is_file()}

    def test_failed_attempt_is_not_in_the_way_of_the_next(self):
        blocked = self.target / "checks"
        self.target.mkdir(exist_ok=True)
        blocked.write_text("a file where a directory is to be")
        self.assert_fails(1, r"checks/smoke\.py", "init", self.target)
        self.assertEqual([path.name for path in self.target.rglob("*") if path.is_file()], ["checks"])
        blocked.unlink()
        self.run_terrane("init", self.target)

    def test_it_writes_a_profile_that_loads(self):
        self.run_terrane("init", self.target)
        self.assertEqual(self.files(), self.FILES)
        shown = json.loads(self.run_terrane("--json", "profile", "show", self.target / "profile.json").stdout)["profile"]
        self.assertEqual(shown["name"], "my-tiles_2")
        self.assertEqual(shown["base"], {"image": "docker://public.ecr.aws/lambda/python:3.13"})
        self.assertEqual(shown["trees"][0]["wheels"]["python"], "3.13")
        schema = json.loads((TOP / "profiles/profile.schema.json").read_text())
        jsonschema.validate(json.loads((self.target / "profile.json").read_text()), schema)

    def test_nothing_is_left_to_fill_in_and_every_key_is_explained(self):
        self.run_terrane("init", self.target)
        for name in self.FILES:
            self.assertNotRegex((self.target / name).read_text(), r"@[A-Z]+@", name)
        readme = (self.target / "README.md").read_text()
        profile = json.loads((self.target / "profile.json").read_text())
        for key in profile:
            self.assertRegex(readme, rf"`{key}\b", key)
        for name in ("app/handler.py", "checks/smoke.py"):
            compile((self.target / name).read_text(), name, "exec")
        json.loads((self.target / "event.json").read_text())

    def test_every_requirement_has_digests(self):
        text = (STARTER / "requirements.txt").read_text() + (STARTER / "requirements-runtime.txt").read_text()
        lines = text.replace("@RUNTIME@\n", "").replace("\\\n", " ").splitlines()
        packages = [line for line in lines if line and not line.lstrip().startswith("#")]
        self.assertIn("rasterio==1.4.4", [line.split()[0] for line in packages])
        for line in packages:
            self.assertRegex(line, r"^[a-z-]+==[0-9.]+ +(; python_full_version [<>]=? '3.12' +)?(--hash=sha256:[0-9a-f]{64} *)+$")

    def test_the_program_has_every_file_of_the_starter(self):
        self.run_terrane("init", self.target)
        elsewhere = {"starter.gresource.xml", "requirements-runtime.txt", "requirements-cloud-run.txt", "azure/function.json", "azure/host.json",
                     "azure/server.py", "cloud-run/main.py", "oci/main.py"}
        self.assertEqual({str(p.relative_to(STARTER)) for p in STARTER.rglob("*")
                          if p.is_file() and "__pycache__" not in p.parts}, self.FILES | elsewhere)
        for name in ("app/handler.py", "checks/smoke.py"):
            text = (STARTER / name).read_text().replace("@MODULE@", "handler").replace("@FUNCTION@", "handler")
            self.assertEqual((self.target / name).read_text(), text)

    def test_targets(self):
        """Files and commands of each platform; what they import of each other is there."""
        for target, more, command in (("aws-lambda", set(), "terrane invoke my-tiles_2 --event event.json"),
                                      ("cloud-run", {"app/main.py"}, "terrane push my-tiles_2 docker://europe-west1-docker.pkg.dev/"),
                                      ("azure-functions", {"app/server.py", "app/host.json", "app/handle/function.json"},
                                       "terrane push my-tiles_2 docker://REGISTRY.azurecr.io/my-tiles_2:1"),
                                      ("oci", {"app/main.py"}, "terrane run my-tiles_2 < event.json")):
            with self.subTest(target=target):
                shutil.rmtree(self.target, ignore_errors=True)
                self.run_terrane("init", "--offline", "--target", target, "--handler", "tiles.views.render", self.target)
                files = (self.FILES - {"app/handler.py"}) | {"app/tiles/views.py"} | more
                self.assertEqual(self.files(), files)
                profile = json.loads((self.target / "profile.json").read_text())
                jsonschema.validate(profile, json.loads((TOP / "profiles/profile.schema.json").read_text()))
                self.run_terrane("profile", "check", self.target / "profile.json")
                self.assertEqual((profile["target"], profile["transforms"]), (target, {"bytecode": "unchecked-hash"}))
                readme = (self.target / "README.md").read_text()
                self.assertIn("terrane build profile.json\n", readme)
                self.assertIn(command, readme)
                self.assertEqual("terrane deploy profile.json" in readme, target == "aws-lambda")
                self.assertIn("`app/tiles/views.py`", readme)
                for name in files:
                    text = (self.target / name).read_text()
                    self.assertNotRegex(text, r"@[A-Z]+@", name)
                    if name.endswith(".py"):
                        compile(text, name, "exec")
                    if name.endswith(".json"):
                        json.loads(text)
                self.assertIn("def render(", (self.target / "app/tiles/views.py").read_text())
                for name in files & {"app/main.py", "app/server.py", "checks/smoke.py"}:
                    self.assertIn("from tiles.views import render", (self.target / name).read_text())
                packages = {line for line in (self.target / "requirements.in").read_text().splitlines() if not line.startswith("#")}
                pinned = (self.target / "requirements.txt").read_text()
                for package in packages:
                    self.assertIn(f"\n{package}==", pinned)
                self.assertEqual("functions-framework" in packages, target == "cloud-run")
        self.assertEqual(profile["config"]["entrypoint"], ["python3.13", "-m", "main"])

    def test_files_stay_unless_forced(self):
        self.write("My Tiles_2/app/handler.py", "mine")
        self.write("My Tiles_2/README.md", "mine")
        message = self.assert_fails(1, r"--force", "init", self.target)
        self.assertRegex(message, r"(?m)^  app/handler\.py$[\s\S]*^  README\.md$")
        self.assertEqual(self.files(), {"app/handler.py", "README.md"})
        self.run_terrane("init", "--force", self.target)
        self.assertEqual(self.files(), self.FILES)
        self.assertNotEqual((self.target / "README.md").read_text(), "mine")

    def test_here(self):
        self.target.mkdir()
        result = self.run_terrane("init", "--name", "tiles", cwd=self.target)
        self.assertIn("terrane build profile.json", result.stdout)
        self.assertEqual(json.loads((self.target / "profile.json").read_text())["name"], "tiles")

    def base(self, text, *arguments, **options):
        shutil.rmtree(self.target, ignore_errors=True)
        self.run_terrane("init", "--base", text, *arguments, self.target, **options)
        return json.loads((self.target / "profile.json").read_text())

    def test_bases(self):
        (self.directory / "rootfs").mkdir()
        archive = self.write("root \"fs\".tar", "")
        python = ("--python", "3.13")  # which is believed
        self.assertEqual(self.base("docker://h.example/a:1", *python)["base"], {"image": "docker://h.example/a:1"})
        self.assertEqual(self.base("oci:layout:tag", *python, cwd=self.directory)["base"], {"image": "oci:../layout:tag"})
        self.assertNotIn("awslambdaric", (self.target / "requirements.txt").read_text())
        profile = self.base(self.directory / "rootfs", *python)
        self.assertIn("awslambdaric==", (self.target / "requirements.txt").read_text())
        self.assertEqual(profile["base"], {"directory": f"{self.directory}/rootfs"})
        self.assertEqual(profile["config"]["entrypoint"], ["/usr/bin/python3.13", "-m", "awslambdaric"])
        self.assertEqual(self.base(archive.name, *python, cwd=self.directory)["base"], {"archive": f"../{archive.name}"})

    @unittest.skipUnless(BUSYBOX, "needs busybox")
    def test_relative_bases(self):
        """They count from the profile, wherever that is made, and through symbolic links as the system goes."""
        self.rootfs("slim", "usr/bin/python3.12")
        for here, base, target, expected in ((".", "slim", "app", "../slim"), (".", "slim", "a/b/c", "../../../slim"), (".", "slim", ".", "slim"),
                                             ("x/y", "../../slim", ".", "../../slim"), ("x/y", "../../slim", "../z", "../../slim"),
                                             ("link", "../../slim", ".", "../../slim"), ("link", "../../slim", "../../app2", "../slim")):
            with self.subTest(here=here, target=target):
                (self.directory / "x/y").mkdir(parents=True, exist_ok=True)
                if not (self.directory / "link").exists():
                    (self.directory / "link").symlink_to("x/y")
                cwd = self.directory / here
                self.run_terrane("init", "--force", "--base", base, target, cwd=cwd, env={"PWD": str(cwd)})
                path = cwd.resolve() / target / "profile.json"
                self.assertEqual(json.loads(path.read_text())["base"], {"directory": expected})
                self.run_terrane("profile", "check", path)
                self.assertTrue((path.parent / expected / "usr/bin/python3.12").exists())
        self.assertEqual(json.loads(path.read_text())["config"]["entrypoint"], ["/usr/bin/python3.12", "-m", "awslambdaric"])
        self.assertIn("awslambdaric\n", (path.parent / "requirements.in").read_text())
        self.assert_fails(2, "Azure Functions needs its own runtime in the base: .*azure-functions/python", "init", "--base", "slim", "--target",
                          "azure-functions", "none", cwd=self.directory)

    def rootfs(self, name, interpreter):
        path = self.directory / name / interpreter
        path.parent.mkdir(parents=True)
        shutil.copy(BUSYBOX, path)
        (path.parent / "python3").symlink_to(path.name)
        (path.parents[1] / "lib" / path.name).mkdir(parents=True)
        return self.directory / name

    @unittest.skipUnless(BUSYBOX, "needs busybox")
    def test_the_base_says_which_python(self):
        profile = self.base(self.rootfs("slim", "usr/local/bin/python3.12"))
        self.assertEqual(profile["trees"][0]["wheels"]["python"], "3.12")
        self.assertEqual(profile["config"]["entrypoint"], ["/usr/local/bin/python3.12", "-m", "awslambdaric"])
        self.run_terrane("build", self.write_profile(base={"directory": "slim"}), "-o", f"oci:{self.directory}/layout:a")
        self.assertEqual(self.base(f"oci:{self.directory}/layout:a")["trees"][0]["wheels"]["python"], "3.12")

    def test_the_tag_says_which_python(self):
        """Without a connection."""
        for image, version in (("public.ecr.aws/lambda/python:3.11", "3.11"), ("docker.io/library/python:3.12.4-slim", "3.12"),
                               ("mcr.microsoft.com/azure-functions/python:4-python3.12", "3.12")):
            profile = self.base(f"docker://{image}", "--offline")
            self.assertEqual(profile["trees"][0]["wheels"]["python"], version)

    def test_the_base_has_no_python_to_use(self):
        (self.directory / "none/etc").mkdir(parents=True)
        self.assert_fails(1, "has no Python 3 in its search path", "init", "--base", self.directory / "none", self.target)
        self.assert_fails(1, "--offline", "--offline", "init", "--base", "docker://h.example/a:1", self.target)
        if BUSYBOX:
            old = self.rootfs("old", "usr/bin/python3.9")
            self.assert_fails(1, r"has Python 3\.9; the packages of the example need 3\.11 or newer.*--python 3\.9", "init", "--base", old,
                              self.target)
        self.assertFalse(self.target.exists())

    def test_json(self):
        result = json.loads(self.run_terrane("--json", "init", "--python", "3.12", self.target).stdout)
        self.assertEqual((set(result["files"]), result["name"]), (self.FILES, "my-tiles_2"))
        self.assertIn("python:3.12", (self.target / "profile.json").read_text())

    def test_usage(self):
        self.assert_fails(2, "init: --name: .*‘A’", "init", "--name", "A", self.target)
        self.assert_fails(2, "init: --python: expected a version such as 3.13, got ‘2.7’", "init", "--python", "2.7", self.target)
        for handler in ("handler", ".f", "a.", "a-b.c", "a.class", "a b.c", "a/b.c", "1.a"):
            self.assert_fails(2, f"init: --handler: expected MODULE.FUNCTION .*got ‘{handler}’", "init", "--handler", handler, self.target)
        self.assert_fails(2, "--handler: ‘main.f’: the example uses the module main itself", "init", "--handler", "main.f", self.target)
        self.assert_fails(2, "--target: expected one of aws-lambda, .*got ‘lambda’", "init", "--target", "lambda", self.target)
        self.assert_fails(2, "--base ‘python:3’ is neither", "init", "--base", "python:3", self.target)
        self.assert_fails(2, "docker://", "init", "--base", "docker://x", self.target)
        self.assert_fails(2, "expected", "init", "a", "b")
        self.assertFalse(os.path.exists(self.target))


if __name__ == "__main__":
    unittest.main()
