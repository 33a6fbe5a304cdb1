"""--json: exactly one document on standard output, also when a command fails (docs/record.md)."""

import io
import json
import subprocess
import tarfile
import unicodedata
import unittest

from image_layout import ImageLayout
from terrane_test import TERRANE, TestCase


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
        for command in (("inspect",), ("check",), ("validate",), ("why", "x"), ("invoke",), ("run",),
                        ("push", "docker://registry.invalid/x"), ("serve",), ("rm",)):
            with self.subTest(command[0]):
                self.failure(1, "not_found", "--json", command[0], "missing", *command[1:])
        for command in ("build", "lock"):
            with self.subTest(command):
                self.failure(1, "not_found", "--json", command, self.directory / "missing.json")

    def test_without_the_option_standard_output_is_empty(self):
        self.assertEqual(self.run_terrane("inspect", "missing", exit_code=1).stdout, "")
        self.assertEqual(self.run_terrane("run", "missing", "--", "--json", exit_code=1).stdout, "")

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
        layer = out.getvalue().replace(b"raw.so", b"r\x9bw.so")  # a raw C1 byte, which is no UTF-8
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
        self.assertIn(result.returncode, (0, 1, 2, 3))
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
        output = self.run_terrane("--json", "inspect", f"oci:{self.directory / 'deep'}:v1").stdout
        self.assertLess(len(output), 3 * len(raw))


if __name__ == "__main__":
    unittest.main()