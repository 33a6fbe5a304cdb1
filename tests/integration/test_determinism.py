"""Same inputs, same digest, whatever the surroundings."""

import os
import pathlib
import shutil
import subprocess
import unittest

from terrane_test import TERRANE, TestCase, make_tar


class Determinism(TestCase):
    def setUp(self):
        super().setUp()
        members = [("usr", "dir", None), ("usr/share", "dir", None)]
        for i in range(200):
            members.append((f"usr/share/file-{i:03}-{'ä' * (i % 3)}", "file", bytes([i]) * (i * 997), {"mode": 0o644}))
        members += [("bin", "symlink", "usr/bin"), ("usr/su", "file", b"x", {"mode": 0o4755, "uid": 5})]
        self.inputs = self.directory / "inputs"
        self.inputs.mkdir()
        make_tar(self.inputs / "base.tar", members)
        (self.inputs / "app").mkdir()
        for i in range(50):
            (self.inputs / f"app/module_{i}.py").write_text(f"x = {i}\n" * 1000)
        # A big one, so that there are several compressed blocks.
        (self.inputs / "app/big.bin").write_bytes(b"".join(bytes([i % 251, i % 7]) for i in range(3_000_000)))
        self.profile = self.inputs / "profile.json"
        self.profile.write_text(
            '{"name": "test", "platform": "linux/amd64", "target": "oci", "base": {"archive": "base.tar"},'
            ' "trees": [{"name": "app", "directory": "app", "prefix": "/var/task"}],'
            ' "config": {"entrypoint": ["/bin/x"], "env": {"A": "1"}}}')
        self.reference = self.build(self.profile)

    def build_elsewhere(self, profile=None, **options):
        store = self.directory / f"store-{len(list(self.directory.iterdir()))}"
        arguments = options.pop("arguments", [])
        return self.build(profile or self.profile, *arguments, store=store, **options)

    def assert_same(self, record):
        self.assertEqual(record["digest"], self.reference["digest"])
        self.assertFalse(record["unchanged"], "the build was not done anew")

    def test_again(self):
        self.assert_same(self.build_elsewhere())

    def test_another_directory(self):
        copy = self.directory / "some where/else"
        shutil.copytree(self.inputs, copy, symlinks=True)
        self.assert_same(self.build_elsewhere(copy / "profile.json"))
        self.assert_same(self.build_elsewhere("profile.json", cwd=copy))

    def test_jobs(self):
        for jobs in ("1", "2", "7"):
            with self.subTest(jobs):
                self.assert_same(self.build_elsewhere(arguments=["--jobs", jobs]))

    def test_umask(self):
        for umask in (0o000, 0o077):
            with self.subTest(oct(umask)):
                self.assert_same(self.build_elsewhere(umask=umask))

    def test_modes_of_a_checkout(self):
        copy = self.directory / "private"
        shutil.copytree(self.inputs, copy)
        for path in (copy / "app").rglob("*"):
            path.chmod(0o600)
        self.assert_same(self.build_elsewhere(copy / "profile.json"))

    def test_locale_and_time_zone(self):
        for env in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, {"LC_ALL": "no_such_locale"}):
            with self.subTest(env):
                self.assert_same(self.build_elsewhere(env=env))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user(self):
        copy = self.directory / "theirs"
        shutil.copytree(self.inputs, copy)
        home = self.directory / "home"
        home.mkdir()
        shutil.chown(home, "nobody")
        for path in [copy, *copy.rglob("*")]:
            shutil.chown(path, "nobody")
        self.assert_same(self.build(copy / "profile.json", store=home / "store", user="nobody"))

    def test_order_of_directory_entries_and_archive_members(self):
        copy = self.directory / "shuffled"
        (copy / "app").mkdir(parents=True)
        for path in sorted((self.inputs / "app").iterdir(), reverse=True):
            shutil.copy(path, copy / "app")
        shutil.copy(self.profile, copy)
        tree = self.directory / "tree"
        tree.mkdir()
        subprocess.run(["tar", "-C", str(tree), "--same-permissions", "--numeric-owner", "-xf",
                        str(self.inputs / "base.tar")], check=True)
        subprocess.run(["tar", "-C", str(tree), "--numeric-owner", "-cf", str(copy / "base.tar"), "bin", "usr"],
                       check=True)
        if os.geteuid() == 0:  # else the owners of the members are lost
            self.assert_same(self.build_elsewhere(copy / "profile.json"))

    def test_source_date_epoch_changes_only_the_documents(self):
        other = self.build_elsewhere(env={"SOURCE_DATE_EPOCH": "1"})
        self.assertNotEqual(other["digest"], self.reference["digest"])
        self.assertEqual([layer["digest"] for layer in other["layers"]],
                         [layer["digest"] for layer in self.reference["layers"]])

    # A change of layer bytes for equal inputs must come with a new assembler version and new golden files, see
    # docs/layer-format.md. diffIDs do not depend on the compressor.
    def test_golden_diff_ids(self):
        golden = pathlib.Path(__file__).with_name("golden-diff-ids-v1.txt").read_text().split()
        self.assertEqual([layer["diff_id"] for layer in self.reference["layers"]], golden)

    def test_golden_digest_for_this_compressor(self):
        version = subprocess.run([TERRANE, "--version"], check=True, capture_output=True, text=True).stdout
        if "libdeflate 1.14" not in version:
            self.skipTest("the golden digests are those of libdeflate 1.14")
        golden = pathlib.Path(__file__).with_name("golden-digests-v1.txt").read_text().split()
        self.assertEqual([layer["digest"] for layer in self.reference["layers"]], golden)


if __name__ == "__main__":
    unittest.main()
