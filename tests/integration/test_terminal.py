"""What a terminal shows: colours, and tables as wide as it is. Elsewhere neither."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import unicodedata

from image_layout import ImageLayout
from terrane_test import TERRANE, TestCase

RED, YELLOW, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


def columns_of(text):
    """Columns that a terminal needs, by Unicode's East Asian Width and not by terrane's tables."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal(TestCase):
    def on_terminal(self, *arguments, width=80, exit_code=0, environment=None, **variables):
        """What terrane writes to a terminal that is @width columns wide."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        process = subprocess.Popen([TERRANE, "--store", self.store, *arguments], stdout=slave, stderr=slave, stdin=subprocess.DEVNULL,
                                   env=base | {"TERM": "xterm"} | variables)
        os.close(slave)
        output = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            output += piece
        self.assertEqual(process.wait(), exit_code, output)
        return output.decode().replace("\r\n", "\n")

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
        # An empty NO_COLOR is none (https://no-color.org), and the option counts more than the variable.
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
