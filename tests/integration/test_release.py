"""Files that users install: the files, the Debian package, the tarball's libraries, the image for CI. scripts/test-fresh-root makes package and
tarball on a machine that has nothing, and installs them on another."""

import functools
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import unittest

from terrane_test import INPUTS, TERRANE, TOP, TestCase, have, remove_tree, seeded_store

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
VERSION = re.search(r"^project\(terrane VERSION (\S+)", (TOP / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def command(*words, **options):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class Install(TestCase):
    def setUp(self):
        super().setUp()
        self.prefix = self.directory / "a place"
        command("cmake", "--install", BUILD, "--prefix", self.prefix)

    def test_files(self):
        for path in ("bin/terrane", "share/man/man1/terrane.1", "share/man/man5/terrane-profile.5", "share/fish/vendor_completions.d/terrane.fish",
                     "share/bash-completion/completions/terrane", "share/zsh/site-functions/_terrane", "share/terrane/scripts/debian-rootfs",
                     "share/terrane/scripts/ci/github/action.yml", "share/doc/terrane/README.md", "share/doc/terrane/copyright", "share/doc/terrane/docs/profile.md"):
            self.assertTrue((self.prefix / path).exists(), path)
        self.assertEqual([path for path in self.prefix.rglob("*") if path.name in ("inputs", "starter", "__pycache__") or path.suffix == ".pyc"], [])

    def test_every_shipped_profile_has_its_files(self):
        """But for inputs/, which are made, and the archive that $TERRANE_GDAL_ARCHIVE names."""
        profiles = self.prefix / "share/terrane/profiles"
        versioned = command("git", "ls-files", "profiles", cwd=TOP).split() if (TOP / ".git").exists() else []
        for path in versioned:
            name = pathlib.PurePath(path).relative_to("profiles")
            if name.parts[0] != "starter":
                self.assertEqual((profiles / name).read_bytes(), (TOP / path).read_bytes())
        environment = {**os.environ, "TERRANE_GDAL_ARCHIVE": "gdal.tar.zst"}
        for profile in profiles.glob("*.json"):
            if not profile.name.endswith(".schema.json") and not profile.name.startswith("event"):
                command(self.prefix / "bin/terrane", "profile", "check", profile, env=environment)

    def test_profiles_extend_the_shipped_ones_wherever_they_are(self):
        profile = self.write("profile.json", '{"name": "x", "platform": "linux/amd64", "base": {"directory": "."}, '
                                             '"extends": "${terrane.profiles}/common/rasterio.json"}')
        link = self.directory / "terrane"
        link.symlink_to(self.prefix / "bin/terrane")
        shown = command(link, "profile", "show", profile)
        self.assertIn(f"{self.prefix}/share/terrane/profiles/common/rasterio.json", shown)
        self.assert_fails(2, r"extends: ‘\$\{terrane.profiles\}’: this terrane has no profiles in", "profile", "check", profile)

    def test_the_version_is_the_project_s(self):
        self.assertEqual(command(TERRANE, "--version").split()[:2], ["terrane", VERSION])
        pages = [TOP / "README.md", TOP / "docs/install.md", *(path for path in (TOP / "scripts/ci").rglob("*") if path.is_file())]
        for page in pages:
            versions = set(re.findall(r"terrane(?:-ci)?[_-](\d+\.\d+\.\d+)", page.read_text()))
            self.assertLessEqual(versions, {VERSION}, page)


@unittest.skipUnless(have("dpkg-deb", "dpkg-shlibdeps", "file"), "dpkg-dev or file is not installed")
class Package(TestCase):
    def setUp(self):
        super().setUp()
        self.package = package()

    def field(self, name):
        return command("dpkg-deb", "--field", self.package, name).strip()

    def test_control(self):
        self.assertEqual((self.field("Package"), self.field("Version")), ("terrane", VERSION))
        depends = {word.split()[0] for word in self.field("Depends").split(", ")}
        self.assertLessEqual({"bubblewrap", "elfutils", "ca-certificates", "libostree-1-1", "libcurl3-gnutls"}, depends)
        recommends = set(self.field("Recommends").split(", "))
        # The needs listed in scripts/debian-rootfs; dpkg is essential.
        script = (TOP / "scripts/debian-rootfs").read_text()
        needed = set(re.findall(r"\[\w+\]=(\w+)", re.search(r"local -A package=\((.*)\)", script)[1])) | {"uidmap"}
        self.assertLessEqual(needed - {"dpkg"}, recommends)

    def test_files_are_root_s_and_where_debian_looks(self):
        listing = command("dpkg-deb", "--contents", self.package).splitlines()
        modes = {line.split()[5].removeprefix("."): (line.split()[0], line.split()[1]) for line in listing}
        self.assertEqual({owner for _, owner in modes.values()}, {"root/root"})
        self.assertEqual(modes["/usr/bin/terrane"][0], "-rwxr-xr-x")
        self.assertEqual({mode for path, (mode, _) in modes.items() if path.endswith("/")}, {"drwxr-xr-x"})
        for path in ("man/man1/terrane.1.gz", "man/man5/terrane-profile.5.gz", "doc/terrane/changelog.gz", "doc/terrane/copyright",
                     "terrane/profiles/profile.schema.json", "terrane/profiles/output.schema.json", "terrane/scripts/debian-rootfs"):
            self.assertIn(f"/usr/share/{path}", modes)

    def test_equal_builds_give_equal_packages(self):
        again = make_package(self.directory)
        self.assertEqual(again.read_bytes(), self.package.read_bytes())


def make_package(directory):
    """Of the program that is tested, so without compiling."""
    command("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", directory, cwd=directory,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1767323045", "LC_ALL": "C"})
    (path,) = directory.glob("terrane_*.deb")
    return path


def module_directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="terrane-release-", dir=os.environ.get("TERRANE_TEST_TMPDIR", "/var/tmp")))
    unittest.addModuleCleanup(remove_tree, path)
    return path


@functools.cache
def package():
    """Made once for all tests."""
    return make_package(module_directory())


@functools.cache
def bundle():
    """scripts/packaging/bundle's directory, also made once."""
    directory = module_directory()
    command(TOP / "scripts/packaging/bundle", TERRANE, directory)
    return directory


class Bundle(TestCase):
    """scripts/packaging/bundle, as scripts/release uses it."""

    def test_libraries_and_their_licences(self):
        directory = bundle()
        libraries = {path.name for path in (directory / "lib/terrane").iterdir()}
        loaded = {line.split()[0] for line in command("ldd", TERRANE).splitlines() if "=> /" in line}
        self.assertEqual({name for name in loaded - libraries if not re.match(r"lib(c|m|dl|rt|resolv|pthread)\.so", name)}, set())
        self.assertFalse(any(re.match(r"lib(c|m|resolv|pthread)\.so|ld-linux", name) for name in libraries), libraries)
        licences = directory / "share/doc/terrane/licences"
        listed = [line.split("\t") for line in (licences / "README").read_text().splitlines() if "\t" in line]
        self.assertIn("libostree-1-1", [words[0] for words in listed])
        for package, *_ in listed:
            self.assertEqual((licences / package).read_bytes(), pathlib.Path(f"/usr/share/doc/{package}/copyright").read_bytes())

    def test_all_run_with_the_glibc_of_debian_12(self):
        """docs/install.md says so: 2.36."""
        symbols = command("objdump", "-T", TERRANE, *(bundle() / "lib/terrane").iterdir())
        needed = {tuple(map(int, version.split("."))) for version in re.findall(r"\*UND\*.*GLIBC_([\d.]+)", symbols)}
        self.assertLessEqual(max(needed), (2, 36))
        self.assertIn("glibc 2.36", (TOP / "docs/install.md").read_text())


@unittest.skipUnless(list(INPUTS.glob("debian12-base-amd64.tar.zst")) and have("podman", "busybox"), "needs profiles/inputs, podman and busybox")
@unittest.skipUnless(os.geteuid() == 0, "does not apply: it is tried as root and as another user")
class CiImage(TestCase):
    """docs/install.md says which two options the image needs to run its sandbox."""

    OPTIONS = ["--security-opt", "seccomp=unconfined", "--security-opt", "unmask=ALL"]
    HOST = ["--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]  # where tests run in containers

    def setUp(self):
        super().setUp()
        self.work = self.directory / "work"
        (self.work / "base/bin").mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), self.work / "base/bin/busybox")
        (self.work / "base/bin/sh").symlink_to("busybox")
        (self.work / "profile.json").write_text(
            '{"name": "small", "platform": "linux/amd64", "target": "oci", "base": {"directory": "base"}, "config": {"cmd": ["/bin/sh"]}, '
            '"validate": {"commands": [{"command": ["/bin/sh", "-c", "echo $((6 * 7))"], "expect": "^42$"}]}}')

    def build_within(self, archive, name, user=None):
        home = self.directory / name
        home.mkdir()
        options = {"cwd": "/"}
        if user is not None:
            entry = pwd.getpwnam(user)
            command("chown", "-R", user, home, self.work)
            options |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [],
                        "env": {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}}
        podman = ["podman", "--root", home / "root", "--runroot", home / "run", "--storage-driver", "overlay", "--runtime", "runc",
                  "--cgroup-manager", "cgroupfs"]
        image = command(*podman, "pull", "--quiet", f"oci-archive:{archive}", **options).split()[-1]
        return command(*podman, "run", "--rm", *self.OPTIONS, *self.HOST, "--volume", f"{self.work}:/mnt", image,
                       "terrane", "--json", "build", "/mnt/profile.json", **options)

    def test_it_builds_an_image_as_root_and_rootless(self):
        archives = [self.directory / f"{n}.tar" for n in range(2)]
        for archive in archives:
            store = archive.with_suffix(".store")
            seeded_store(store, base={"archive": str(INPUTS / "debian12-base-amd64.tar.zst")})
            command(TOP / "scripts/ci-image", "--terrane", TERRANE, "--store", store, package(), archive)
        self.assertEqual(archives[0].read_bytes(), archives[1].read_bytes())
        users = [line.split(":")[0] for line in pathlib.Path("/etc/subuid").read_text().splitlines() if not line.startswith("root:")]
        if not users:
            self.skipTest("no user has a range in /etc/subuid, which rootless podman needs")
        root, rootless = self.build_within(archives[0], "root"), self.build_within(archives[0], "rootless", users[0])
        for answer in (root, rootless):
            self.assertIn('"small:latest"', answer)
            self.assertRegex(answer, r'"passed": true')


if __name__ == "__main__":
    unittest.main()
