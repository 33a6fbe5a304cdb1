"""terrane completion: what the shells make of a line, by really running them."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from terrane_test import BUILD, TERRANE, TestCase, have


class CompletionCase(TestCase):
    """A directory with profiles, a store with an image, and terrane in the search path."""

    def setUp(self):
        super().setUp()
        self.work = self.directory / "work"
        (self.work / "sub").mkdir(parents=True)
        (self.work / "empty").mkdir()
        for name in ("z name.txt", "app.json", "app.lock.json", "my.schema.json", "notes.txt", "sub/deep.json"):
            (self.work / name).write_text("{}")
        self.build(self.write_profile(name="tiles"))
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        (self.bin / "terrane").symlink_to(TERRANE)
        self.env = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.directory), "TERRANE_STORE": str(self.store), "LC_ALL": "C.UTF-8",
                    "TERM": "xterm", **{name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ}}
        self.commands = set(self.run_terrane("--list-commands").stdout.split())

    def options(self, *command):
        """All that the help has, with the letters."""
        text = self.run_terrane(*command, "--help").stdout
        names = set(re.findall(r"^  (?:-\w, )?(--[a-z][a-z-]*)", text, re.MULTILINE))
        return names | set(re.findall(r"^  (-\w), ", text, re.MULTILINE))

    def script(self, shell):
        return self.write(f"completion.{shell}", self.run_terrane("completion", shell).stdout)


class Same:
    """Cases that all shells agree on."""

    def complete(self, line):
        return self.complete_all([line])[0]

    def test_commands(self):
        self.assertEqual(self.complete("terrane "), self.commands)
        self.assertEqual(self.complete("terrane in"), {"init", "inspect", "invoke"})
        self.assertEqual(self.complete("terrane --quiet --store /x in"), {"init", "inspect", "invoke"})
        self.assertEqual(self.complete("terrane completion "), {"bash", "zsh", "fish"})
        self.assertEqual(self.complete("terrane profile "), {"show", "check"})

    def test_options_of_every_command(self):
        commands = sorted(self.commands)
        for command, replies in zip(commands, self.complete_all([f"terrane {command} --" for command in commands]), strict=True):
            with self.subTest(command):
                self.assertEqual(replies, {name for name in self.options(command) if name.startswith("--")})
        self.assertEqual(self.complete("terrane --ver"), {"--verbose", "--version"})
        self.assertEqual(self.complete("terrane gc --off"), set())

    def test_values(self):
        for option, values in (("--platform ", {"linux/amd64", "linux/arm64"}), ("--platform linux/ar", {"linux/arm64"}),
                               ("--sandbox ", {"bubblewrap", "podman", "none"}), ("--tls-verify ", {"true", "false"})):
            with self.subTest(option):
                self.assertEqual(self.complete(f"terrane run {option}"), values)
        self.assertEqual(self.complete("terrane check --target a"), {"aws-lambda", "azure-functions"})
        self.assertEqual(self.complete("terrane validate --suite "), {"geo"})
        self.assertEqual(self.complete("terrane build --jobs "), set())
        self.assertEqual(self.complete("terrane build --record no"), {"notes.txt"})

    def test_images(self):
        for command in ("inspect", "run", "why", "rm", "push", "invoke --timeout 3 -e A=b"):
            with self.subTest(command):
                self.assertEqual(self.complete(f"terrane {command} ti"), {"tiles:latest"})
        self.env["TERRANE_STORE"] = str(self.directory / "none")
        self.assertEqual(self.complete("terrane inspect ti"), set())
        self.assertEqual(self.complete(f"terrane --store {self.store} inspect ti"), {"tiles:latest"})
        self.assertEqual(self.complete(f"terrane inspect --store {self.store} ti"), {"tiles:latest"})
        self.assertFalse((self.directory / "none").exists())

    def test_profiles(self):
        for command in ("build", "lock", "profile show", "build app.json", "build app.json app.json app.json"):
            with self.subTest(command):
                self.assertEqual(self.complete(f"terrane {command} a"), {"app.json"})
        self.assertEqual(self.complete("terrane check a"), {"app.json"})
        self.assertEqual(self.complete("terrane check t"), {"tiles:latest"})

    def test_nothing_after_the_last_argument(self):
        self.assertEqual(self.complete("terrane inspect tiles:latest ti"), set())
        self.assertEqual(self.complete("terrane gc "), set())


def type_at(shell, env, directory, setup, lines, seconds=60):
    """Types lines with a tab at an interactive shell; ^X^X prints the line that is then there, between "<" and ">"."""
    master, slave = pty.openpty()
    process = subprocess.Popen(shell, stdin=slave, stdout=slave, stderr=slave, cwd=directory, env=env, start_new_session=True)
    os.close(slave)
    output = b""

    def read_until(pattern):
        nonlocal output
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, output, re.DOTALL)):
            if not select.select([master], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise AssertionError(f"no {pattern} in {output!r}")
            output += os.read(master, 4096)
        output = output[match.end():]
        return match
    try:
        os.write(master, setup.encode() + b"\nprintf '%s%s\\n' rea dy\n")
        read_until(rb"ready\r?\n")
        found = []
        for line in lines:
            os.write(master, line.encode() + b"\t\x18\x18")
            found.append(read_until(rb"<([^\r\n]*)>\r?\n").group(1).decode())
            os.write(master, b"\x15")  # deletes it
        return found
    finally:
        process.kill()
        process.wait()
        os.close(master)


@unittest.skipUnless(have("bash"), "bash is not installed")
class Bash(Same, CompletionCase):
    def complete_all(self, lines):
        """The words that readline would offer in place of the last word."""
        program = ('source "$1"; shift; COMP_WORDBREAKS=$\' \\t\\n"\\\'><=;|&(:\'\n'
                   'for COMP_LINE; do COMP_POINT=${#COMP_LINE}; _terrane; printf "%s\\n" "${COMPREPLY[@]}"; echo ---; done')
        result = subprocess.run(["bash", "--norc", "-c", program, "bash", self.script("bash"), *lines], cwd=self.work, env=self.env,
                                capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        found = []
        for line, replies in zip(lines, result.stdout.split("---\n")):
            word = line.rpartition(" ")[2]
            before = word[:len(word) - len(re.split("[=:]", word)[-1])]
            found.append({before + reply for reply in replies.splitlines() if reply})
        return found

    def test_words_that_readline_splits(self):
        self.assertEqual(self.complete("terrane run --platform=linux/a"), {"--platform=linux/amd64", "--platform=linux/arm64"})
        self.assertEqual(self.complete("terrane inspect tiles:l"), {"tiles:latest"})
        self.assertEqual(self.complete("terrane inspect oci-archive:no"), {"oci-archive:notes.txt"})
        self.assertEqual(self.complete("terrane run tiles:latest -- /bin/l"), set())
        self.assertEqual(self.complete("terrane build --push app"), {"app.json"})
        self.assertEqual(self.complete("terrane build s"), {"sub"})
        self.assertEqual(self.complete("terrane build sub/"), {"sub/deep.json"})

    def test_the_letters_too(self):
        self.assertEqual(self.complete("terrane build -"), self.options("build"))

    def test_on_a_terminal(self):
        setup = f"source {self.script('bash')}; bind -x '\"\\C-x\\C-x\": printf \"<%s>\\n\" \"$READLINE_LINE\"'; bind 'set enable-bracketed-paste off'"
        lines = {"terrane insp": "terrane inspect ", "terrane inspect ti": "terrane inspect tiles:latest ",
                 "terrane run --platform=linux/ar": "terrane run --platform=linux/arm64 ", "terrane build su": "terrane build sub/",
                 "terrane inspect tiles:la": "terrane inspect tiles:latest ",
                 "terrane build --record z": "terrane build --record z\\ name.txt ", "terrane check --sarif no": "terrane check --sarif notes.txt ",
                 "terrane check --ignore x --sarif=no": "terrane check --ignore x --sarif=notes.txt "}
        self.assertEqual(type_at(["bash", "--norc", "--noprofile", "-i"], self.env, self.work, setup, lines), list(lines.values()))


@unittest.skipUnless(have("fish"), "fish is not installed")
class Fish(Same, CompletionCase):
    def complete_all(self, lines):
        program = "source $argv[1]; for line in $argv[2..]; complete -C $line; echo ---; end"
        result = subprocess.run(["fish", "--no-config", "-c", program, str(self.script("fish")), *lines], cwd=self.work, env=self.env,
                                capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        return [{reply.partition("\t")[0] for reply in replies.splitlines()} for replies in result.stdout.split("---\n")[:-1]]

    def test_directories(self):
        self.assertIn("sub/", self.complete("terrane build s"))


@unittest.skipUnless(have("zsh"), "zsh is not installed")
class Zsh(CompletionCase):
    def test_on_a_terminal(self):
        functions = self.directory / "functions"
        functions.mkdir()
        shutil.copy(self.script("zsh"), functions / "_terrane")
        setup = (f"PS1= PROMPT_EOL_MARK=; unset zle_bracketed_paste; fpath=({functions} $fpath); autoload -Uz compinit; compinit -u -d {self.directory}/dump; "
                 "show() { print -r -- \"<$BUFFER>\" }; zle -N show; bindkey '^X^X' show")
        lines = {
            "terrane insp": "terrane inspect ", "terrane inspect ti": "terrane inspect tiles:latest ",
            "terrane run --platform=linux/ar": "terrane run --platform=linux/arm64 ",
            "terrane run --platform linux/ar": "terrane run --platform linux/arm64 ",
            "terrane build --mount": "terrane build --mount-from=", "terrane build ap": "terrane build app.json ",
            "terrane build app.json app.json app.json ap": "terrane build app.json app.json app.json app.json ",
            "terrane check --target cl": "terrane check --target cloud-run ", "terrane gc --off": "terrane gc --off",
            "terrane check tile": "terrane check tiles:latest ", "terrane profile sh": "terrane profile show ",
            "terrane completion z": "terrane completion zsh ", "terrane inspect tiles:latest ti": "terrane inspect tiles:latest ti",
            f"terrane --store {self.store} inspect ti": f"terrane --store {self.store} inspect tiles:latest ",
            "terrane run --tls-verify=f": "terrane run --tls-verify=false "}
        self.assertEqual(type_at(["zsh", "-f", "-i"], self.env, self.work, setup, lines), list(lines.values()))

    def test_sourced(self):
        setup = (f"PS1= PROMPT_EOL_MARK=; autoload -Uz compinit; compinit -u -d {self.directory}/dump; source {self.script('zsh')}; "
                 "show() { print -r -- \"<$BUFFER>\" }; zle -N show; bindkey '^X^X' show")
        self.assertEqual(type_at(["zsh", "-f", "-i"], self.env, self.work, setup, ["terrane insp"]), ["terrane inspect "])

    def test_every_specification_is_valid(self):
        result = subprocess.run(["zsh", "-n", self.script("zsh")], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


@unittest.skipUnless(have("cmake") and (BUILD / "CMakeCache.txt").exists(), "this is not a build directory")
class Installed(TestCase):
    def test_the_scripts_are_where_the_shells_look(self):
        prefix = self.directory / "prefix"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, check=True)
        for path, shell in (("share/bash-completion/completions/terrane", "bash"), ("share/zsh/site-functions/_terrane", "zsh"),
                            ("share/fish/vendor_completions.d/terrane.fish", "fish")):
            self.assertEqual((prefix / path).read_text(), self.run_terrane("completion", shell).stdout)
        self.assertTrue(json.loads((prefix / "share/terrane/profiles/output.schema.json").read_text())["$defs"])


if __name__ == "__main__":
    unittest.main()
