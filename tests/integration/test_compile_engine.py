"""How recipes are run: several at the same time, what they may use, what is kept of them and for how long, and what is left of those that are
killed."""

import contextlib
import hashlib
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import time
import unittest

import test_compile
from terrane_test import SANITIZER, TERRANE, Registry, have, read_cache_entry, seeded_store, without_overlays, write_cache_entry
from test_compile import INSTALL

WAIT = "i=0; while ! [ -e go ]; do i=$((i + 1)); [ $i -lt 300 ]; sleep 0.1; done"


class Engine(test_compile.ShellCase):
    def start(self, profile, *arguments, **options):
        return subprocess.Popen([TERRANE, "--store", str(self.store), "build", "--no-validate", str(profile), *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def wait_until(self, function, process):
        deadline = time.monotonic() + 60
        while not (result := function()):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll(), process.poll() is not None and process.communicate())
            time.sleep(0.02)
        return result

    def work(self, path="."):
        return [found for found in (self.store / "roots").glob(f".compile-*/{path}") if found.exists()]

    def log(self, name):
        return self.log_path(name).read_text(encoding="utf-8")

    def test_at_the_same_time(self):
        """Each of two waits for a word that comes only when both have begun; a third that needs them comes after them."""
        step = f"echo $JOBS > jobs; {WAIT}; mkdir -p $DESTDIR$PREFIX/share; echo $JOBS > $DESTDIR$PREFIX/share/"
        self.recipe("a", steps=[f"{step}a"])
        self.recipe("b", steps=[f"{step}b"])
        self.recipe("c", needs=["a.json", "b.json"], steps=["echo $JOBS; mkdir -p $DESTDIR$PREFIX; cat $PREFIX/share/a $PREFIX/share/b > $DESTDIR$PREFIX/both"])
        process = self.start(self.profile(*((name, f"{name}.json", {}) for name in "abc")), "--jobs", "6", "--verbose")
        self.wait_until(lambda: len(self.work("src/jobs")) == 2, process)
        for directory in self.work("src"):
            (directory / "go").touch()
        output, errors = process.communicate()
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(self.log("c").splitlines()[-1], "6")
        self.assertIn("terrane: a 1.0: step 1 of 1", errors)
        self.assertRegex(errors, "terrane: b 1.0: compiled after [0-9]+ s\n")
        self.assertIn("\nc | 6\n", errors)
        self.assertIn("test:latest", output)
        self.assertLess(errors.index("terrane: a 1.0: compiled"), errors.index("terrane: c 1.0: step 1"))
        profile = self.profile(*((name, f"{name}.json", {}) for name in "abc"))
        self.assertNotIn("compiling", self.run_terrane("build", "--no-validate", "--jobs", "1", profile).stderr)

    def test_failure_ends_nothing_that_runs(self):
        """Running recipes are finished and kept, as with make and ninja; no other is started. Every failure is reported."""
        for name, end in (("slow", INSTALL), ("bad", "echo why; exit 3"), ("worse", "exit 4")):
            self.recipe(name, steps=[f"touch {name}; {WAIT}; {end}"])
        self.recipe("next", steps=[INSTALL])
        profile = self.profile(*((name, f"{name}.json", {}) for name in ("slow", "bad", "worse", "next")))
        process = self.start(profile, "--jobs", "3")
        places = {name: self.wait_until(lambda: self.work(f"src/{name}"), process)[0].parent for name in ("slow", "bad", "worse")}  # pylint: disable=cell-var-from-loop
        for name in ("bad", "worse", "slow"):
            (places[name] / "go").touch()
            if name != "slow":
                self.wait_until(lambda: not places[name].exists(), process)  # pylint: disable=cell-var-from-loop
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1, errors)
        self.assertRegex(errors, r"bad 1\.0: step 1 of 1 \(.*\) failed with exit code 3; no other recipe is started, and 2 that run may finish \(Ctrl-C stops them\)\n")
        self.assertRegex(errors, r"warning: .*worse 1\.0: step 1 of 1 \(.*\) failed with exit code 4\n")
        self.assertRegex(errors, r"\nterrane: .*trees\[1\]: bad 1\.0: step 1 of 1 \(.*\) failed with exit code 3\n  why\n")
        self.assertIn("terrane: slow 1.0: compiled after ", errors)
        self.assertNotIn("next 1.0", errors)
        self.assertEqual(self.work(), [])
        trees = self.compiled()
        self.make("slow.json")
        self.assertEqual(self.compiled(), trees + 1)  # the image's tree

    def test_failure_before_the_first_step(self):
        """It is the end of that recipe, too: what is shown of it ends, and others that run may finish."""
        self.recipe("slow", steps=[f"touch slow; {WAIT}", INSTALL])
        self.recipe("bad", sources=[{"file": "missing.tar", "sha256": "0" * 64}], steps=[INSTALL])
        process = self.start(self.profile(("slow", "slow.json", {}), ("bad", "bad.json", {})), "--jobs", "2", "--no-lock")
        [begun] = self.wait_until(lambda: self.work("src/slow"), process)
        (begun.parent / "go").touch()
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1, errors)
        self.assertRegex(errors, r"terrane: bad 1\.0: failed after 0 s\n(.*\n)*terrane: slow 1\.0: compiled after(.*\n)*.*bad 1\.0: .*missing\.tar.*No such file")

    def test_two_builds(self):
        """The result of another build is waited for, and taken; if that build is killed, this one compiles. No lock is left."""
        locks = self.store / "compiling"
        self.recipe("need", steps=[f"touch begun; {WAIT}; mkdir -p $DESTDIR$PREFIX/lib; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/lib/stamp"])
        self.recipe("user", needs=["need.json"], steps=["mkdir -p $DESTDIR$PREFIX/lib; cp $PREFIX/lib/stamp $DESTDIR$PREFIX/lib/copy"])
        profiles = []
        for name in ("need", "user"):
            path = self.profile((name, f"{name}.json", {}), name=name)
            profiles.append(path.rename(self.directory / f"{name}-profile.json"))
        first = self.start(profiles[0])
        [begun] = self.wait_until(lambda: self.work("src/begun"), first)
        second = self.start(profiles[1])
        said = ""
        while "waiting for another build that compiles it" not in said:
            line = second.stderr.readline()
            self.assertTrue(line, said)
            said += line
        (begun.parent / "go").touch()
        self.assertEqual((first.wait(), second.wait()), (0, 0))
        errors = second.communicate()[1]
        first.communicate()
        self.assertRegex(errors, r"terrane: need 1\.0: compiled by another build after \d+ s\n(.*\n)*terrane: user 1\.0: compiled after")
        self.assertNotIn("need 1.0: step", said + errors)
        self.assertEqual(os.listdir(locks), [])
        # One that is killed lets go of it.
        self.recipe("need", environment={"A": "b"}, steps=json.loads((self.directory / "need.json").read_text(encoding="utf-8"))["steps"])
        first = self.start(profiles[0])
        [begun] = self.wait_until(lambda: self.work("src/begun"), first)
        second = self.start(profiles[1])
        while "waiting for another build" not in second.stderr.readline():
            pass
        self.assertEqual(len(os.listdir(locks)), 1)
        first.kill()
        first.communicate()
        [fresh] = self.wait_until(lambda: [path for path in self.work("src/begun") if path != begun], second)
        (fresh.parent / "go").touch()
        self.assertEqual(second.wait(), 0)
        self.assertIn("need 1.0: step 1 of 1", second.communicate()[1])
        self.assertEqual(os.listdir(locks), [])
        (locks / ("0" * 64)).touch()
        self.run_terrane("gc")
        self.assertFalse(locks.exists())

    def test_interrupt(self):
        self.recipe("x", steps=["touch begun; sleep 600"])
        process = self.start(self.profile(("x", "x.json", {})))
        self.wait_until(lambda: self.work("src/begun"), process)
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 130, errors)
        self.assertEqual(self.work(), [])

    def test_interrupt_while_unpacking(self):
        """No step is begun after that."""
        source = self.source("many.tar.gz", {f"top/{i}": b"x" for i in range(3000)})
        process = self.start(self.profile(("x", self.recipe("x", sources=[source], steps=["touch begun; sleep 600"]), {})))
        self.wait_until(self.work, process)
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 130, errors)
        self.assertFalse((self.store / "logs").exists())
        self.assertEqual(self.work(), [])

    def test_killed_at_several_moments(self):
        """Whatever the moment, nothing is taken for a result, and the next build that compiles removes what was left."""
        install = f"touch begun; mkdir -p $DESTDIR$PREFIX; echo half > $DESTDIR$PREFIX/file; {WAIT}; echo whole > $DESTDIR$PREFIX/file"
        self.recipe("x", steps=[install, "touch second; sleep 0.3"])
        profile = self.profile(("x", "x.json", {}))
        for name in (".", "src/begun", "out/opt/file", "src/second"):
            with self.subTest(name):
                left = self.work()
                process = self.start(profile)
                fresh = self.wait_until(lambda: set(self.work()) - set(left), process).pop()  # pylint: disable=cell-var-from-loop
                if name == "src/second":
                    self.wait_until((fresh / "src/begun").exists, process)
                    (fresh / "src/go").touch()
                self.wait_until((fresh / name).exists, process)
                process.kill()
                process.communicate()
        process = self.start(profile)
        self.wait_until(lambda: self.work("src/begun") and len(self.work()) == 1 and not self.work("src/second"), process)
        (self.work("src")[0] / "go").touch()
        self.assertEqual(process.communicate()[0].count("test:latest"), 1)
        self.assertEqual(self.files(self.build(profile, "--no-validate"))["opt/file"], b"whole\n")
        self.assertEqual(self.work(), [])
        self.assert_store_is_sound()

    def test_keep_failed(self):
        """The build root of a step that failed can be entered, with what the step had, until it is old or the recipe is compiled."""
        self.write("steps.sh", "echo one > file; echo $JOBS; chmod 500 /tmp/build; exit 5")
        source = self.source("a.tar.gz", {"top/a": b"content"})
        self.recipe("need", steps=[INSTALL])
        profile = self.profile(("x", self.recipe("x", sources=[source], needs=["need.json"], script="steps.sh", environment={"A": "b c"}), {}))
        errors = self.assert_fails(1, "failed with exit code 5", "build", "--no-validate", "--keep-failed", profile)
        command = errors.split("a shell in it: terrane ")[1].splitlines()[0].split()
        [place] = os.listdir(self.store / "failed")
        self.assertRegex(place, "^x-[0-9a-f]{12}$")
        self.assertEqual(command, ["run", "--store", str(self.store), "--failed", place])
        run = [TERRANE, *command]
        words = ["sh", "-c", "pwd; cat file a $PREFIX/share/result; echo $A $DESTDIR; nproc; touch other"]
        result = subprocess.run([*run, "--", *words], capture_output=True, text=True, check=True)
        self.assertEqual(result.stdout, "/tmp/build/src\none\ncontentdone\nb c /tmp/build/out\n1\n")
        result = subprocess.run(run, input='ls\n"$@"\n', capture_output=True, text=True, check=False)
        self.assertEqual((result.stdout.splitlines()[:3], result.returncode), (["a", "file", "other"], 5))
        self.assertIn("x 1.0: the script failed here", result.stderr)
        self.assert_fails(1, "nothing is kept of a failed recipe ‘y’; there are: x-[0-9a-f]{12};", "run", "--failed", "y")
        self.assert_fails(1, "nothing is kept of a failed recipe ‘../failed/x’", "run", "--failed", "../failed/x")
        self.run_terrane("gc")
        subprocess.run([*run, "--", "cat", "/opt/share/result"], capture_output=True, check=True)
        about = self.store / "failed" / place / "about.json"
        os.utime(about, (time.time() - 8 * 86400,) * 2)
        self.run_terrane("gc")
        self.assertEqual(os.listdir(self.store / "failed"), [])
        self.assert_fails(1, "exit code 5", "build", "--no-validate", "--keep-failed", profile)
        self.write("steps.sh", "touch found")
        self.assert_fails(1, "installed nothing below (.*\n)* *a shell in it", "build", "--no-validate", "--keep-failed", profile)
        result = subprocess.run(run, input="ls\n", capture_output=True, text=True, check=False)
        self.assertIn("x 1.0: what its steps have installed was refused; the script was the last", result.stderr)
        self.assertEqual(result.stdout.split(), ["a", "found"])
        self.write("steps.sh", INSTALL)
        self.build(profile, "--no-validate")
        self.assertEqual(os.listdir(self.store / "failed"), [])

    def test_failed_of_one_name(self):
        """Recipes of one name, in one build or in several, have logs and build roots of their own; a success removes what is its own."""
        self.recipe("same", variables=[{"name": "F", "values": ["x", "y", "z"], "default": "x"}],
                    steps=["echo flavour $F; echo $F > flavour; [ $F != x ]; [ $F != y ]; " + INSTALL])
        trees = [("/opt", "x"), ("/usr/q", "y"), ("/usr/z", "z")]
        profile = self.write_profile(base=self.base, target="oci", compile={"in": self.root}, trees=[
            {"name": f"t{n}", "prefix": prefix, "compile": {"recipe": "same.json", "variables": {"F": value}}} for n, (prefix, value) in enumerate(trees)])
        build = ("build", "--no-validate", "--keep-failed", "-j1")
        run = lambda name, *command: self.run_terrane("run", "--failed", name, "--", *command).stdout
        kept = lambda errors: errors.split("--failed ")[1].split()[0]
        errors = self.assert_fails(1, "exit code 1", *build, profile)
        first = kept(errors)
        flavour = re.search(r"\n  flavour ([xy])\n", errors)[1]
        log = pathlib.Path(errors.split("the whole log: ")[1].split()[0])
        self.assertIn(f"\nflavour {flavour}\n", log.read_text(encoding="utf-8"))
        other = {"x": "y", "y": "x"}[flavour]
        errors = self.assert_fails(1, f"flavour {other}", *build, self.profile(("tree", "same.json", {"variables": {"F": other}})))
        second = kept(errors)
        self.assertEqual((run(first, "cat", "flavour"), run(second, "cat", "flavour"), run("same", "cat", "flavour")),
                         (f"{flavour}\n", f"{other}\n", f"{other}\n"))
        self.assertIn(f"\nflavour {flavour}\n", log.read_text(encoding="utf-8"))
        shell = subprocess.run([TERRANE, "--store", str(self.store), "run", "--failed", "same"], input="", capture_output=True, text=True, check=True)
        self.assertIn("the newest of 2 that are kept of that name", shell.stderr)
        self.build(self.profile(("tree", "same.json", {"variables": {"F": "z"}})), "--no-validate")
        self.assertEqual(set(os.listdir(self.store / "failed")), {first, second})

    def test_failed_that_is_used(self):
        """A build root that a shell uses is not replaced, and nothing is left of the one that cannot be kept. The shell starts in
        a directory that the steps have closed."""
        profile = self.profile(("x", self.recipe("x", steps=["echo content > file; chmod 0 /tmp/build/src; exit 5"]), {}))
        build = ("build", "--no-validate", "--keep-failed", profile)
        self.assert_fails(1, "a shell in it", *build)
        kept = os.listdir(self.store / "failed")
        with subprocess.Popen([TERRANE, "--store", str(self.store), "run", "--failed", "x", "--", "sh", "-c", "cat file; read line"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "content\n")
            self.assert_fails(1, "a 'terrane run --failed x-[0-9a-f]{12}' still uses the older one; end it and build again", *build)
            self.assertEqual(os.listdir(self.store / "failed"), kept)
            self.assertEqual(self.work(), [])
            process.communicate("\n")
        self.assert_fails(1, "a shell in it", *build)

    def test_gc_keeps_needs(self):
        """Results stay in the store as long as the image compiled from them."""
        self.recipe("need", steps=["mkdir -p $DESTDIR$PREFIX/lib; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/lib/stamp"])
        user = {"needs": ["need.json"], "steps": ["mkdir -p $DESTDIR$PREFIX/include $DESTDIR$PREFIX/lib; cp $PREFIX/lib/stamp $DESTDIR$PREFIX/lib/copy",
                                                  "touch $DESTDIR$PREFIX/include/x.h"]}
        stamp = lambda: self.files(self.make("user.json"))["opt/lib/copy"]
        self.recipe("user", **user)
        first = stamp()
        self.run_terrane("gc")
        self.recipe("user", **user, environment={"A": "b"})
        shutil.move(self.directory / "root.tar", self.directory / "moved.tar")  # what is compiled in is there, too
        (self.directory / "root.tar").symlink_to("moved.tar")
        self.assertEqual(stamp(), first)
        self.run_terrane("rm", "test")
        self.run_terrane("gc")
        self.assertEqual(self.compiled(), 0)

    def test_limits(self):
        """Of the disk, however files come about, and of the log."""
        limit = r"was killed: there was more than the recipe's ‘disk’ of 5\.0 MB in /tmp/build"
        self.fails(limit, disk="5MB", steps=["dd if=/dev/zero of=big bs=1M count=20; sleep 600"])
        self.fails(limit, disk="5MB", steps=["i=0; while [ $i -lt 1500 ]; do : > $i; i=$((i + 1)); done; true"])
        # An ordinary user cannot list what a step has filled and closed.
        self.fails(limit, disk="5MB", steps=["mkdir d; chmod 300 d; dd if=/dev/zero of=d/big bs=1M count=20; sleep 600"])
        # The store has no holes: they count once they are installed, however many files there are, and not before.
        holes = "x 1.0: its steps have installed files of .*, holes of sparse files included, and the recipe's ‘disk’ allows 5.0 MB; remove what"
        for step in ("truncate -s 3G $DESTDIR$PREFIX/x", "truncate -s 8000G $DESTDIR$PREFIX/x $DESTDIR$PREFIX/y $DESTDIR$PREFIX/z",
                     "mkdir $DESTDIR$PREFIX/d; truncate -s 9M $DESTDIR$PREFIX/d/x; chmod 300 $DESTDIR$PREFIX/d"):
            with self.subTest(step):
                self.fails(holes, disk="5MB", steps=[f"{INSTALL}; {step}"])
        self.make(self.recipe("x", disk="5MB", steps=[f"{INSTALL}; truncate -s 3G here; truncate -s 3M $DESTDIR$PREFIX/x"]))
        self.make(self.recipe("x", disk="5MB", steps=["dd if=/dev/zero of=$TMPDIR/big bs=1M count=20", INSTALL]))
        self.make(self.recipe("x", steps=["dd if=/dev/zero bs=1M count=40 | tr '\\0' x; echo; echo last", INSTALL]))
        size = self.log_path("x").stat().st_size
        self.assertTrue(33 * 2**20 <= size <= 33 * 2**20 + 1000, size)
        with open(self.log_path("x"), "rb") as file:
            content = file.read()
        self.assertTrue(content.startswith(b"x 1.0\n+ step 1 of 2 ("))
        self.assertRegex(content[-1000:], b"\nlast\n\\+ step 2 of 2")
        self.assertRegex(content, "\n… [0-9]{7} bytes left out …\n".encode())

    def test_output_is_no_directory(self):
        """Nothing is read through a link that steps put where they are to install."""
        outside = self.directory / "outside"
        outside.mkdir()
        (outside / "secret").touch()
        for step, place in ((f"ln -s {outside} $DESTDIR/opt", "/opt"), ("touch $DESTDIR/opt", "/opt"), ("rm -r $DESTDIR", "")):
            with self.subTest(step):
                self.fails(rf"x 1\.0: its steps have left no directory \$DESTDIR{place}, which they are to install in", steps=[step])

    def test_long_line(self):
        """An error shows the start and the end of an endless line, or what was drawn last; the log has all of it."""
        result = self.fails("failed with exit code 3", steps=["head -c 100000 /dev/zero | tr '\\0' y; exit 3"])
        self.assertIn(f"\n  {'y' * 200}…{'y' * 300}\n  the whole log: ", result)
        self.assertIn("y" * 100000, self.log("x"))
        self.fails(r"failed with exit code 3\n  100 % broken\n", steps=["for i in 1 2 3 4 5; do printf '%0200d\\r' $i; done; printf '100 %% broken\\r\\n'; exit 3"])

    def test_failure_of_a_verification(self):
        """The log is where the error says that it is; nothing is kept in the store that is removed."""
        profile = self.profile(("x", self.recipe("x", steps=["[ $JOBS = 1 ] || { echo with two; exit 5; }; " + INSTALL]), {}))
        errors = self.assert_fails(1, "building it again: .* failed with exit code 5", "build", "--no-validate", "--verify-compile", "--keep-failed", "--jobs", "1",
                                   profile)
        self.assertEqual(errors.split("the whole log: ")[1].split()[0], str(self.log_path("x")))
        self.assertIn("with two\n", self.log("x"))
        self.assertNotIn("a shell in it", errors)

    def test_place_of_the_store(self):
        """No result depends on what the directory of the store gives to new ones: a set-group-ID bit, or an ACL instead of the umask."""
        recipe = self.recipe("x", steps=[INSTALL])
        digest = self.make(recipe)["digest"]
        shared = self.directory / "shared"
        shared.mkdir()
        shared.chmod(0o2775)
        entries = ((0x01, 7, 0xFFFFFFFF), (0x04, 7, 0xFFFFFFFF), (0x20, 7, 0xFFFFFFFF))  # acl(5): owner, group, others, as Linux stores them
        with contextlib.suppress(OSError):  # a file system without them
            os.setxattr(shared, "system.posix_acl_default", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries))
        self.assertEqual(self.make(recipe, store=shared / "store")["digest"], digest)

    def test_umask(self):
        """Nor on the umask of the build: neither for files of steps nor for those that terrane adds, nor where the prefix is the root."""
        source = self.source("a.tar.gz", {"top/COPYING": b"terms"})
        recipe = self.recipe("x", sources=[source], license_files=["COPYING"], steps=["mkdir -p $DESTDIR/usr; touch $DESTDIR/usr/file"])
        profile = self.write_profile(base=self.base, target="oci", compile={"in": self.root},
                                     trees=[{"name": "tree", "prefix": "/", "compile": {"recipe": recipe}}])
        digests = []
        for mask in (0o022, 0o077):
            store = self.directory / f"store-{mask}"
            before = os.umask(mask)
            try:
                digests.append(self.build(profile, "--no-validate", store=store)["digest"])
            finally:
                os.umask(before)
        self.assertEqual(digests[0], digests[1])

    def test_closed_output(self):
        """Files that steps made unreadable for their own user are taken, too, by any user."""
        self.recipe("x", steps=[
            "cd $DESTDIR$PREFIX/..; mkdir -p opt/share opt/closed/deep opt/unlisted; echo secret > opt/closed/deep/file; echo hidden > opt/unlisted/file",
            "cd $DESTDIR$PREFIX; ln -s closed link; chmod 400 unlisted/file; chmod 000 closed/deep/file closed/deep closed share; chmod 300 unlisted; chmod 000 $DESTDIR$PREFIX; chmod 000 $DESTDIR"])
        profile = self.profile(("x", "x.json", {}))
        digests = []
        for user in [None] + (["nobody"] if os.geteuid() == 0 else []):
            with self.subTest(user):
                home = self.directory / f"home-{user}"
                home.mkdir()
                shutil.chown(home, user or os.geteuid())
                record = self.build(profile, "--no-validate", "--no-lock", store=home / "store", user=user)
                digests.append(record["digest"])
                self.assertEqual(list((home / "store/roots").glob(".compile-*")), [])
                layer = self.read_json_blob(record["digest"], home / "store")["layers"][-1]
                with self.open_layer(layer, home / "store") as tar:
                    content = {member.name: tar.extractfile(member).read() for member in tar if member.isfile() and "terrane" not in member.name}
                self.assertEqual(content, {"opt/closed/deep/file": b"secret\n", "opt/unlisted/file": b"hidden\n"})
        self.assertEqual(len(set(digests)), 1)

    @unittest.skipUnless(test_compile.BASE.exists(), "needs profiles/inputs")
    def test_shared_memory(self):
        """/dev/shm, which semaphores and pools of processes need, is there and is within ‘tmp’; also on a kernel without overlays."""
        self.base = self.root = {"archive": str(test_compile.BASE)}
        seeded_store(self.store, base=self.base)
        self.write("steps.sh", """
python3 - <<'END'
import multiprocessing
with multiprocessing.Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
END
grep -c ' /dev/shm tmpfs ' /proc/mounts
head -c 3000000 /dev/zero > /tmp/file
head -c 3000000 /dev/zero > /dev/shm/file && echo more || echo full
touch /dev/file 2>/dev/null || echo closed
mkdir -p $DESTDIR$PREFIX; ls /dev > $DESTDIR$PREFIX/devices
""")
        self.recipe("x", script="steps.sh", tmp="4MB")
        devices = self.files(self.make("x.json"))["opt/devices"]
        self.assertEqual(devices, b"fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n")
        self.assertRegex(self.log("x"), r"\n1\nhead: .*No space left on device\nfull\nclosed\n")
        if SANITIZER:  # which comes first in the list of libraries
            return
        self.recipe("x", script="steps.sh", tmp="4MB", environment={"A": "b"})
        self.assertEqual(self.files(self.make("x.json", env=without_overlays(self.directory)))["opt/devices"], devices)

    def test_deep_directories(self):
        """More of them than a process can have open, and their names longer than a path may be."""
        self.fails("killed: directories in /tmp/build are more than 200 deep", steps=[f"for i in 1 2 3 4 5 6; do mkdir -p {'d/' * 200}; cd {'d/' * 200}; done"])

    def test_advice(self):
        """Messages of programs without a network, as recipes call them."""
        for text in ("CMake Error: status_string: \"Couldn't resolve host name\"", "wget: bad address 'example.org'",
                     "curl: (6) Could not resolve host: example.org", "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
                     "failed to lookup address information: Name or service not known", "dial tcp: lookup proxy.golang.org",
                     "npm error request to https://registry.example.org/x failed, reason: getaddrinfo EAI_AGAIN registry.example.org",
                     "curl: (7) Failed to connect to 192.0.2.1 port 80 after 0 ms: Couldn't connect to server"):
            with self.subTest(text):
                self.fails("failed with exit code 6; steps have no network: let ‘sources’ of the recipe name what they need",
                           steps=[f"cat <<'END'\n{text}\nEND\nexit 6"])
        for text in ("configure: error: no acceptable C compiler found in $PATH", "  No CMAKE_CXX_COMPILER could be found.", "ERROR: Unknown compiler(s): [['cc']]",
                     "error: linker `cc` not found", "error: command 'gcc' failed: No such file or directory"):
            with self.subTest(text):
                self.fails("failed with exit code 6; the file system that the recipe is compiled in has no compiler for it; add it to ‘in’",
                           steps=[f"cat <<'END'\n{text}\nEND\nexit 6"])
        for text in ("make: gcc: No such file or directory\nmake: *** [Makefile:2: all] Error 127", "/bin/sh: 1: gcc: not found\nmake[1]: *** [<builtin>: a] Error 127"):
            with self.subTest(text):
                self.fails("failed: the file system that the recipe is compiled in has no program ‘gcc’; add it to ‘in’", steps=[f"cat <<'END'\n{text}\nEND\nexit 2"])
        for step in ("wget http://example.org/a.tar.gz", "ping -c 1 192.0.2.1", "ping -c 1 example.org", "nslookup example.org"):
            with self.subTest(step):
                self.fails("failed with exit code 1; steps have no network", steps=[step])
        for text in ("install: cannot change ownership of '/tmp/build/out/opt/x': Invalid argument", "tar: x: Cannot change ownership to uid 0, gid 0: Invalid argument",
                     "chown: changing ownership of 'x': Invalid argument", "chgrp: changing group of 'x': Invalid argument"):
            with self.subTest(text):
                self.fails("failed with exit code 6; steps cannot change owners, and need not: leave out chown, -o and -g of install", steps=[f"cat <<'END'\n{text}\nEND\nexit 6"])
        self.fails("failed with exit code 1; steps cannot change owners", steps=["touch x; chown 0:0 x"])

    def test_advice_for_what_is_not_shown(self):
        """CMake writes the cause long before the end, in lines that the error does not show."""
        early = "; do echo filler; done; exit 6"
        self.fails(r"exit code 6; steps have no network: let ‘sources’ of the recipe name what they need\. It wrote before: ‘Could not resolve host: example\.com’\n  filler\n",
                   steps=["echo '      Could not resolve host: example.com'; for i in $(seq 99)" + early])
        self.fails("failed with exit code 6\n", steps=["echo 'cp: Operation not permitted'; for i in $(seq 99)" + early])  # which may have been harmless

    def test_missing_programs(self):
        """Messages about something that a shell, make, ninja or env did not find: a program, a file of the sources, or a name with the line end of Windows."""
        of_in = "failed: the file system that the recipe is compiled in has no program ‘{}’; add it to ‘in’"
        of_sources = r"failed: there is no file ‘{}’; or there is one, but the program in its first line \(#!\) is not in the file system that the recipe is compiled in"
        carriage = "failed: there is no program ‘{}.*’: the script has the line ends of Windows, CR LF; write it with LF alone"
        self.fails(of_sources.format("./configure"), steps=["./configure"])
        self.fails(of_sources.format("./f"), steps=["printf '#!/usr/bin/perl\\n' > f; chmod 755 f; ./f"])
        self.fails(of_in.format("/usr/bin/perl"), steps=["/usr/bin/perl x"])
        self.fails(carriage.format("true"), steps=["true\r\n"])
        for text, code, pattern in (
                ("/bin/sh: 1: nasm: not found\nninja: build stopped: subcommand failed.", 1, of_in.format("nasm")),
                ("/bin/sh: line 1: nasm: command not found\nninja: build stopped: subcommand failed.", 1, of_in.format("nasm")),
                ("/usr/bin/env: ‘python3’: No such file or directory", 127, of_in.format("python3")),
                ("env: can't execute 'python3': No such file or directory", 127, of_in.format("python3")),
                ("bash: ./f: /usr/bin/perl: bad interpreter: No such file or directory", 126, of_in.format("/usr/bin/perl")),
                ("/bin/sh: line 1: ./configure: No such file or directory", 127, of_sources.format("./configure")),
                ("bash: line 1: $'true\\r': command not found", 127, carriage.format("")),
                ("checking for nasm: not found\nninja: build stopped: subcommand failed.", 1, "failed with exit code 1\n")):
            with self.subTest(text):
                self.fails(pattern, steps=[f"cat <<'END'\n{text}\nEND\nexit {code}"])
        self.fails(r"failed with exit code 139, by which a shell says that signal 11 \(Segmentation fault\) ended a program\n", steps=["(kill -SEGV $(sh -c 'echo $PPID')); exit $?"])
        self.fails(r"step 1 of 1 \(‘: y{58}…’\) failed", steps=[": " + "y" * 80 + "; exit 1"])

    def test_empty_sources(self):
        """Steps never start in an empty directory because of strip_components; files that it leaves out are named."""
        flat = {"a": b"a", "b": b"b"}
        nothing = r"x\.json: sources\[0\]: ‘strip_components’ {} leaves nothing of the archive: .*; \"strip_components\": 0 keeps all"
        self.fails(nothing.format(1), sources=[self.source("flat.tar.gz", flat)], steps=[INSTALL])
        self.fails(nothing.format(5), sources=[self.source("deep.tar.gz", {"top/sub/a": b"a"}, strip_components=5, directory="sub/of")], steps=[INSTALL])
        self.fails(r"sources\[0\]: the archive is empty", sources=[self.source("none.tar.gz", {}, strip_components=0)], steps=[INSTALL])
        recipe = self.recipe("x", sources=[self.source("mixed.tar.gz", {**flat, "top/c": b"c"})], steps=["[ $(ls) = c ]; " + INSTALL])
        result = self.run_terrane("build", "--no-validate", self.profile(("tree", recipe, {})))
        self.assertRegex(result.stderr, r"x\.json: sources\[0\]: ‘strip_components’ 1 leaves out 2 files of the archive")

    def test_patches(self):
        """A patch that changes nothing is refused before anything runs; fuzz is a warning, and leaves no copy of the file."""
        sources = [self.source("a.tar.gz", {"top/a": b"".join(b"%d\n" % n for n in range(1, 10))})]
        steps = ["ls > list; mkdir -p $DESTDIR$PREFIX; cp list a $DESTDIR$PREFIX"]
        for text in ("", "not a patch\n", "--- a/a\n+++ b/a\n"):
            with self.subTest(text):
                self.write("x.patch", text)
                recipe = self.recipe("x", sources=sources, patches=["x.patch"], steps=steps)
                self.assert_fails(2, r"x\.json: patches\[0\]: .*x\.patch changes nothing: it has no hunk", "profile", "check", self.directory / recipe)
        self.write("x.patch", "--- a/a\n+++ b/a\n@@ -3,3 +3,3 @@\n 3\n-4\n+four\n 5\n")
        files = self.files(self.make(self.recipe("x", sources=sources, patches=["x.patch"], steps=steps)))
        self.assertEqual(files["opt/list"], b"a\nlist\n")
        self.assertIn(b"\n3\nfour\n5\n", files["opt/a"])

    def test_libc(self):
        """The image to compile in must not have a newer C library than the base, which is reported before anything runs."""
        def root(name, version):
            self.write(f"{name}/lib64/libc.so.6", "".join(f"\0GLIBC_2.{minor}\0" for minor in range(2, version + 1)))
            shutil.copytree(self.directory / "busybox", self.directory / name, dirs_exist_ok=True, symlinks=True)
            return {"directory": name}

        subprocess.run(["mkdir", self.directory / "busybox"], check=True)
        subprocess.run(["tar", "-xf", self.directory / "root.tar", "-C", self.directory / "busybox"], check=True)
        self.base = root("old", 31)
        self.root = root("new", 36)
        profile = self.profile(("x", self.recipe("x", steps=[INSTALL]), {}))
        self.assert_fails(2, r"trees\[0\]\.compile\.in: ‘.*new’ has glibc 2\.36, and the image's base ‘.*old’ has glibc 2\.31: what is compiled with the newer one "
                            r"would not start in the image; compile in a file system whose C library is glibc 2\.31 or older, or take a newer base",
                          "build", "--no-validate", profile)
        self.assertFalse((self.store / "logs").exists())
        # The result is known, and fits the other base as little. Archives, since a directory that was just made has another key each time.
        directories = self.base, self.root
        archives = {}
        for name in ("old", "new"):
            path = self.directory / f"{name}.tar"
            subprocess.run(["tar", "-cf", path, "-C", self.directory / name, "."], check=True)
            archives[name] = {"archive": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        self.base = self.root = archives["new"]
        self.make("x.json")
        trees = self.compiled()
        self.make("x.json")
        self.assertEqual(self.compiled(), trees)
        self.base = archives["old"]
        profile = self.profile(("x", "x.json", {}))
        words = r"trees\[0\]\.compile\.in: ‘.*new\.tar’ has glibc 2\.36, and the image's base ‘.*old\.tar’ has glibc 2\.31"
        self.assert_fails(2, words, "build", "--no-validate", "--sandbox", "none", profile)  # nothing would be compiled
        entries = [path for path in (self.store / "cache/trees").iterdir() if "in" in read_cache_entry(path)]
        self.assertEqual([read_cache_entry(path)["in"]["minor"] for path in entries], [36])
        write_cache_entry(entries[0], {"commit": read_cache_entry(entries[0])["commit"]})  # by an older version
        self.assert_fails(2, words, "build", "--no-validate", profile)
        self.root, self.base = directories
        self.make(self.recipe("x", steps=[INSTALL]))

    def test_processor(self):
        """A file system of another processor than the image's is refused before anything runs."""
        header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xb7\x00" + bytes(60)
        for name in ("bin", "proc", "dev", "tmp"):
            (self.directory / "arm" / name).mkdir(parents=True)
        (self.directory / "arm/bin/sh").write_bytes(header)
        self.root = {"directory": "arm"}
        profile = self.profile(("x", self.recipe("x", steps=[INSTALL]), {}))
        self.assert_fails(2, r"trees\[0\]\.compile\.in: ‘.*arm’ is for arm64 by its /bin/sh, and the image is for amd64; compile in a file system of the image's processor",
                          "build", "--no-validate", profile)
        profile = self.profile(("x", "x.json", {}), platform="linux/arm64")
        self.root = self.base
        self.make("x.json")  # its key has no processor
        self.assert_fails(2, r"trees\[0\]\.compile\.in: ‘.*root\.tar’ is for amd64 by its /bin/sh, and the image is for arm64",
                          "build", "--no-validate", self.profile(("x", "x.json", {}), platform="linux/arm64"))
        self.root = {"directory": "arm"}
        profile = self.profile(("x", "x.json", {}), platform="linux/arm64")
        self.assert_fails(1, r"registered with the kernel \(binfmt_misc\)|it has no qemu|could not be started", "build", "--no-validate", profile)
        self.root = {"directory": "empty"}
        (self.directory / "empty").mkdir()
        self.assert_fails(1, "could not be started: the file system that the recipe is compiled in has no /bin/sh that runs here",
                          "build", "--no-validate", self.profile(("x", "x.json", {})))

    def test_prefix(self):
        """Separators of words and directories are not allowed in it if a recipe needs another, which `profile check` reports, too."""
        self.recipe("need", steps=['mkdir -p "$DESTDIR$PREFIX"; touch "$DESTDIR$PREFIX/x"'])
        self.recipe("user", needs=["need.json"], steps=[INSTALL])
        for prefix, character in (("/opt/my tools", " "), ("/opt/a:b", ":"), ("/opt/a,b", ","), ("/opt/$x", "$")):
            with self.subTest(prefix):
                profile = self.write_profile(base=self.base, compile={"in": self.root}, trees=[{"name": "x", "prefix": prefix, "compile": {"recipe": "user.json"}}])
                for command in (("profile", "check"), ("build", "--no-validate"), ("lock",)):
                    self.assert_fails(2, rf"trees\[0\]\.compile: the tree's prefix ‘{re.escape(prefix)}’ has the character ‘{re.escape(character)}’, with which compilers "
                                         "and pkg-config do not find what the recipe needs; choose another prefix", *command, profile)
        profile = self.write_profile(base=self.base, compile={"in": self.root}, trees=[{"name": "x", "prefix": "/opt/my tools", "compile": {"recipe": "need.json"}}])
        self.run_terrane("profile", "check", profile)
        self.assertIn("opt/my tools/x", self.files(self.build(profile, "--no-validate")))

    def test_in_directory(self):
        """A change of the directory is another key; nothing of it is changed by what runs in it."""
        (self.directory / "in").mkdir()
        subprocess.run(["tar", "-xf", self.directory / "root.tar", "-C", self.directory / "in"], check=True)
        self.root = {"directory": "in"}
        self.recipe("x", steps=["mkdir -p $DESTDIR$PREFIX; cp /given $DESTDIR$PREFIX"])
        for content in ("one", "two"):
            self.write("in/given", content)
            self.assertEqual(self.files(self.make("x.json"))["opt/given"], content.encode())

    @unittest.skipUnless(have("docker-registry"), "needs docker-registry")
    def test_in_registry(self):
        with Registry(self.directory / "registry") as registry:
            image = f"docker://{registry.host}/cc:1"
            base = self.write_profile("cc.json", name="cc", base=self.base, target="oci")
            self.build(base, "--no-validate", "--push", image, "--no-lock")
            self.root = {"image": image}
            self.assertEqual(self.files(self.make(self.recipe("x", steps=[INSTALL])))["opt/share/result"], b"done\n")

    def test_terminal(self):
        """Two lines for each recipe that runs: what it does, and, dimmed, the last line that it printed."""
        self.recipe("x", steps=["printf '\\033[31mred\\a\\n'; touch begun; " + WAIT, INSTALL])
        profile = self.profile(("x", "x.json", {}))
        child, master = pty.fork()
        if child == 0:
            os.execvpe(TERRANE, [TERRANE, "--store", str(self.store), "build", "--no-validate", str(profile)], {**os.environ, "TERM": "xterm"})
        output = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            output += piece
            if "    \ufffd[31mred".encode() in output:
                for directory in self.work("src"):
                    (directory / "go").touch()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        os.close(master)
        text = output.decode()
        self.assertRegex(text, r"compiling x 1\.0\r\n\r\x1b\[K  x 1\.0  \d+ s  step 1 of 2 \(‘printf .*\r\n\r\x1b\[K\x1b\[2m    \ufffd\[31mred\ufffd\x1b\[0m")
        self.assertRegex(text, r"terrane: x 1\.0: compiled after \d+ s\r\n")

    def test_many_needs(self):
        """Of recipes that each need all before them, every key is made once: 2³² times would take for ever."""
        names = [f"r{i}" for i in range(32)]
        for i, name in enumerate(names):
            self.recipe(name, needs=[f"{other}.json" for other in names[:i]], steps=[INSTALL])
        self.assert_fails(1, "compiling needs bubblewrap's sandbox", "build", "--sandbox", "none", self.profile(("x", "r31.json", {})))

    def test_quiet_and_json(self):
        self.recipe("x", steps=["echo printed", INSTALL])
        result = self.run_terrane("--quiet", "build", "--no-validate", self.profile(("x", "x.json", {})))
        self.assertEqual(result.stderr, "")
        self.recipe("x", steps=["echo printed; exit 1"])
        result = self.run_terrane("build", "--json", "--no-validate", self.profile(("x", "x.json", {})), exit_code=1)
        self.assertIn("failed with exit code 1", json.loads(result.stdout)["error"]["message"])


if __name__ == "__main__":
    unittest.main()
