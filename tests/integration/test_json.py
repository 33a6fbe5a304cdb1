"""--json: exactly one document on standard output, also when a command fails (docs/record.md)."""

import io
import json
import shutil
import signal
import subprocess
import tarfile
import unicodedata
import unittest

from image_layout import ImageLayout
from terrane_test import OUTPUT_COMMANDS, OUTPUT_SCHEMA, TERRANE, TOP, Registry, TestCase, document_problems, have


class Failures(TestCase):
    def failure(self, exit_code, code, *arguments, also=()):
        """Runs a command that fails; its document says the same as its exit code and its message."""
        result = self.run_terrane("--quiet", *arguments, exit_code=exit_code)
        document = json.loads(result.stdout)  # exactly one: what followed would be a syntax error
        self.assertLessEqual({"error", *also}, set(document))
        if not also:
            self.assertEqual(list(document), ["error"])
        error = document["error"]
        self.assertEqual(sorted(error), ["code", "exit_code", "message"])
        self.assertEqual((error["code"], error["exit_code"]), (code, exit_code))
        plain = "".join(line.removeprefix("terrane: ") for line in result.stderr.splitlines(keepends=True))
        self.assertIn(error["message"], plain)
        return document

    def test_usage_errors_of_every_command(self):
        commands = self.run_terrane("--list-commands").stdout.split()
        self.assertGreater(len(commands), 15)
        for command in commands:
            for arguments in (("--json", command, "--no-such-option"), (command, "--no-such-option", "--json"),
                              (command, "--json", "--no-such-option")):
                with self.subTest(arguments):
                    self.assertIn("--no-such-option", self.failure(2, "usage", *arguments)["error"]["message"])

    def test_usage_errors_before_a_command(self):
        for arguments in (("--json",), ("--json", "frobnicate"), ("frobnicate", "--json"), ("--json", "--frobnicate")):
            with self.subTest(arguments):
                self.failure(2, "usage", *arguments)

    def test_a_missing_image(self):
        for command in (("inspect",), ("check",), ("validate",), ("why", "x"), ("diff", "missing"), ("tag", "x"), ("copy", "x"), ("invoke",), ("run",),
                        ("push", "docker://registry.invalid/x"), ("serve",), ("rm",)):
            with self.subTest(command[0]):
                self.failure(1, "not_found", "--json", command[0], "missing", *command[1:])
        for command in ("build", "lock"):
            with self.subTest(command):
                self.failure(1, "not_found", "--json", command, self.directory / "missing.json")

    def test_without_the_option_standard_output_is_empty(self):
        self.assertEqual(self.run_terrane("inspect", "missing", exit_code=1).stdout, "")
        self.assertEqual(self.run_terrane("run", "missing", "--", "--json", exit_code=1).stdout, "")
        result = subprocess.run([TERRANE, "build", "--junit", "--json", "missing.json"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (1, ""))  # --json is the name of a file

    def test_the_result_of_a_failed_gate_has_the_error(self):
        (self.directory / "app").mkdir()
        (self.directory / "app/f").write_text("x")
        trees = [{"name": "app", "directory": "app", "prefix": "/app"}]
        record = self.build(self.write_profile(trees=trees))
        self.assertNotIn("error", record)
        profile = self.write_profile(trees=trees, validate={"commands": [["/no/such/program"]]})
        failed = self.failure(3, "refused", "--json", "build", profile, also=("digest", "layers", "validation", "passed"))
        self.assertIs(failed["passed"], False)
        results = self.failure(3, "refused", "--json", "validate", "test", "--command", "/no/such/program", also=("image", "results"))
        self.assertEqual(len(results["results"]), 1)
        bad = self.write_profile(target="aws-lambda", trees=trees, config={"entrypoint": ["/no/such/program"]})
        findings = self.failure(3, "refused", "--json", "build", bad, also=("findings", "name", "passed", "platform"))["findings"]
        self.assertIn("error", [finding["severity"] for finding in findings])
        both = self.failure(3, "refused", "--json", "build", bad, self.write_profile("b.json", name="b"), also=("builds",))
        self.assertEqual([build["passed"] for build in both["builds"]], [False, True])
        self.assertEqual(both["builds"][0]["record"]["findings"], findings)
        # A base without os-release and shell is nothing that Lambda starts.
        check = self.failure(3, "refused", "--json", "check", "--target", "aws-lambda", "test",
                          also=("digest", "target", "errors", "warnings", "notes", "off", "findings"))
        self.assertGreater(check["errors"], 0)
        stale = self.directory / "stale.json"
        stale.write_text(profile.read_text())
        self.failure(4, "stale", "--json", "build", "--locked", stale)

    def test_damage_is_a_result(self):
        (self.directory / "app").mkdir()
        (self.directory / "app/f").write_text("x")
        record = self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))
        self.blob(record["digest"]).write_text("other")
        document = self.failure(1, "corrupt", "--json", "fsck", also=("problems", "repaired"))
        self.assertTrue(document["problems"])


# A C0 control, DEL, C1 controls, overrides and isolates, zero-width and other invisible characters, and one outside the BMP.
EVIL = "".join(map(chr, (0x1b, 0x7f, 0x9b, 0x85, 0x202e, 0x2066, 0x200b, 0x2028, 0xfeff, 0x3164, 0xe0041)))


class ForeignText(TestCase):
    """Names, labels and messages of an image: what would steer, hide or reorder is never printed as it is."""

    def assert_harmless(self, text):
        for character in text:
            category = unicodedata.category(character)
            self.assertFalse((category in ("Cc", "Cf", "Zl", "Zp") and character not in "\n\t") or character in EVIL, (hex(ord(character)), text))

    def setUp(self):
        super().setUp()
        self.layout_path = self.directory / "evil"
        layout = ImageLayout(self.layout_path)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, content in ((f"opt/{EVIL}lib.so", b"\x7fELF" + bytes(60)), ("opt/raw.so", b"x")):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        layer = out.getvalue().replace(b"raw.so", b"r\x9bw.so")  # a raw C1 byte, which is not UTF-8
        header = layer.index(b"opt/r\x9bw.so")
        block = bytearray(layer[header:header + 512])
        block[148:156] = b" " * 8
        block[148:156] = f"{sum(block):06o}\0 ".encode()
        layer = layer[:header] + bytes(block) + layer[header + 512:]
        self.labels = {f"a{EVIL}": EVIL}
        self.image = layout.image(layers=[layer], config={
            "config": {"Env": [f"A={EVIL}"], "Labels": self.labels, "Cmd": [EVIL], "Entrypoint": [f"/{EVIL}"], "User": EVIL, "WorkingDir": f"/{EVIL}"},
            "author": EVIL, "history": [{"created_by": EVIL, "comment": EVIL}]}, annotations={EVIL: EVIL})
        layout.name(self.image, "v1")

    def test_everything_that_shows_an_image(self):
        reference = f"oci:{self.layout_path}:v1"
        self.write("tree/f", "x")
        self.run_terrane("build", "--no-validate", self.write_profile(
            name="evil", base={"image": reference}, trees=[{"name": "t", "directory": "tree", "prefix": "/t"}]))
        for arguments in (["inspect", "evil"], ["inspect", reference], ["images"], ["check", "evil"], ["check", "--target=aws-lambda", "evil"],
                          ["why", "evil", "/opt"], ["why", "evil", f"/opt/{EVIL}lib.so"], ["why", "evil", EVIL], ["run", "evil", "--", EVIL],
                          ["run", "evil", "--", f"/{EVIL}"], ["rm", EVIL], ["inspect", EVIL], ["inspect", f"oci:{self.layout_path}:{EVIL}"], [EVIL],
                          ["diff", reference, "evil"], ["diff", "evil", reference, "--symbols", "--checks"], ["diff", EVIL, "evil"],
                          ["tag", EVIL, "x"], ["tag", "evil", EVIL], ["copy", reference, EVIL], ["copy", EVIL, f"oci:{self.layout_path}2"],
                          ["build", f"{EVIL}.json"], ["push", "evil", f"docker://127.0.0.1:1/{EVIL}"]):
            for json_option in ([], ["--json"]) if arguments[0] != "run" else ([],):
                with self.subTest(arguments[:1], json=bool(json_option)):
                    result = self.popen([*json_option, *arguments])
                    self.assert_harmless(result.stdout)
                    self.assert_harmless(result.stderr)
                    if json_option:
                        json.loads(result.stdout)

    def test_json_has_the_same_value(self):
        document = json.loads(self.popen(["--json", "inspect", f"oci:{self.layout_path}:v1"]).stdout)
        self.assertEqual(document["config"]["config"]["Labels"], self.labels)

    def popen(self, arguments):
        result = subprocess.run([TERRANE, "--store", str(self.store), *arguments], capture_output=True, timeout=60)
        self.assertIn(result.returncode, (0, 1, 2, 3, 4))
        result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()  # no raw byte either
        return result

    def test_deep_documents_do_not_grow(self):
        deep = "[" * 1000 + ",".join("1" * 20000) + "]" * 1000
        layout = ImageLayout(self.directory / "deep")
        document = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}})
        raw = (document[:-1] + ', "deep": ' + deep + "}").encode()
        manifest = layout.add("application/vnd.oci.image.manifest.v1+json", {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": layout.add("application/vnd.oci.image.config.v1+json", raw), "layers": []})
        layout.name(manifest, "v1")
        output = self.popen(["--json", "inspect", f"oci:{self.directory / 'deep'}:v1"]).stdout  # deeper than Python reads
        self.assertLess(len(output), 3 * len(raw))


@unittest.skipUnless(have("busybox", "docker-registry"), "busybox-static or docker-registry is not installed")
class Documents(TestCase):
    """Every command, when it succeeds and when it fails, prints what profiles/output.schema.json says: run_terrane() looks."""

    def setUp(self):
        super().setUp()
        bin = self.directory / "base/bin"
        bin.mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), bin / "busybox")
        (bin / "sh").symlink_to("busybox")
        for name in ("etc/os-release", "app/f"):
            path = self.directory / "base" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("NAME=test\n")
        self.profile = self.write_profile(base={"directory": "base"}, config={"entrypoint": ["/bin/busybox", "false"]})
        self.build(self.profile)

    def document(self, *arguments, exit_code=0, **options):
        return json.loads(self.run_terrane("--json", *arguments, exit_code=exit_code, **options).stdout)

    def test_the_schema_has_every_command(self):
        self.assertEqual(OUTPUT_COMMANDS, set(self.run_terrane("--list-commands").stdout.split()))

    def test_the_reference_has_every_member(self):
        text = (TOP / "docs/record.md").read_text(encoding="utf-8")

        def members(schema):
            if isinstance(schema, list):
                return set().union(*map(members, schema)) if schema else set()
            if not isinstance(schema, dict):
                return set()
            found = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
            return found.union(*(members(value) for value in schema.values()))

        # Members of manifests, which are printed as they are.
        foreign = {"urls", "data", "artifactType", "terrane"}
        names = set().union(*(members(definition) for definition in OUTPUT_SCHEMA["$defs"].values()))
        self.assertGreater(len(names), 100)
        self.assertEqual({name for name in names - foreign if f"`{name}`" not in text}, set())

    def test_the_schema_refuses(self):
        good = self.document("gc")
        self.assertEqual(document_problems(("--json", "gc"), json.dumps(good)), [])
        for bad in (good | {"new": 1}, good | {"blobs": -1}, {"blobs": 0}, [], {"error": {}}, {"error": {"code": "odd"}}):
            self.assertNotEqual(document_problems(("--json", "gc"), json.dumps(bad)), [], bad)

    def test_images_and_the_store(self):
        self.assertEqual(len(self.document("images")), 1)
        self.document("inspect", "test")
        self.document("check", "--target", "oci", "test")
        self.document("check", self.profile)
        for what in ("/bin/busybox", "/bin", "nothing"):
            self.document("why", "test", what, exit_code=1 if what == "nothing" else 0)
        exported = self.document("cache", "export", self.directory / "c.tar", self.profile)
        self.assertEqual(self.document("cache", "import", self.directory / "c.tar") | {"entries": exported["entries"]}, exported)
        self.assertEqual(self.document("tag", "test", "other")["name"], "other:latest")
        self.assertEqual(self.document("copy", "test", f"oci:{self.directory}/copied")["images"], 1)
        self.assertEqual(self.document("diff", "test", "other")["equal"], True)
        self.document("rm", "other")
        self.assertEqual(self.document("rm", "test"), ["test:latest"])
        self.document("gc")
        self.document("fsck")

    def test_profiles(self):
        self.document("profile", "show", self.profile)
        self.document("profile", "check", self.profile)
        some = self.document("profile", "check", self.profile, self.write("bad.json", "{}"), exit_code=2)
        self.assertEqual((len(some["profiles"]), some["error"]["code"]), (1, "usage"))
        self.document("init", "--python", "3.13", self.directory / "new")
        added = self.document("add", "--profile", self.directory / "new/profile.json", "a b", exit_code=2)
        self.assertEqual(added["error"]["code"], "usage")
        lock = self.document("lock", self.profile, "--check")
        self.assertEqual(len(lock["locks"]), 1)
        other = self.write_profile("other.json", name="other", base={"directory": "base"}, platform=["linux/amd64", "linux/arm64"])
        both = self.document("lock", self.profile, other)
        self.assertEqual([sorted(row["platforms"]) for row in both["locks"]], [["linux/amd64"], ["linux/amd64", "linux/arm64"]])
        some = self.document("lock", self.profile, self.directory / "missing.json", exit_code=1)
        self.assertEqual((len(some["locks"]), some["error"]["code"]), (1, "not_found"))
        several = self.document("build", self.profile, self.directory / "missing.json", exit_code=1)
        self.assertEqual([row.get("error", {}).get("code") for row in several["builds"]], [None, "not_found"])

    def test_registries(self):
        registry = Registry(self.directory / "registry")
        self.addCleanup(registry.__exit__)
        self.document("push", "test", f"docker://{registry.host}/a:1")
        self.document("pull", f"docker://{registry.host}/a:1", "pulled")
        self.document("build", self.profile, "--push", f"docker://{registry.host}/a:2")
        self.document("pull", f"docker://{registry.host}/a:3", exit_code=1)
        login = {"REGISTRY_AUTH_FILE": str(self.directory / "auth.json")}
        self.document("login", "-u", "u", "--password-stdin", registry.host, env=login, stdin="p")
        self.document("logout", registry.host, env=login)
        self.document("logout", registry.host, env=login, exit_code=1)
        self.document("--offline", "login", "-u", "u", "--password-stdin", registry.host, env=login, stdin="p", exit_code=2)

    def test_programs(self):
        result = self.run_terrane("--json", "-q", "run", "test", "--", "/bin/sh", "-c", "echo out; exit 3", exit_code=3)
        self.assertEqual((json.loads(result.stdout), result.stderr), ({"exit_code": 3, "signal": 0}, "out\n"))
        killed = self.document("run", "test", "--", "/bin/sh", "-c", "kill -9 $$", exit_code=137)
        self.assertEqual(killed, {"exit_code": -1, "signal": 9})
        late = self.document("run", "--timeout", "200ms", "test", "--", "/bin/sh", "-c", "while :; do :; done", exit_code=1)
        self.assertEqual((list(late), late["error"]["code"]), (["error"], "limit"))
        self.assert_fails(2, "--podman and --json exclude", "run", "--json", "--podman", "test")
        invoked = self.document("invoke", "test", stdin="{}", exit_code=1)
        self.assertEqual((invoked["responses"][0]["status"], invoked["error"]["code"]), ("error", "function"))
        self.document("validate", "test", "--command", "/bin/busybox true")
        self.document("validate", "test", "--command", "/bin/busybox false", exit_code=3)

    def test_serve(self):
        process = subprocess.Popen([TERRANE, "--store", self.store, "--json", "serve", "test", "--port", "0"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        lines = []
        while not lines or lines[-1] != "}\n":  # while it runs
            line = process.stdout.readline()
            self.assertNotEqual(line, "")
            lines.append(line)
        self.assertIsNone(process.poll())
        document = json.loads("".join(lines))
        self.assertEqual(document["url"], f"http://127.0.0.1:{document['port']}/2015-03-31/functions/function/invocations")
        self.assertEqual(document_problems(("--json", "serve"), json.dumps(document)), [])
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(20), process.stdout.read()), (0, ""))

    def test_a_record_in_a_file(self):
        path = self.directory / "record.json"
        printed = self.document("build", self.profile, "--record", path)
        self.assertEqual(json.loads(path.read_text()), printed)
        self.assertEqual(document_problems(("--json", "build"), path.read_text()), [])

    def test_help_and_versions(self):
        for command in self.run_terrane("--list-commands").stdout.split():
            self.assertIn(f"terrane {command}", self.document(command, "--help")["help"])
        self.assertIn("Commands:", self.document("--help")["help"])
        self.assertRegex(self.document("--version")["terrane"], r"^[0-9]+\.")
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("terrane", self.document("completion", shell)["script"])
        self.document("completion", "tcsh", exit_code=2)


if __name__ == "__main__":
    unittest.main()