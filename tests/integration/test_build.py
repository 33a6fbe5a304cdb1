"""Assembling: layers, configuration, history, annotations, sources, cache."""

import json
import os
import shutil
import stat
import subprocess
import unittest
import zipfile

from terrane_test import TestCase, have, make_tar, sha256

MTIME = 315532801  # 1980-01-01T00:00:01Z


class Layers(TestCase):
    def test_one_layer_per_tree_with_history_and_diff_ids(self):
        self.write("app/handler.py", "x = 1\n")
        self.write("lib/data.bin", b"\0" * 3_000_000)
        profile = self.write_profile(trees=[
            {"name": "lib", "directory": "lib", "prefix": "/opt/lib"},
            {"name": "app", "directory": "app", "prefix": "/var/task"}])
        record = self.build(profile)
        self.assertEqual([layer["tree"] for layer in record["layers"]], ["base", "lib", "app"])
        manifest = self.read_json_blob(record["digest"])
        config = self.read_json_blob(manifest["config"]["digest"])
        self.assertEqual(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json")
        self.assertEqual(manifest["config"]["mediaType"], "application/vnd.oci.image.config.v1+json")
        self.assertEqual(len(config["history"]), 3)
        self.assertEqual(config["rootfs"]["diff_ids"], [layer["diff_id"] for layer in record["layers"]])
        for layer in record["layers"]:
            blob = self.blob(layer["digest"])
            self.assertEqual("sha256:" + sha256(blob), layer["digest"])
            # gzip -t reads one member and complains about anything after it.
            tar = subprocess.run(["gzip", "-dc", str(blob)], check=True, capture_output=True).stdout
            import hashlib
            self.assertEqual("sha256:" + hashlib.sha256(tar).hexdigest(), layer["diff_id"])
            self.assertEqual(tar[-1024:], b"\0" * 1024)

    def test_entries_are_sorted_have_parents_and_nothing_accidental(self):
        self.write("app/b/c.py", "")
        self.write("app/b-a/x", "")
        self.write("app/a", "")
        os.chmod(self.directory / "app/a", 0o600)
        os.symlink("a", self.directory / "app/link")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}])
        layer = self.build(profile)["layers"][1]
        with self.open_layer(layer) as tar:
            members = tar.getmembers()
        names = [member.name for member in members]
        self.assertEqual(names, ["var", "var/task", "var/task/a", "var/task/b", "var/task/b-a", "var/task/b-a/x",
                                 "var/task/b/c.py", "var/task/link"])
        for member in members:
            self.assertEqual((member.uid, member.gid, member.uname, member.gname, member.mtime), (0, 0, "", "", MTIME))
            self.assertEqual(member.pax_headers, {})
            self.assertEqual(member.mode, 0o777 if member.issym() else 0o755 if member.isdir() else 0o644)

    def test_long_and_non_ascii_names_use_pax(self):
        long_name = "d" * 120 + "/" + "f" * 130
        self.write("app/" + long_name, "x")
        self.write("app/größe.txt", "x")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/"}])
        layer = self.build(profile)["layers"][1]
        with self.open_layer(layer) as tar:
            headers = {member.name: member.pax_headers for member in tar}
        self.assertEqual(headers["größe.txt"], {"path": "größe.txt"})
        self.assertEqual(headers[long_name], {"path": long_name})

    def test_base_keeps_owners_setuid_capabilities_and_symlinks(self):
        capability = bytes.fromhex("0100000200040000000000000000000000000000")
        tar = self.directory / "base.tar"
        make_tar(tar, [
            ("usr", "dir", None), ("usr/bin", "dir", None),
            ("usr/bin/su", "file", b"su", {"mode": 0o4755}),
            ("usr/bin/ping", "file", b"ping",
             {"mode": 0o755, "pax_headers": {"SCHILY.xattr.security.capability": capability.decode("latin-1")}}),
            ("usr/bin/mail", "file", b"m", {"mode": 0o2755, "uid": 8, "gid": 12}),
            ("bin", "symlink", "usr/bin"),
            ("tmp", "dir", None, {"mode": 0o1777}),
            ("big-owner", "file", b"", {"uid": 3_000_000, "gid": 4_000_000}),
        ])
        record = self.build(self.write_profile(base={"archive": "base.tar"}))
        with self.open_layer(record["layers"][0]) as layer:
            members = {member.name: member for member in layer}
        self.assertEqual(members["usr/bin/su"].mode, 0o4755)
        self.assertEqual((members["usr/bin/mail"].mode, members["usr/bin/mail"].uid, members["usr/bin/mail"].gid),
                         (0o2755, 8, 12))
        self.assertEqual(members["bin"].linkname, "usr/bin")
        self.assertEqual(members["tmp"].mode, 0o1777)
        self.assertEqual((members["big-owner"].uid, members["big-owner"].gid), (3_000_000, 4_000_000))
        xattr = members["usr/bin/ping"].pax_headers["SCHILY.xattr.security.capability"]
        self.assertEqual(xattr.encode("utf-8", "surrogateescape").hex() if isinstance(xattr, str) else xattr.hex(),
                         capability.hex())

    def test_hard_links_become_files(self):
        make_tar(self.directory / "base.tar", [("a", "file", b"content"), ("d", "dir", None), ("d/b", "link", "a")])
        record = self.build(self.write_profile(base={"archive": "base.tar"}))
        with self.open_layer(record["layers"][0]) as layer:
            self.assertEqual(layer.extractfile("d/b").read(), b"content")
            self.assertTrue(all(not member.islnk() for member in layer))

    def test_tree_keeps_attributes_of_existing_directories(self):
        make_tar(self.directory / "base.tar", [("tmp", "dir", None, {"mode": 0o1777}),
                                               ("lib", "symlink", "usr/lib"), ("usr", "dir", None),
                                               ("usr/lib", "dir", None)])
        self.write("tree/tmp/file", "x")
        self.write("tree/lib/libx.so", "x")
        record = self.build(self.write_profile(base={"archive": "base.tar"},
                                               trees=[{"name": "t", "directory": "tree", "prefix": "/"}]))
        with self.open_layer(record["layers"][1]) as layer:
            members = {member.name: member for member in layer}
        self.assertEqual(members["tmp"].mode, 0o1777)
        # A directory of the tree goes where the base's link of that name leads.
        self.assertEqual(set(members), {"tmp", "tmp/file", "usr", "usr/lib", "usr/lib/libx.so"})

    def test_trees_must_not_overwrite_each_other_silently(self):
        self.write("a/conf", "1")
        self.write("b/conf", "2")
        trees = [{"name": "one", "directory": "a", "prefix": "/etc"}, {"name": "two", "directory": "b", "prefix": "/etc"}]
        self.assert_fails(2, r"two.*does not fit.*\n.*/etc/conf: differs from the one in ‘one’", "build",
                          self.write_profile(trees=trees))
        trees[1]["overwrite"] = True
        record = self.build(self.write_profile(trees=trees))
        with self.open_layer(record["layers"][2]) as layer:
            self.assertEqual(layer.extractfile("etc/conf").read(), b"2")

    def test_equal_files_are_left_out(self):
        self.write("base/etc/same", "same")
        self.write("tree/same", "same")
        self.write("tree/other", "other")
        for path in ("base/etc/same", "tree/same"):
            os.chmod(self.directory / path, 0o644)
        record = self.build(self.write_profile(
            base={"archive": str(make_tar(self.directory / "b.tar", [("etc", "dir", None), ("etc/same", "file", b"same")]))},
            trees=[{"name": "t", "directory": "tree", "prefix": "/etc"}]))
        with self.open_layer(record["layers"][1]) as layer:
            self.assertEqual(layer.getnames(), ["etc", "etc/other"])


class Sources(TestCase):
    def layer_names(self, tree):
        record = self.build(self.write_profile(trees=[dict({"name": "t", "prefix": "/opt"}, **tree)]))
        with self.open_layer(record["layers"][1]) as layer:
            return [name for name in layer.getnames() if name not in ("opt",)]

    def test_archives_of_every_kind(self):
        content = self.directory / "content"
        (content / "pkg/sub").mkdir(parents=True)
        (content / "pkg/sub/file.txt").write_text("hello\n" * 100)
        expected = ["opt/pkg", "opt/pkg/sub", "opt/pkg/sub/file.txt"]
        for suffix, flags in (("tar", ""), ("tar.gz", "--gzip"), ("tar.bz2", "--bzip2"), ("tar.xz", "--xz"),
                              ("tar.zst", "--zstd")):
            with self.subTest(suffix):
                path = self.directory / f"a.{suffix}"
                subprocess.run(["tar", "-C", str(content), *flags.split(), "-cf", str(path), "pkg"], check=True)
                self.assertEqual(self.layer_names({"archive": path.name}), expected)
        for suffix in ("zip", "whl"):
            with self.subTest(suffix):
                with zipfile.ZipFile(self.directory / f"a.{suffix}", "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.write(content / "pkg/sub/file.txt", "pkg/sub/file.txt")
                self.assertEqual(self.layer_names({"archive": f"a.{suffix}"}), expected)

    @unittest.skipUnless(have("dpkg-deb"), "dpkg-deb is not installed")
    def test_debian_package(self):
        control = self.write("deb/DEBIAN/control",
                             "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
        self.write("deb/usr/share/x/file", "x")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(control.parents[1]), str(self.directory / "x.deb")],
                       check=True, capture_output=True)
        self.assertEqual(self.layer_names({"archive": "x.deb"}),
                         ["opt/usr", "opt/usr/share", "opt/usr/share/x", "opt/usr/share/x/file"])

    @unittest.skipUnless(have("rpmbuild"), "rpmbuild is not installed")
    def test_rpm_package(self):
        spec = self.write("x.spec", "Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n"
                                    "%description\nx\n%install\nmkdir -p %{buildroot}/usr/share/x\n"
                                    "echo x >%{buildroot}/usr/share/x/file\n%files\n/usr/share/x/file\n")
        subprocess.run(["rpmbuild", "-bb", "--define", f"_topdir {self.directory}/rpm", str(spec)], check=True,
                       capture_output=True)
        rpm = next((self.directory / "rpm/RPMS").rglob("*.rpm"))
        self.assertIn("opt/usr/share/x/file", self.layer_names({"archive": str(rpm)}))

    def test_strip_components_and_exclude(self):
        self.write("src/top/keep/a.py", "")
        self.write("src/top/keep/__pycache__/a.pyc", "")
        self.write("src/top/drop.txt", "")
        subprocess.run(["tar", "-C", str(self.directory / "src"), "-cf", str(self.directory / "s.tar"), "top"], check=True)
        self.assertEqual(self.layer_names({"archive": "s.tar", "strip_components": 1,
                                           "exclude": ["**/__pycache__", "*.txt"]}),
                         ["opt/keep", "opt/keep/a.py"])

    def test_sha256_is_checked(self):
        make_tar(self.directory / "a.tar", [("f", "file", b"x")])
        tree = {"name": "t", "archive": "a.tar", "prefix": "/opt", "sha256": "0" * 64}
        self.assert_fails(1, r"trees\[0\]\.archive: .*a\.tar has the sha256 [0-9a-f]{64}, but ‘sha256’ says 0{64}: it is another file", "build",
                          self.write_profile(trees=[tree]))
        tree["sha256"] = sha256(self.directory / "a.tar")
        self.build(self.write_profile(trees=[tree]))

    def test_devices_fail_unless_skipped(self):
        make_tar(self.directory / "base.tar", [("dev", "dir", None), ("dev/null", "device", None)])
        base = {"archive": "base.tar"}
        self.assert_fails(1, r"/dev/null is a device.*\"special\": \"skip\"", "build", self.write_profile(base=base))
        base["special"] = "skip"
        result = self.run_terrane("build", self.write_profile(base=base))
        self.assertIn("left out 1 devices", result.stderr)


class Configuration(TestCase):
    def test_config_and_annotations(self):
        profile = self.write_profile(
            config={"entrypoint": ["/bin/app"], "cmd": ["x"], "env": {"B": "2", "A": "1"}, "working_dir": "/srv",
                    "user": "1000", "labels": {"l": "v"}},
            annotations={"org.opencontainers.image.source": "https://example.org/x"})
        record = self.build(profile, env={"SOURCE_DATE_EPOCH": "1700000000"})
        manifest = self.read_json_blob(record["digest"])
        config = self.read_json_blob(manifest["config"]["digest"])
        self.assertEqual(config["config"], {"Entrypoint": ["/bin/app"], "Cmd": ["x"], "Env": ["B=2", "A=1"],
                                            "WorkingDir": "/srv", "User": "1000", "Labels": {"l": "v"}})
        self.assertEqual(config["created"], "2023-11-14T22:13:20Z")
        self.assertEqual(manifest["annotations"]["org.opencontainers.image.created"], "2023-11-14T22:13:20Z")
        self.assertEqual(manifest["annotations"]["org.opencontainers.image.source"], "https://example.org/x")

    def test_git_gives_revision_time_and_source(self):
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(self.directory)]
        profile = self.write_profile()
        for command in (["init", "-q"], ["add", "profile.json"],
                        ["commit", "-q", "-m", "x", "--date=2024-01-02T03:04:05Z"],
                        ["remote", "add", "origin", "git@example.org:team/repo.git"]):
            subprocess.run(git + command, check=True, env=dict(os.environ, GIT_COMMITTER_DATE="2024-01-02T03:04:05Z"))
        head = subprocess.run(git + ["rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        annotations = self.read_json_blob(self.build(profile)["digest"])["annotations"]
        self.assertEqual(annotations["org.opencontainers.image.revision"], head)
        self.assertEqual(annotations["org.opencontainers.image.created"], "2024-01-02T03:04:05Z")
        self.assertEqual(annotations["org.opencontainers.image.source"], "https://example.org/team/repo")

    @unittest.skipUnless(os.path.exists("/bin/busybox"), "busybox-static is not installed")
    def test_lambda_rules(self):
        self.write("base/usr/bin/python3.11", "")
        shutil.copy("/bin/busybox", self.directory / "base/usr/bin/python3.11")  # a program that needs nothing
        os.symlink("python3.11", self.directory / "base/usr/bin/python3")
        base = {"directory": "base"}
        self.assert_fails(3, r"(?s)Lambda would refuse.*config.entrypoint: missing", "build",
                          self.write_profile(target="aws-lambda", base=base))
        config = {"entrypoint": ["/usr/bin/python3"], "env": {"BIG": "x" * 5000}}
        message = self.assert_fails(3, "Lambda would refuse", "build",
                                    self.write_profile(target="aws-lambda", base=base, config=config))
        for part in ("symbolic link to ‘python3.11’", "config.cmd: missing", "5003 bytes"):
            self.assertIn(part, message)
        self.assertEqual(self.run_terrane("--json", "images").stdout, "[]\n")
        self.write("base/var/task/h.py", "def h(event, context):\n    pass\n")
        config = {"entrypoint": ["/usr/bin/python3.11"], "cmd": ["h.h"]}
        self.build(self.write_profile(target="aws-lambda", base=base, config=config))


class Cache(TestCase):
    def test_only_what_changed_is_made_again(self):
        self.write("app/handler.py", "1")
        make_tar(self.directory / "lib.tar", [("lib", "file", b"x" * 100000)])
        profile = self.write_profile(trees=[{"name": "lib", "archive": "lib.tar", "prefix": "/opt"},
                                            {"name": "app", "directory": "app", "prefix": "/var/task"}])
        first = self.build(profile)
        self.assertFalse(first["unchanged"])
        again = self.build(profile)
        self.assertTrue(again["unchanged"])
        self.assertEqual(again["digest"], first["digest"])
        self.write("app/handler.py", "2")
        second = self.build(profile)
        self.assertEqual([layer["reused"] for layer in second["layers"]], [True, True, False])
        self.assertEqual(second["layers"][1]["digest"], first["layers"][1]["digest"])
        self.assertNotEqual(second["digest"], first["digest"])
        # Back to what was built before: nothing is made, but the name moves.
        self.write("app/handler.py", "1")
        self.assertEqual(second["moved_from"], first["digest"])
        self.assertNotIn("moved_from", again)
        output = self.run_terrane("build", profile).stdout
        self.assertIn(f"test:latest  {first['digest']}  (built before)\ntest:latest was {second['digest']}\n", output)
        self.assertIn("(unchanged)", self.run_terrane("build", profile).stdout)

    def test_a_change_within_the_same_second_and_size_is_seen(self):
        self.write("app/f", "aaaa")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/a"}])
        digests = set()
        for text in ("aaaa", "bbbb", "cccc"):
            self.write("app/f", text)
            digests.add(self.build(profile)["digest"])
        self.assertEqual(len(digests), 3)

    def test_lost_blobs_and_cache_are_made_again(self):
        self.write("app/f", "x")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/a"}])
        first = self.build(profile)
        self.blob(first["layers"][1]["digest"]).unlink()
        self.assertEqual(self.build(profile)["digest"], first["digest"])
        subprocess.run(["rm", "-rf", str(self.store / "cache")], check=True)
        self.assertEqual(self.build(profile)["digest"], first["digest"])
        self.assert_store_is_sound()


class Outputs(TestCase):
    def setUp(self):
        super().setUp()
        self.write("app/f", "x")
        self.profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/a"}])

    def test_layout_and_archives_have_the_same_digest(self):
        oci, archive, docker = (self.directory / name for name in ("oci", "oci.tar", "docker.tar"))
        record = self.build(self.profile, "--output", f"oci:{oci}:v1", "--output", f"oci-archive:{archive}:v1",
                            "--output", f"docker-archive:{docker}:test:v1")
        for image in (f"oci:{oci}:v1", f"oci-archive:{archive}:v1"):
            digest = subprocess.run(["skopeo", "inspect", "--format", "{{.Digest}}", image], check=True,
                                    capture_output=True, text=True).stdout.strip()
            self.assertEqual(digest, record["digest"])
            self.assertEqual(json.loads(self.run_terrane("--json", "inspect", image).stdout)["digest"], record["digest"])
        layers = json.loads(subprocess.run(["skopeo", "inspect", f"docker-archive:{docker}"], check=True,
                                           capture_output=True, text=True).stdout)["Layers"]
        self.assertEqual(len(layers), 2)

    def test_record_file(self):
        path = self.directory / "record.json"
        record = self.build(self.profile, "--record", path)
        self.assertEqual(json.loads(path.read_text()), record)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)

    def test_destinations_are_checked_before_anything_is_built(self):
        self.assert_fails(2, "--output: docker://x.example/y: expected oci:DIR", "build", self.profile, "--output",
                          "docker://x.example/y")
        self.assertFalse((self.store / "images/index.json").exists())


if __name__ == "__main__":
    unittest.main()
