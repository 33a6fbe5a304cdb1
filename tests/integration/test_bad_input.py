"""Each kind of bad input ends with one clear message, the right exit code, and a store that the next build uses."""

import gzip
import lzma
import os
import re
import shlex
import shutil
import subprocess
import unittest

from terrane_test import TERRANE, TestCase, make_tar


class BadInput(TestCase):
    def setUp(self):
        super().setUp()
        self.write("app/f", "x")

    def tearDown(self):
        """The same store builds a good image right afterwards and is sound."""
        good = self.write_profile("good.json", trees=[{"name": "app", "directory": "app", "prefix": "/app"}])
        self.build(good)
        self.assert_store_is_sound()

    def assert_build_fails(self, exit_code, pattern, **members):
        message = self.assert_fails(exit_code, pattern, "build", self.write_profile(**members))
        self.assertNotIn("CRITICAL", message)
        self.assertEqual(self.run_terrane("--json", "images").stdout, "[]\n")
        return message

    def tree(self, **source):
        return [dict({"name": "t", "prefix": "/opt"}, **source)]

    def test_truncated_tar(self):
        path = make_tar(self.directory / "a.tar", [("f", "file", os.urandom(100_000))])
        for size in (50_000, 700):
            with self.subTest(size):
                (self.directory / "short.tar").write_bytes(path.read_bytes()[:size])
                self.assert_build_fails(1, r"trees\[0\]: .*short\.tar: .*[Tt]runcated", trees=self.tree(archive="short.tar"))

    def test_truncated_and_corrupt_compression(self):
        path = make_tar(self.directory / "a.tar", [("f", "file", os.urandom(200_000))])
        data = gzip.compress(path.read_bytes())
        self.write("short.tar.gz", data[:100_000])
        self.assert_build_fails(1, r"short\.tar\.gz", trees=self.tree(archive="short.tar.gz"))
        for at in (-8, -1): # RFC 1952: CRC32 and ISIZE end a member
            broken = bytearray(data)
            broken[at] ^= 0xff
            self.write("broken.tar.gz", bytes(broken))
            self.assert_build_fails(1, r"broken\.tar\.gz: the compressed data is damaged: incorrect (data|length) check",
                                    trees=self.tree(archive="broken.tar.gz"))
        self.write("more.tar.gz", data + b"more")
        self.assert_build_fails(1, r"more\.tar\.gz: the compressed data is damaged: incorrect header check",
                                trees=self.tree(archive="more.tar.gz"))
        broken = bytearray(lzma.compress(path.read_bytes()))
        broken[100_000] ^= 0xff
        self.write("broken.tar.xz", bytes(broken))
        self.assert_build_fails(1, r"broken\.tar\.xz", trees=self.tree(archive="broken.tar.xz"))

    def test_not_an_archive(self):
        self.write("text.tar", "this is no tar archive\n" * 100)
        self.assert_build_fails(1, r"text\.tar: .*[Uu]nrecognized archive format", trees=self.tree(archive="text.tar"))

    def test_paths_that_lead_elsewhere(self):
        for name, pattern in (("../evil", "contains ‘..’"), ("a/../../evil", "contains ‘..’"), ("/etc/evil", "is absolute")):
            with self.subTest(name):
                make_tar(self.directory / "evil.tar", [(name, "file", b"x")])
                self.assert_build_fails(1, rf"evil\.tar: the path ‘.*evil’ {pattern}", trees=self.tree(archive="evil.tar"))
        self.assertFalse((self.directory / "evil").exists())

    def test_entry_through_a_symlink(self):
        outside = self.directory / "outside"
        outside.mkdir()
        make_tar(self.directory / "evil.tar", [("link", "symlink", str(outside)), ("link/file", "file", b"x")])
        self.assert_build_fails(1, r"opt/link/file: the path goes through opt/link, a symbolic link to",
                                trees=self.tree(archive="evil.tar", symlinks="any"))
        self.assertEqual(list(outside.iterdir()), [])

    def test_symlink_out_of_the_prefix(self):
        for target in ("/etc/passwd", "../../etc/passwd", "../opt2/x", "../../../../../x"):
            with self.subTest(target):
                make_tar(self.directory / "evil.tar", [("link", "symlink", target)])
                self.assert_build_fails(1, r"/opt/link: symbolic link to ‘.*’, outside the tree's prefix /opt; .*"
                                           r"\"symlinks\": \"any\"", trees=self.tree(archive="evil.tar"))

    def test_hard_link_to_nothing(self):
        make_tar(self.directory / "a.tar", [("x", "link", "missing")])
        self.assert_build_fails(1, r"opt/x: is a hard link to ‘opt/missing’, which is not a file before it",
                                trees=self.tree(archive="a.tar"))

    def test_profile_problems_come_together(self):
        message = self.assert_fails(
            2, r"profile\.json: trees\[0\]\.prefix: expected a string, got an integer", "build",
            self.write_profile(trees=[{"name": "Bad Name", "directory": "app", "prefix": 1, "prefx": ""}],
                               platfrm="x", target="aws"))
        for part in ("trees[0].name: invalid name ‘Bad Name’", "trees[0].prefx: unknown key; did you mean ‘prefix’?",
                     "platfrm: unknown key; did you mean ‘platform’?", "target: ‘aws’ is not one of aws-lambda, oci"):
            self.assertIn(part, message)

    def test_profile_syntax(self):
        self.write("p.json", '{\n  "name": "x",\n  "name": "y"\n}')
        self.assert_fails(2, r"p\.json:3:3: this key is there twice", "build", self.directory / "p.json")
        self.write("p.json", '{"name": ')
        self.assert_fails(2, r"p\.json:1:\d+: ", "build", self.directory / "p.json")

    def test_missing_files(self):
        self.assert_fails(1, r"the profile: .*nothing\.json.*No such file", "build", self.directory / "nothing.json")
        self.assert_build_fails(1, r"profile\.json: trees\[0\]\.archive: opening ‘.*none\.tar’: No such file",
                                trees=self.tree(archive="none.tar"))
        self.assert_build_fails(1, r"trees\[0\]\.directory: .*none.*No such file", trees=self.tree(directory="none"))
        self.assert_build_fails(1, r"base\.image: oci:.*none: .*No such file", base={"image": "oci:none"})

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_unreadable_directory(self):
        secret = self.directory / "secret/inner"
        secret.mkdir(parents=True)
        secret.chmod(0)
        home = self.directory / "home"
        home.mkdir()
        shutil.chown(home, "nobody")
        shutil.chown(self.directory / "secret", "nobody")
        profile = self.write_profile(trees=self.tree(directory="secret"))
        self.assert_fails(1, r"trees\[0\]\.directory: .*secret: opening the directory inner: Permission denied", "build",
                          profile, store=home / "store", user="nobody")

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_full_disk(self):
        image, mount = self.directory / "small.img", self.directory / "small"
        mount.mkdir()
        with open(image, "wb") as file:
            file.truncate(24 * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
        self.addCleanup(subprocess.run, ["umount", str(mount)], check=True)
        self.write("big/f", os.urandom(40_000_000))
        for i in range(40):
            self.write(f"small-files/{i}", os.urandom(1_000_000))
        for directory in ("big", "small-files"):
            with self.subTest(directory):
                profile = self.write_profile(trees=self.tree(directory=directory))
                self.assert_fails(1, "No space left on device", "build", profile, store=mount / "store")
        good = self.write_profile("good.json", trees=[{"name": "app", "directory": "app", "prefix": "/app"}])
        self.build(good, store=mount / "store")
        self.assert_store_is_sound(store=mount / "store")

    def test_full_disk_for_the_result(self):
        self.build(self.write_profile())
        with open("/dev/full", "w") as full:
            result = subprocess.run([TERRANE, "--store", str(self.store), "images"], stdout=full, stderr=subprocess.PIPE,
                                    text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("writing the result to standard output: No space left on device", result.stderr)


class Usage(TestCase):
    def test_usage_errors(self):
        for arguments, pattern in (([], "no command given"), (["biuld"], "unknown command ‘biuld’; see 'terrane --help'; did you mean ‘build’"),
                                   (["build"], "build: expected PROFILE…, got 0 arguments"),
                                   (["build", "--nope", "x"], "unknown option ‘--nope’"),
                                   (["build", "--jobs", "-1", "x"], "build: --jobs: expected a number from 1 to 1024, got ‘-1’"),
                                   (["push", "x", "y"], "a push needs docker://HOST/REPOSITORY.*did you mean ‘docker://docker.io/library/y"),
                                   (["pull", "localhost:5000/a/b:1"], "did you mean ‘docker://localhost:5000/a/b:1’[?]$"),
                                   (["inspect", "docker://y"], "did you mean ‘docker://docker.io/library/y:latest’"),
                                   (["build", "--no-valdate", "x"], "unknown option ‘--no-valdate’.*did you mean ‘--no-validate’"),
                                   (["build", "/tmp"], "‘/tmp’ is a directory without a profile.json.*terrane init"),
                                   (["help", "biuld"], "unknown command ‘biuld’.*did you mean ‘build’"),
                                   (["invoke", "x", "--event", '{"a": 1}'], "--event takes a file, not JSON; give the event on standard input"),
                                   (["rm", "oci:x"], "is not the name of an image in the store"),
                                   (["inspect", "Bad Name"], "Bad Name")):
            with self.subTest(arguments):
                self.assert_fails(2, pattern, *arguments)

    def test_examples_of_the_help(self):
        """Their options are those of the command."""
        for command in self.run_terrane("--list-commands").stdout.split():
            text = self.run_terrane(command, "--help").stdout
            offered = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))
            for line in re.findall(r"^  (terrane .*)$", text.partition("\nExample")[2], re.MULTILINE):
                words = shlex.split(line)
                words = words[:words.index("--")] if "--" in words else words
                with self.subTest(line):
                    self.assertEqual(words[1], command)
                    self.assertLessEqual({word for word in words if word.startswith("--")}, offered)

    def test_a_directory_with_a_profile(self):
        self.write("profile.json", "{}")
        self.assert_fails(2, rf"‘{self.directory}’ is a directory; give the profile's file: ‘{self.directory}/profile.json’", "build", self.directory)

    def test_help_and_version_as_commands(self):
        for words, options in ((["help"], ["--help"]), (["help", "build"], ["build", "--help"]), (["version"], ["--version"])):
            with self.subTest(words):
                self.assertEqual(self.run_terrane(*words).stdout, self.run_terrane(*options).stdout)

    def test_help_of_every_command(self):
        commands = self.run_terrane("--list-commands").stdout.split()
        self.assertIn("build", commands)
        for command in [[]] + [[command] for command in commands]:
            result = self.run_terrane(*command, "--help")
            self.assertEqual(result.stderr, "")
            for line in result.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def values_of(self, metavar):
        """(command, option) for each whose value has this name; options are read before the help is printed."""
        for command in self.run_terrane("--list-commands").stdout.split():
            for option in re.findall(rf"(--[a-z-]+)={metavar}\b", self.run_terrane(command, "--help").stdout):
                yield command, option

    def test_durations_have_one_grammar(self):
        found = set(self.values_of("TIME"))
        self.assertLessEqual({(command, "--registry-timeout") for command in ("push", "pull", "build", "lock", "check", "why", "inspect",
                                                                              "invoke", "serve", "run", "validate")}, found)
        self.assertLessEqual({(command, "--timeout") for command in ("invoke", "serve", "run", "validate")}, found)
        for command, option in found | {("push", "--timeout"), ("pull", "--timeout"), ("build", "--timeout"), ("lock", "--timeout")}:
            with self.subTest(command=command, option=option):
                # Several times in one command line: each value is checked. test-number.c has the others.
                self.run_terrane(command, *(word for value in ("90", "90s", "2m", "500ms") for word in (option, value)), "--help")
                for value in ("soon", "169h"):
                    self.assert_fails(2, f"^terrane: {command}: (--registry-timeout|--timeout|{option}): expected a duration", command,
                                      f"{option}={value}", "--help")

    def test_sizes_have_one_grammar(self):
        found = set(self.values_of("SIZE"))
        self.assertIn(("invoke", "--memory"), found)
        self.assertIn(("validate", "--limit-memory"), found)
        for command, option in found:
            with self.subTest(command=command, option=option):
                self.run_terrane(command, *(f"{option}={value}" for value in ("600", "512MiB", "1.5GiB", "2 GiB")), "--help")
                self.assert_fails(2, f"^terrane: {command}: {option}: expected", command, f"{option}=512mb", "--help")

    def test_platforms_are_checked_by_every_command(self):
        for command, option in self.values_of("OS/ARCH"):
            with self.subTest(command):
                self.assertEqual(option, "--platform")
                self.run_terrane(command, option, "linux/aarch64", "--help")
                self.assert_fails(2, f"{command}: --platform: ‘nonsense’ is not a platform", command, option, "nonsense", "--help")

    def test_the_image_of_validate_is_not_the_value_of_its_timeout(self):
        self.assert_fails(1, "no image ‘absent:latest’", "validate", "--timeout", "30s", "absent")
        self.assert_fails(2, "validate: expected IMAGE, got 0 arguments", "validate", "--timeout", "30s")

    def test_options_that_a_command_has_no_use_for(self):
        for command in ("images", "gc", "fsck", "profile"):
            self.assert_fails(2, f"{command}: --offline is only taken before a command", command, "--offline")
        for command in ("invoke", "serve"):
            self.assert_fails(2, "--sandbox podman has no way in for the Runtime API; choose bubblewrap or none", command, "x", "--sandbox", "podman")
        self.run_terrane("--offline", "--quiet", "--verbose", "images")

    def test_caches_of_wrong_words(self):
        for words, message in ((["exprot", "f"], "cache: ‘exprot’ is neither export nor import; did you mean ‘export’"),
                               (["export", "f"], "cache export: expected FILE and PROFILE…"),
                               (["import"], "cache: expected export FILE PROFILE…|import FILE, got 1 argument"),
                               (["import", "f", "g"], "cache import: expected one FILE"),
                               (["import", "--downloads", "f"], "cache import: expected one FILE, and no options of its own"),
                               (["--offline", "import", "f"], "cache: --offline is only taken before a command")):
            with self.subTest(words):
                self.assert_fails(2, message.replace("|", r"\|"), "cache", *words)

    def test_newer_store_is_refused(self):
        self.store.mkdir()
        (self.store / "version").write_text("99\n")
        self.assert_fails(1, "has the format ‘99’, this build knows 1", "images")


if __name__ == "__main__":
    unittest.main()
