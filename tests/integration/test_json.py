"""--json: exactly one document on standard output, also when a command fails (docs/record.md)."""

import json
import unittest

from terrane_test import TestCase


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


if __name__ == "__main__":
    unittest.main()
