"""Output on a terminal: colours, tables as wide as it is, lists that end. Elsewhere none of these."""

import json
import unicodedata

from image_layout import ImageLayout, make_layer
from terrane_test import TestCase

RED, YELLOW, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


def columns_of(text):
    """Columns that a terminal needs, by Unicode's East Asian Width and not by terrane's tables."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal(TestCase):
    def image(self, *names):
        """An empty image in the store, by each of these names."""
        layout = ImageLayout(self.directory / "layout")
        layout.name(layout.image(), "x")
        for name in names:
            self.run_terrane("-q", "copy", f"oci:{layout.path}:x", name)

    def test_failures_are_red(self):
        message = "unknown command ‘biuld’; see 'terrane --help'; did you mean ‘build’?"
        self.assertEqual(self.on_terminal("biuld", exit_code=2), f"terrane: {RED}{message}{PLAIN}\n")
        for arguments, variables in ((["--color=never"], {}), (["--color", "never"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}),
                                     ([], {"TERM": ""})):
            with self.subTest((arguments, variables)):
                self.assertEqual(self.on_terminal(*arguments, "biuld", exit_code=2, **variables), f"terrane: {message}\n")
        # An empty NO_COLOR has no effect (https://no-color.org), and the option takes precedence over the variable.
        self.assertIn(RED, self.on_terminal("biuld", exit_code=2, NO_COLOR=""))
        self.assertIn(RED, self.on_terminal("--color=always", "biuld", exit_code=2, NO_COLOR="1"))

    def test_no_colours_elsewhere(self):
        result = self.run_terrane("biuld", exit_code=2, env={"TERM": "xterm"})
        self.assertNotIn("\x1b", result.stderr)
        result = self.run_terrane("images", "--color=always", "--nope", exit_code=2)
        self.assertRegex(result.stderr, f"^terrane: {RED}".replace("[", r"\["))
        result = self.run_terrane("images", "--color=perhaps", exit_code=2)
        self.assertIn("--color: expected one of auto, always, never, got ‘perhaps’", result.stderr)

    def test_findings(self):
        self.image("a")
        text = self.on_terminal("check", "a", "--target=aws-lambda", exit_code=3)
        self.assertIn(f"{RED}error:{PLAIN} lambda.", text)
        plain = self.run_terrane("check", "a", "--target=aws-lambda", exit_code=3).stdout
        self.assertIn("error: lambda.", plain)
        self.assertNotIn("\x1b", plain)

    def test_long_lists_end_on_a_terminal(self):
        layout = ImageLayout(self.directory / "layout")
        layout.name(layout.image(layers=[make_layer(**{f"lib{i}.so": b"\x7fELF\2\1\1" for i in range(7)})]), "x")
        command = ["check", f"oci:{layout.path}:x", "--target=oci"]
        short, whole = self.on_terminal(*command), self.run_terrane(*command).stdout
        self.assertIn(f"{YELLOW}warning:{PLAIN} elf.broken: 7 findings\n", short)
        self.assertIn("\n  … and 2 more; --verbose or --json shows all\n", short)
        self.assertEqual([f"/lib{i}.so" in short for i in range(7)], [True] * 5 + [False] * 2)
        for text in (whole, self.on_terminal("--verbose", *command)):
            self.assertNotIn("more", text)
            self.assertTrue(all(f"/lib{i}.so" in text for i in range(7)), text)
        found = json.loads(self.run_terrane("--json", *command).stdout)["findings"]
        self.assertEqual([finding["path"] for finding in found if finding["id"] == "elf.broken"], [f"/lib{i}.so" for i in range(7)])

    def test_warnings_are_yellow(self):
        text = self.on_terminal("run", "--sandbox=none", "absent", exit_code=1)
        self.assertTrue(text.startswith(f"terrane: {YELLOW}warning: {PLAIN}--sandbox none"), text)

    def test_no_text_of_others_makes_colours(self):
        self.assertNotIn("\x1b[32m", self.on_terminal("inspect", "\x1b[32mx", exit_code=2))

    def test_tables_fit(self):
        name = "n" * 90
        self.image(name, "b")
        whole = self.run_terrane("images", env={"COLUMNS": "40"}).stdout
        self.assertIn(f"{name}:latest  sha256:", whole)
        for width, variables in ((80, {}), (60, {}), (200, {"COLUMNS": "60"}), (30, {})):
            with self.subTest((width, variables)):
                lines = self.on_terminal("images", width=width, **variables).splitlines()
                self.assertEqual(len(lines), 3)
                self.assertLessEqual(max(map(columns_of, lines)), int(variables.get("COLUMNS", width)))
                self.assertTrue(any("…" in line for line in lines), lines)
        # The name gives way, and what is beside it stays.
        self.assertRegex(self.on_terminal("images", width=100), r"\nn+…  sha256:[0-9a-f]{12}  linux/amd64 ")
        self.assertEqual(self.on_terminal("images", width=300), whole)
