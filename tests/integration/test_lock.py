"""The lock: what builds and terrane lock write, use and refuse."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from terrane_test import TERRANE, Registry, TestCase, have
from wheel_index import Index, make_wheel, requirement, sha256_of


class LockCase(TestCase):
    PYTHON = {"python": "3.12", "glibc": "2.34"}

    def setUp(self):
        super().setUp()
        self.index = Index()
        self.addCleanup(self.index.close)
        self.alpha = {version: make_wheel("alpha", version) for version in ("1.0", "2.0")}
        self.beta = [make_wheel("beta", "3.0", f"cp312-cp312-manylinux_2_28_{machine}", {"beta.py": machine})
                     for machine in ("x86_64", "aarch64")]
        self.index.add(*self.alpha.values(), *self.beta)
        self.write_requirements("1.0")
        self.write("app/handler.py", "def handler(event, context): return event\n")
        self.write("files/data", "one")
        self.archive("one")
        self.profile = self.write_lock_profile()
        self.lock = self.directory / "profile.lock.json"

    def write_requirements(self, alpha="1.0", line_end="\n"):
        text = requirement("alpha", alpha, self.alpha[alpha]) + requirement("beta", "3.0", *self.beta)
        self.write("requirements.txt", text.replace("\n", line_end).encode())

    def archive(self, text):
        path = self.write("data/file", text)
        subprocess.run(["tar", "-cf", self.directory / "data.tar", "-C", path.parent, "file"], check=True)

    def write_lock_profile(self, **members):
        trees = [{"name": "deps", "wheels": {"requirements": "requirements.txt", "index": self.index.url, **self.PYTHON},
                  "prefix": "/var/task"},
                 {"name": "data", "archive": "data.tar", "prefix": "/data"},
                 {"name": "app", "directory": "app", "prefix": "/var/task"}]
        return self.write_profile(**{"trees": trees, **members})

    def read_lock(self):
        return json.loads(self.lock.read_text())

    def entry(self, tree, platform="linux/amd64"):
        return self.read_lock()["platforms"][platform]["trees"][tree]

    def edit_lock(self, edit):
        lock = self.read_lock()
        edit(lock)
        self.lock.write_text(json.dumps(lock))

    def assert_stale(self, *patterns):
        message = self.assert_fails(4, "profile.lock.json does not match the profile for linux/amd64:", "build", "--locked",
                                    self.profile)
        for pattern in patterns:
            self.assertRegex(message, pattern)
        return message


class Lock(LockCase):
    def test_build_writes_it(self):
        record = self.build(self.profile)
        lock = self.read_lock()
        self.assertEqual(list(lock), sorted(lock))
        self.assertEqual((lock["version"], lock["assembler"]), (1, "1"))
        name, data = self.alpha["1.0"]
        self.assertEqual(self.entry("deps"), {
            "python": "3.12", "libc": "glibc 2.34",
            "wheels": [{"name": "alpha", "version": "1.0", "file": name, "sha256": sha256_of(data), "size": len(data),
                        "url": f"http://127.0.0.1:{self.index.port}/files/alpha/{name}"},
                       {"name": "beta", "version": "3.0", "file": self.beta[0][0], "sha256": sha256_of(self.beta[0][1]),
                        "size": len(self.beta[0][1]),
                        "url": f"http://127.0.0.1:{self.index.port}/files/beta/{self.beta[0][0]}"}]})
        archive = (self.directory / "data.tar").read_bytes()
        self.assertEqual(self.entry("data"), {"archives": [{"file": "data.tar", "sha256": sha256_of(archive)}]})
        self.assertEqual(self.entry("app"), {"directory": "app"})
        self.assertEqual(record["sources"], lock["platforms"]["linux/amd64"])
        canonical = json.dumps({"assembler": lock["assembler"], "compressor": lock["compressor"], "platform": "linux/amd64",
                                "sources": record["sources"]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(record["lock"], "sha256:" + sha256_of(canonical.encode()))

    def test_it_is_stable(self):
        self.build(self.profile)
        text, log = self.lock.read_bytes(), len(self.index.log)
        self.build(self.profile)
        self.build("--locked", self.profile)
        self.assertEqual(self.lock.read_bytes(), text)
        self.assertEqual(len(self.index.log), log)  # nothing was asked
        self.run_terrane("lock", self.profile)
        self.assertEqual(self.lock.read_bytes(), text)
        other = self.directory / "elsewhere"
        other.mkdir()
        for name in ("requirements.txt", "data.tar", "profile.json"):
            shutil.copy(self.directory / name, other)
        shutil.copytree(self.directory / "base", other / "base")
        shutil.copytree(self.directory / "app", other / "app")
        self.run_terrane("lock", "elsewhere/profile.json", cwd=self.directory, store=self.directory / "other-store")
        self.assertEqual((other / "profile.lock.json").read_bytes(), text)

    def test_all_platforms_in_one(self):
        profile = self.write_lock_profile(platform=["linux/amd64", "linux/arm64"])
        self.run_terrane("lock", profile)
        self.assertEqual(sorted(self.read_lock()["platforms"]), ["linux/amd64", "linux/arm64"])
        files = [self.entry("deps", f"linux/{name}")["wheels"][1]["file"] for name in ("amd64", "arm64")]
        self.assertEqual(files, [name for name, _ in self.beta])
        text = self.lock.read_bytes()
        for platform in ("linux/amd64", "linux/arm64"):
            self.build("--locked", "--platform", platform, profile)
        self.assertEqual(self.lock.read_bytes(), text)

    def test_platform_that_is_gone(self):
        self.run_terrane("lock", self.write_lock_profile(platform=["linux/amd64", "linux/arm64"]))
        profile = self.write_lock_profile(platform=["linux/amd64"])
        self.assert_fails(4, "linux/arm64: removed", "lock", "--check", profile)
        self.assertIn("linux/arm64: removed", self.run_terrane("lock", profile).stdout)
        self.assertEqual(list(self.read_lock()["platforms"]), ["linux/amd64"])

    def test_all_differences_at_once(self):
        profile = self.write_lock_profile(platform=["linux/amd64", "linux/arm64"])
        self.run_terrane("lock", profile)
        self.write_requirements("2.0")
        message = self.assert_fails(4, "for linux/amd64", "lock", "--check", profile, self.lock)
        self.assertIn("for linux/arm64", message)

    def test_arguments(self):
        self.build(self.profile)
        self.assert_fails(2, "expected a profile, got only locks", "build", self.lock)
        self.assert_fails(2, "written --update-lock=NAME", "build", "--update-lock", "deps", self.profile)
        self.assert_fails(2, "a name is empty", "build", "--update-lock=deps,", self.profile)
        self.build(self.profile, self.lock, "--output", f"oci:{self.directory}/out")
        self.run_terrane("lock", self.profile, self.lock)
        other = self.write("other.json", pathlib.Path(self.profile).read_text())
        self.assertIn("is called ‘test’ too", self.run_terrane("build", self.profile, other, exit_code=2).stderr)
        self.assert_fails(2, "it has no ‘push’", "build", "--push", self.profile)

    def test_another_platform_adds_to_it(self):
        self.build(self.profile)
        self.build(self.profile, "--platform=linux/arm64")
        self.assertEqual(sorted(self.read_lock()["platforms"]), ["linux/amd64", "linux/arm64"])
        self.run_terrane("lock", self.profile)
        self.assertEqual(sorted(self.read_lock()["platforms"]), ["linux/amd64", "linux/arm64"])

    def test_locked_without_lock(self):
        self.assert_fails(4, r"there is no .*profile.lock.json; make it with: terrane lock", "build", "--locked", self.profile)
        self.assert_fails(4, r"there is no", "lock", "--check", self.profile)

    def test_changed_requirement(self):
        self.build(self.profile)
        self.write_requirements("2.0")
        before = self.lock.read_bytes()
        self.assert_stale(r"\n  deps: alpha 1\.0 → 2\.0\n")
        self.assertEqual(self.lock.read_bytes(), before)
        result = self.run_terrane("build", self.profile)
        self.assertIn("deps: alpha 1.0 → 2.0", result.stderr)
        self.build("--locked", self.profile)

    def test_added_and_removed_requirement(self):
        self.build(self.profile)
        self.write("requirements.txt", requirement("beta", "3.0", *self.beta))
        self.assert_stale(r"deps: alpha 1\.0 removed")
        self.build(self.profile)
        self.write_requirements("1.0")
        self.assert_stale(r"deps: alpha 1\.0 added")

    def test_comments_and_line_ends_do_not_count(self):
        self.build(self.profile)
        self.write_requirements("1.0", line_end="\r\n")
        self.build("--locked", self.profile)
        self.lock.write_bytes(self.lock.read_bytes().replace(b"\n", b"\r\n"))
        self.build("--locked", self.profile)

    def test_changed_archive(self):
        self.build(self.profile)
        self.archive("two")
        self.assert_stale(r"data: data\.tar: sha256 [0-9a-f]{12} → [0-9a-f]{12}")
        self.build(self.profile)
        self.build("--locked", self.profile)

    def test_other_source_kind_and_trees(self):
        self.build(self.profile)
        trees = [{"name": "app", "archive": "data.tar", "prefix": "/var/task"},
                 {"name": "new", "directory": "files", "prefix": "/new"}]
        self.profile = self.write_profile(trees=trees)
        self.assert_stale(r"app: directory → archive", r"new: added", r"deps: removed",
                          r"data: removed")

    def test_app_stays_open_unless_pinned(self):
        self.build(self.profile)
        self.write("app/handler.py", "def handler(event, context): return 1\n")
        self.build("--locked", self.profile)
        trees = [{"name": "app", "directory": "app", "prefix": "/var/task", "pin": True}]
        self.profile = self.write_profile(trees=trees)
        self.build(self.profile)
        self.assertRegex(self.entry("app")["commit"], "^[0-9a-f]{64}$")
        self.write("app/handler.py", "def handler(event, context): return 2\n")
        self.assert_stale(r"app: commit [0-9a-f]{12} → [0-9a-f]{12}")

    def test_update_of_one(self):
        self.build(self.profile)
        newer = make_wheel("beta", "3.0", "cp312-cp312-manylinux_2_34_x86_64", {"beta.py": "better"})
        self.index.add(newer)
        self.beta.append(newer)
        self.write_requirements("1.0")
        self.build("--locked", self.profile)  # the pin is still one that is allowed
        self.build(self.profile, "--update-lock=app,data")
        self.assertEqual(self.entry("deps")["wheels"][1]["file"], self.beta[0][0])
        result = self.run_terrane("build", "--update-lock=deps", self.profile)
        self.assertIn(f"deps: beta 3.0: {self.beta[0][0]} → {newer[0]}", result.stderr)
        self.assertEqual(self.entry("deps")["wheels"][1]["file"], newer[0])
        self.run_terrane("build", "--update-lock", self.profile)
        self.assert_fails(2, "there is no such tree; did you mean ‘deps’", "build", "--update-lock=dep", self.profile)

    def test_options_exclude_each_other(self):
        self.assert_fails(2, "exclude each other", "build", "--locked", "--update-lock", self.profile)
        self.assert_fails(2, "exclude each other", "build", "--locked", "--no-lock", self.profile)

    def test_no_lock(self):
        record = self.build("--no-lock", self.profile)
        self.assertFalse(self.lock.exists())
        self.assertEqual(self.build(self.profile)["digest"], record["digest"])

    def test_check(self):
        self.run_terrane("lock", self.profile)
        self.assertIn("(up to date)", self.run_terrane("lock", "--check", self.profile).stdout)
        self.write_requirements("2.0")
        self.assert_fails(4, r"deps: alpha 1\.0 → 2\.0", "lock", "--check", self.profile)
        report = json.loads(self.run_terrane("--json", "lock", self.profile).stdout)
        self.assertEqual(list(report), ["locks"])
        [lock] = report["locks"]
        self.assertEqual(lock["changes"], ["linux/amd64: deps: alpha 1.0 → 2.0"])
        self.assertEqual(list(lock["platforms"]), ["linux/amd64"])

    def test_offline(self):
        self.build(self.profile)
        self.index.close()
        self.addCleanup(setattr, self.index, "close", lambda: None)
        self.index.close = lambda: None
        self.build("--locked", self.profile, "--offline")
        self.write("app/handler.py", "x = 1\n")
        self.build("--offline", self.profile)
        self.write_requirements("2.0")
        self.assert_fails(1, "--offline", "build", "--offline", self.profile)

    def test_variables(self):
        profile = self.write_lock_profile(config={"labels": {"lock": "x-${lock.short}"}})
        record = self.build(profile)
        labels = self.read_json_blob(record["config_digest"])["config"]["Labels"]
        self.assertEqual(labels["lock"], "x-" + record["lock"].removeprefix("sha256:")[:12])

    @unittest.skipUnless(have("git"), "git is not installed")
    def test_before_the_first_commit(self):
        """The lock is to be part of the first commit, so it cannot need one."""
        subprocess.run(["git", "-C", self.directory, "init", "-q"], check=True)
        push = {"repository": "registry.invalid/x", "tags": ["${git.short}"]}
        profile = self.write_lock_profile(push=push, config={"labels": {"commit": "${git.sha}"}})
        self.run_terrane("lock", profile)
        self.run_terrane("lock", "--check", profile)
        self.assert_fails(2, "no git repository with a commit", "build", profile)
        # Inputs of the lock are not guessed.
        profile = self.write_lock_profile(base={"image": "docker://registry.invalid/base:${git.short}"})
        self.assert_fails(2, "no git repository with a commit", "lock", profile)


class Hostile(LockCase):
    def test_newer_version(self):
        self.write("profile.lock.json", json.dumps({"version": 2, "different": []}))
        self.assert_fails(2, "made by a newer terrane", "build", self.profile)
        self.assert_fails(2, "made by a newer terrane", "build", "--locked", self.profile)

    def test_other_assembler(self):
        self.build(self.profile)
        self.edit_lock(lambda lock: lock.update(assembler="0"))
        for option in ("--locked", "--update-lock=deps"):
            self.assert_fails(2, "assembler version ‘0’", "build", option, self.profile)
        self.assert_fails(2, "assembler version ‘0’", "build", self.profile)
        self.build("--update-lock", self.profile)
        self.assertEqual(self.read_lock()["assembler"], "1")

    def test_other_compressor(self):
        self.build(self.profile)
        self.edit_lock(lambda lock: lock.update(compressor="other-1"))
        self.assert_stale("compressor: other-1 → libdeflate")
        self.assertIn("digests of layers may differ", self.run_terrane("build", self.profile).stderr)

    def test_broken(self):
        for text, pattern in (("", "profile.lock.json:1:1: it is empty"), ("[]", "expected an object"), ("{}", "‘version’ is missing"),
                              ('{"version": 1, "platforms": {"linux/amd64": 7}}', "platforms.linux/amd64: expected an object"),
                              ('{"version": 1, "platforms": {"linux/amd64": {"base": {"digest": "x"}}}}', "base.digest"),
                              ("<<<<<<< ours\n{}", "profile.lock.json:1:1: .*merge conflict")):
            with self.subTest(text):
                self.lock.write_text(text)
                self.assert_fails(2, pattern, "build", self.profile)

    def test_edited_by_hand(self):
        """A digest that the requirements file does not allow is resolved again, and with --locked refused."""
        self.build(self.profile)

        def edit(lock):
            lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"][0]["sha256"] = "0" * 64
        self.edit_lock(edit)
        self.assert_stale("deps: alpha 1.0")
        self.build(self.profile)
        self.assertEqual(self.entry("deps")["wheels"][0]["sha256"], sha256_of(self.alpha["1.0"][1]))

    def test_url_edited_by_hand(self):
        """Whatever the URL says, the digest decides."""
        self.build(self.profile)

        def edit(lock):
            wheel = lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"][0]
            wheel["url"] = f"http://127.0.0.1:{self.index.port}/files/alpha/{self.alpha['2.0'][0]}"
            del wheel["size"]
        self.edit_lock(edit)
        result = self.run_terrane("build", "--locked", self.profile, store=self.directory / "fresh")
        self.assertRegex(result.stderr, f"sha256:{sha256_of(self.alpha['2.0'][1])}, expected sha256:{sha256_of(self.alpha['1.0'][1])}; "
                                        "it is looked for elsewhere by its digest")
        self.assertEqual(self.entry("deps")["wheels"][0]["sha256"], sha256_of(self.alpha["1.0"][1]))
        del self.index.projects["alpha"][self.alpha["1.0"][0]]
        self.assert_fails(1, "sha256", "build", "--locked", self.profile, store=self.directory / "fresh-2")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
    def test_directory_that_is_not_writable(self):
        """A build continues with a notice; a request for a lock fails, since there is none."""
        store = self.directory / "of-nobody"
        store.mkdir()
        shutil.chown(store, "nobody")
        result = self.run_terrane("build", self.profile, user="nobody", store=store / "store")
        self.assertIn("not pinned", result.stderr)
        self.assert_fails(1, "--no-lock", "build", "--update-lock", self.profile, user="nobody", store=store / "store")
        self.assert_fails(1, "writing the lock", "lock", self.profile, user="nobody", store=store / "store")

    def test_digest_in_the_profile_wins(self):
        """A lock that says something else about a digest that the profile gives is not believed."""
        repository = self.directory / "repo"
        subprocess.run(["ostree", "init", f"--repo={repository}", "--mode=archive"], check=True)
        commits = []
        for text in ("one", "two"):
            self.write("tree/file", text)
            commits.append(subprocess.run(["ostree", "commit", f"--repo={repository}", "-b", "x", "--timestamp=@0",
                                           str(self.directory / "tree")], check=True, capture_output=True, text=True).stdout.strip())
        self.profile = self.write_profile(trees=[{"name": "t", "ostree": {"repository": "repo", "ref": commits[0]}, "prefix": "/t"}])
        record = self.build(self.profile)
        self.edit_lock(lambda lock: lock["platforms"]["linux/amd64"]["trees"]["t"].update(commit=commits[1]))
        self.assert_stale("t: commit")
        self.assertEqual(self.build(self.profile)["digest"], record["digest"])

    def test_wheel_of_another_processor_under_the_name_of_this_one(self):
        self.build(self.profile)

        def edit(lock):
            wheel = lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"][1]
            name, data = self.beta[1]
            wheel.update(sha256=sha256_of(data), url=f"http://127.0.0.1:{self.index.port}/files/beta/{name}", size=len(data))
        self.edit_lock(edit)
        findings = {item["id"]: item["message"] for item in self.build(self.profile, "--locked")["findings"]}
        self.assertIn("comes from a wheel for ‘cp312-cp312-manylinux_2_28_aarch64’: it is for aarch64", findings["python.wheel-tag"])

    def test_entries_without_answers(self):
        self.build(self.profile)
        self.edit_lock(lambda lock: lock["platforms"]["linux/amd64"]["trees"]["deps"].pop("wheels"))
        self.assert_stale("deps: alpha 1.0 added")
        self.edit_lock(lambda lock: lock.pop("assembler"))
        self.assert_stale("assembler: nothing → 1")

    def test_what_cannot_be_fetched_is_not_written(self):
        name, _ = self.alpha["1.0"]
        self.index.faults[f"/files/alpha/{name}"] = (404, "text/plain", b"gone")
        self.assert_fails(1, "404", "build", self.profile)
        self.assertFalse(self.lock.exists())

    def test_size_that_an_index_gets_wrong(self):
        def page(project):
            status, kind, body = Index.page(self.index, project)
            document = json.loads(body)
            for file in document["files"]:
                file["size"] = 5
            return status, kind, json.dumps(document).encode()
        self.index.page = page
        self.build(self.profile)

    def test_link(self):
        self.write("elsewhere/real.json", "")
        (self.directory / "elsewhere/real.json").unlink()
        self.build(self.profile)
        self.lock.rename(self.directory / "elsewhere/real.json")
        self.lock.symlink_to("elsewhere/real.json")
        self.write_requirements("2.0")
        self.build(self.profile)
        self.assertTrue(self.lock.is_symlink())
        self.assertEqual(self.entry("deps")["wheels"][0]["version"], "2.0")

    def test_two_platforms_at_the_same_time(self):
        processes = [subprocess.Popen([TERRANE, "--store", str(self.directory / f"store{i}"), "--quiet", "build", str(self.profile),
                                       f"--platform=linux/{name}"], stdout=subprocess.DEVNULL) for i, name in enumerate(("amd64", "arm64"))]
        self.assertEqual([process.wait(60) for process in processes], [0, 0])
        self.assertEqual(sorted(self.read_lock()["platforms"]), ["linux/amd64", "linux/arm64"])

    def test_absolute_paths_stay(self):
        self.profile = self.write_profile(trees=[{"name": "app", "directory": str(self.directory / "app"), "prefix": "/app"}])
        self.build(self.profile)
        self.assertEqual(self.entry("app"), {"directory": str(self.directory / "app")})


@unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry or skopeo is not installed")
class Base(LockCase):
    """A tag that moves."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(self.directory / "registry")
        self.addCleanup(self.registry.__exit__)
        self.push_base("one")
        self.profile = self.write_profile(base={"image": f"docker://{self.registry.host}/base:v1"},
                                          trees=[{"name": "app", "directory": "app", "prefix": "/app"}])

    def push_base(self, text):
        self.write("root/etc/issue", text)
        path = self.write_profile("base.json", name="base", base={"directory": "root"})
        self.base = self.build(path, "--no-lock", "--push", f"docker://{self.registry.host}/base:v1")["digest"]

    def base_entry(self):
        return self.read_lock()["platforms"]["linux/amd64"]["base"]

    def test_it_stays_until_it_is_updated(self):
        record = self.build(self.profile)
        first = self.base
        self.assertEqual(self.base_entry(), {"image": f"docker://{self.registry.host}/base:v1", "digest": first})
        self.push_base("two")
        self.assertNotEqual(self.base, first)
        self.assertEqual(self.build(self.profile)["digest"], record["digest"])
        fresh = self.build("--locked", self.profile, store=self.directory / "fresh")
        self.assertEqual(fresh["digest"], record["digest"])
        updated = self.build(self.profile, "--update-lock=base")
        self.assertEqual(self.base_entry()["digest"], self.base)
        self.assertNotEqual(updated["digest"], record["digest"])

    def test_a_tag_that_moved_is_a_change(self):
        for text in ("two", "three"):
            with self.subTest(text):
                self.run_terrane("lock", self.profile)
                self.assertIn("(unchanged)", self.run_terrane("lock", self.profile).stdout)
                first = self.base_entry()["digest"]
                self.push_base(text)
                changed = self.run_terrane("lock", self.profile).stdout
                self.assertIn(f"base: digest {first[:19]} → {self.base[:19]}", changed)
                self.assertNotIn("(unchanged)", changed)
                self.assertEqual(self.base_entry()["digest"], self.base)

    def test_what_trees_are_compiled_in(self):
        """The same for all, although the tag moved before the second tree was there, unless it is updated."""
        self.write("r.json", json.dumps({"name": "r", "version": "1", "steps": [["none"]]}))
        tree = {"prefix": "/opt", "compile": {"recipe": "r.json"}}
        members = {"compile": {"in": {"image": f"docker://{self.registry.host}/base:v1"}}, "base": {"directory": "root"}}
        self.run_terrane("lock", self.write_profile(trees=[{"name": "a", **tree}], **members))
        first = self.base
        self.push_base("two")
        profile = self.write_profile(trees=[{"name": "a", **tree}, {"name": "b", **tree}], **members)
        for option, digest in (("--no-validate", first), ("--update-lock=a", self.base)):
            with self.subTest(option):
                self.assert_fails(1, "trees.0.: r 1: ", "build", option, profile)  # the image has no shell
                self.assertEqual([self.entry(name)["in"]["digest"] for name in "ab"], [digest, digest])

    def test_another_image(self):
        self.build(self.profile)
        document = json.loads(pathlib.Path(self.profile).read_text())
        document["base"]["image"] = f"docker://{self.registry.host}/base:v2"
        self.write("profile.json", json.dumps(document))
        self.registry.__exit__()
        self.assert_stale(r"base: image docker://\S+:v1 → docker://\S+:v2")


if __name__ == "__main__":
    unittest.main()
