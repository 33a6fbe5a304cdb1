"""Attempts to get out of the sandbox, or at the host and the store from inside: each is refused, as root and as an
ordinary user. What is expected comes from the kernel's manual pages and from the list in docs/sandbox.md."""

import contextlib
import fcntl
import os
import pathlib
import pty
import pwd
import secrets
import select
import shlex
import shutil
import socket
import stat
import struct
import subprocess
import time
import unittest

from terrane_test import BUILD, TERRANE, TestCase, have, make_tar, sha256

PROBE = BUILD / "tests/escape-probe"

# Attempts that are refused in the same way everywhere. The others must be refused, however that is.
EXACT = {
    "EPERM": ["mount tmpfs", "mount bind", "mount remount", "umount", "fsopen", "open_tree", "move_mount", "mount_setattr",
              "fsmount", "fspick", "pivot_root", "chroot", "unshare user", "clone user", "unshare mount", "clone mount",
              "unshare pid", "clone pid", "unshare network", "clone network", "unshare time", "setns own", "ptrace init",
              "ptrace seize init", "ptrace parent", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
              "limit of files", "add_key", "keyctl", "request_key", "bpf", "perf_event_open", "userfaultfd", "kexec_load",
              "init_module", "finit_module", "delete_module", "syslog", "reboot", "settimeofday", "sethostname", "swapon",
              "acct", "name_to_handle_at", "open_by_handle_at", "personality", "socket raw IPv4", "socket raw IPv6",
              "socket raw with flags", "socket packet in IPv4", "socket raw disguised", "mknod", "mknod kmem", "setgroups",
              "ambient capability", "file size of init", "processor time of init", "memory of init limited",
              "limit of init disguised", "lease for reading", "lease for writing", "lease disguised", "delegation",
              "lease of own file"],
    "ENOSYS": ["clone3", "io_uring_setup", "shmget", "shmat", "msgget"],
    "EAFNOSUPPORT": ["socket packet", "socket packet disguised", "socket kernel crypto", "socket virtual machine",
                     "socket bluetooth", "socket RDS", "socket TIPC", "socket SMC", "socket XDP", "socketpair TIPC",
                     "socketpair internet"],
    "EPROTONOSUPPORT": ["socket netlink audit", "socket netlink netfilter", "socket SCTP", "socket SCTP disguised",
                        "socket UDP-Lite", "socket L2TP", "socket multipath TCP", "socket shared memory",
                        "socket SCTP in IPv6", "socket DCCP"],
    "ESOCKTNOSUPPORT": ["socket SCTP by type", "socket DCCP by type", "socket RDM"],
    "ESRCH": ["signal host", "priority of host"],
    "ECONNREFUSED": ["connect to loopback", "connect to abstract socket"],
    "EROFS": ["store: write", "store: append", "store: truncate", "store: truncate by name", "store: chmod", "store: chown",
              "store: utimes", "store: setxattr", "store: removexattr", "store: link", "store: unlink",
              "store: create", "store: fchmod", "store: open again", "store: flags"],
    "ENOENT": ["/dev/mem", "/dev/kmsg", "/dev/shm", "/dev/fuse", "/dev/net/tun", "/sys"],
    "EXDEV": ["store: link in /tmp"],
}

# Features that programs need, which have to work inside.
ALLOWED = {"socket netlink route", "socket unix", "socket udp", "personality asked", "write to null",
           "read zero", "read urandom", "socket tcp", "socket tcp of IPv6", "socket udp named", "socket unix packets",
           "socketpair unix", "limits of init asked", "init after signals", "flock", "record lock", "flock of own file",
           "record lock of own file", "record unlock of own file", "open record lock of own file"}

# Only their owner could change them: root's programs. Others are refused in one way or another.
DEVICES = {f"device: {what} {name}" for what in ("chmod", "fchmod", "chown")
           for name in ("null", "zero", "full", "random", "urandom")}


QEMU = shutil.which("qemu-aarch64-static")

# Runs terrane where the kernel has an emulator of its own, as on hosts with Debian's qemu-user-static: in a namespace,
# whose list of such (Linux 6.7) is private. Magic and mask are those of Debian's package.
REGISTERED = r"""
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 77
printf '%s' ':qemu-aarch64:M:0:\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$1":OCF \
    > /proc/sys/fs/binfmt_misc/register || exit 77
shift
"$@"
"""


def arm64_program():
    """Opens /proc/self/exe in a way that QEMU does not see, as descriptor 9, and executes /probe: a static ELF file for arm64."""
    strings = {"self": b"/proc/self\0", "exe": b"exe\0", "probe": b"/probe\0", "word": b"emulator\0"}
    code, base, header = [], 0x400000, 64 + 56
    length = 26 * 4
    places, data = {}, b""
    for name, value in strings.items():
        places[name] = length + len(data)
        data += value + bytes(-len(value) % 4)

    def put(value, register):  # movz
        code.append(0xd2800000 | value << 5 | register)

    def address(name, register):  # adr
        offset = places[name] - len(code) * 4
        code.append(0x10000000 | (offset & 3) << 29 | (offset >> 2) << 5 | register)

    def call(number):  # svc
        put(number, 8)
        code.append(0xd4000001)

    code.append(0x92800000 | 99 << 5)  # movn x0: AT_FDCWD
    address("self", 1)
    put(0, 2)
    put(0, 3)
    call(56)  # openat
    address("exe", 1)
    code.append(0xd2a00000 | 0x20 << 5 | 2)  # movz x2, lsl 16: O_PATH
    call(56)
    put(9, 1)
    put(0, 2)
    call(24)  # dup3
    code.append(0xd100c3ff)  # sub sp, sp, 48
    address("probe", 0)
    address("word", 4)
    code.append(0xa9001000 | 31 << 5)  # stp x0, x4, [sp]
    code.append(0xf9000bff)  # str xzr, [sp, 16]
    code.append(0x910003e1)  # mov x1, sp
    put(0, 2)
    call(221)  # execve
    put(1, 0)
    call(94)  # exit_group
    text = struct.pack(f"<{len(code)}I", *code)
    assert len(text) == length, len(text)
    size = header + length + len(data)
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 183, 1, base + header, 64, 0, 0, 64, 56, 1, 0, 0, 0) + \
        struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + text + data


def attempts(output):
    return dict(line.rsplit(" ", 1) for line in output.splitlines() if " " in line)


@unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
class Escape(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    def image_for(self, user):
        """An image with the probe, once more as a setuid program, in a store of the user's."""
        home = self.directory / f"home-{user}"
        home.mkdir()
        if user is not None:
            shutil.chown(home, user)
        probe = PROBE.read_bytes()
        base = home / "base.tar"
        make_tar(base, [("dev", "dir", None), ("etc", "dir", None), ("proc", "dir", None), ("tmp", "dir", None),
                        ("etc/file", "file", b"content of the store\n"),
                        ("etc/passwd", "file", b"root:x:0:0::/:/bin/sh\n"),
                        ("bin", "dir", None), ("bin/sh", "file", probe, {"mode": 0o755}),
                        ("probe", "file", probe, {"mode": 0o755}), ("setuid", "file", probe, {"mode": 0o6755})])
        profile = self.write_profile(base={"archive": str(base)})
        self.run_terrane("build", profile, "--no-lock", store=home / "store", user=user)
        return home / "store"

    def roots(self, store):
        """Everything about the files of the store that a program inside could have changed."""
        facts = {}
        for top in (store / "roots", store / "repo/objects"):
            for directory, _, files in os.walk(top):
                for name in files:
                    path = os.path.join(directory, name)
                    info = os.lstat(path)
                    facts[path] = (info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_mtime_ns, info.st_nlink,
                                   tuple((key, os.getxattr(path, key, follow_symlinks=False))
                                         for key in os.listxattr(path, follow_symlinks=False)), sha256(path))
        return facts

    def probe(self, user, store, *arguments):
        return self.run_terrane("run", *arguments, store=store, user=user).stdout

    def test_every_attempt_is_refused(self):
        core_pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
        for user in self.users:
            for options in ([], ["--writable"]):
                with self.subTest(user=user, options=options), socket.create_server(("127.0.0.1", 0)) as server, \
                        socket.socket(socket.AF_UNIX) as abstract:
                    store = self.prepared(user)
                    name = "terrane-" + secrets.token_hex(6)
                    abstract.bind("\0" + name)
                    abstract.listen()
                    self.probe(user, store, "test", "/probe", "rights")  # checks the image out
                    before = self.roots(store)
                    self.assertTrue(before)
                    output = self.probe(user, store, *options, "test", "/probe", str(os.getpid()),
                                        str(server.getsockname()[1]), name)
                    self.assertTrue(output.endswith("end\n"), output)
                    results = attempts(output)
                    if not options:
                        for errno, names in EXACT.items():
                            self.assertEqual({attempt: results.get(attempt) for attempt in names},
                                             dict.fromkeys(names, errno))
                    if user is None and os.geteuid() == 0:
                        self.assertEqual({key: results.get(key) for key in DEVICES}, dict.fromkeys(DEVICES, "EROFS"))
                    self.assertLessEqual(DEVICES, results.keys())
                    own = {key for key in results if key.startswith("store:")} if options else set()
                    succeeded = {attempt for attempt, result in results.items() if result == "done"}
                    self.assertEqual(succeeded - own, ALLOWED)
                    self.assertEqual(results["seccomp"], "2")
                    self.assertEqual(self.roots(store), before)
                    self.run_terrane("fsck", store=store, user=user)
        self.assertEqual(pathlib.Path("/proc/sys/kernel/core_pattern").read_text(), core_pattern)

    def prepared(self, user):
        stores = self.__dict__.setdefault("stores", {})
        if user not in stores:
            stores[user] = self.image_for(user)
        return stores[user]

    def test_locks_are_those_of_one_sandbox(self):
        """The same file in another sandbox, and in the store, is free."""
        for user in self.users:
            with self.subTest(user), contextlib.ExitStack() as stack:
                store = self.prepared(user)
                account = [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
                for _ in range(2):
                    program = stack.enter_context(subprocess.Popen(
                        [*account, TERRANE, "-q", "--store", str(store), "run", "test", "/probe", "locks"],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
                    self.assertEqual([program.stdout.readline(), program.stdout.readline()], ["flock done\n", "record lock done\n"])
                [root] = [path for path in (store / "roots").iterdir() if not path.name.startswith(".")]
                with (root / "etc/file").open("r+b") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_what_of_proc_can_be_read(self):
        """podman's and docker's masks, and what only root could read of the host; programs have the rest."""
        masked = {"acpi", "asound", "interrupts", "kcore", "keys", "key-users", "kmsg", "latency_stats", "sched_debug", "scsi",
                  "timer_list", "timer_stats"}
        private = {path.name for path in pathlib.Path("/proc").iterdir()
                   if not path.name.isdigit() and not path.is_symlink() and not path.lstat().st_mode & 0o004}
        for user in self.users:
            with self.subTest(user):
                output = self.probe(user, self.prepared(user), "test", "/probe", "proc")
                seen = {pathlib.Path(path).name for path, result in attempts(output).items() if result == "read"}
                self.assertEqual(seen & (masked | private), set())
                self.assertLessEqual({"cpuinfo", "meminfo", "stat", "uptime", "version"}, seen)

    def test_the_end_is_known_whatever_limits_process_1_was_to_get(self):
        for user in self.users:
            with self.subTest(user):
                self.run_terrane("-q", "run", "test", "/probe", "limits", store=self.prepared(user), user=user, exit_code=7)

    def test_setuid_programs_gain_nothing(self):
        for user in self.users:
            with self.subTest(user):
                output = self.probe(user, self.prepared(user), "test", "/setuid", "rights")
                self.assertIn("ids 993 993 993\n", output)
                self.assertEqual(attempts(output)["setuid"], "EINVAL")

    def test_descriptors_that_are_closed_or_directories(self):
        """The program must not get terrane's next descriptor: through a directory of the host, all of the host can be reached."""
        for user in self.users:
            store = self.prepared(user)
            self.probe(user, store, "test", "/probe", "rights")
            account = [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
            command = [*account, TERRANE, "-q", "--store", str(store), "run", "test", "/probe", "descriptors"]
            for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-"):
                with self.subTest(user=user, closed=closed):
                    # The open descriptors show the program's rights; writing to the others has failed.
                    result = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *command], stdin=subprocess.DEVNULL,
                                            capture_output=True, text=True)
                    kinds = attempts(result.stderr if ">&-" in closed.split() else result.stdout)
                    self.assertEqual({name for name in kinds if name.startswith("descriptor ")},
                                     {"descriptor 0", "descriptor 1", "descriptor 2"}, result)
                    self.assertNotIn("directory", kinds.values())
                    self.assertEqual(kinds["out by 0"], "ENOTDIR")
                    # It is /dev/null in every case.
                    self.assertEqual(kinds["fchmod of 0"], "EROFS" if user is None and os.geteuid() == 0 else "EPERM")
            for place in ("0<", "1<", "2<"):
                with self.subTest(user=user, directory=place):
                    result = subprocess.run(["sh", "-c", f'"$@" {place}/', "sh", *command], stdin=subprocess.DEVNULL,
                                            capture_output=True, text=True)
                    self.assertEqual(result.returncode, 2, result)
                    self.assertNotIn("descriptor", result.stdout)
                    if place != "2<":
                        self.assertRegex(result.stderr, "the standard (in|out)put is a directory")

    def account(self, user):
        return [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]

    def shell(self, user, script, *arguments, **options):
        """@script with $R, which runs the probe."""
        store = self.prepared(user)
        self.probe(user, store, "test", "/probe", "rights")
        run = shlex.join([os.path.abspath(TERRANE), "-q", "--store", str(store), "run", "test", "/probe"])
        command = [*self.account(user), "bash", "-c", f"R() {{ {run} \"$@\"; }}; {script}", "bash", *map(str, arguments)]
        return subprocess.run(command, cwd=store.parent, timeout=120, **options)

    def facts(self, path):
        info = path.stat()
        return info.st_mode, info.st_uid, info.st_gid, os.listxattr(path), info.st_mtime_ns

    def test_files_of_the_host_as_standard_descriptors(self):
        """Only what is written to them arrives in them, and nothing about them changes."""
        for user in self.users:
            with self.subTest(user):
                home = self.prepared(user).parent
                for name in ("in", "out", "more", "err"):
                    (home / name).write_text(f"{name} of the host\n")
                    (home / name).chmod(0o640)
                    if user is not None:
                        shutil.chown(home / name, user)
                before = {name: self.facts(home / name) for name in ("in", "out", "more", "err")}
                result = self.shell(user, "flock --nonblock in true && R stdio < in > out 2>> err && R stdio < in >> more 2>&1")
                self.assertEqual(result.returncode, 0)
                text = "terminal 0 0 0\n"
                self.assertEqual((home / "in").read_text(), "in of the host\n")
                self.assertEqual((home / "out").read_text(), "output\nin of the host\n")
                self.assertEqual((home / "err").read_text(), f"err of the host\n{text}")
                self.assertEqual((home / "more").read_text(), f"more of the host\noutput\n{text}in of the host\n")
                after = {name: self.facts(home / name) for name in before}
                self.assertEqual(after["in"], before["in"])
                self.assertEqual({name: facts[:4] for name, facts in after.items()},
                                 {name: facts[:4] for name, facts in before.items()})
                self.assertGreater(after["more"][4], 10**18)  # not 1970

    def test_other_kinds_of_standard_descriptors(self):
        for user in self.users:
            with self.subTest(user):
                home = self.prepared(user).parent
                os.mkfifo(home / "fifo", 0o640)
                if user is not None:
                    shutil.chown(home / "fifo", user)
                result = self.shell(user, "(echo in > fifo & R stdio < fifo; wait)", capture_output=True, text=True)
                self.assertEqual((result.stdout, result.stderr), ("output\nin\n", "terminal 0 0 0\n"))
                self.assertEqual(stat.S_IMODE((home / "fifo").stat().st_mode), 0o640)
                # A socket: what is sent arrives where it is connected to, and nowhere else.
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                with ours, theirs:
                    ours.sendall(b"in\n")
                    ours.shutdown(socket.SHUT_WR)
                    self.shell(user, "R stdio", stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
                    theirs.close()
                    self.assertEqual(ours.makefile().read(), "output\nin\n")
                result = self.shell(user, "R stdio > /dev/full", stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.assertEqual(result.returncode, 1)
                self.assertIn("writing to the standard output: No space left on device", result.stderr)
                # Like `head`: the program gets SIGPIPE, without a message.
                result = self.shell(user, "R copy 10000000 < /dev/zero | head -c 1; echo ${PIPESTATUS[0]}", capture_output=True)
                self.assertEqual((result.stdout, result.stderr), (b"\x00141\n", b""))

    def test_what_is_not_read_is_left(self):
        """In a file and in a pipe: what comes next reads on where the program has stopped."""
        lines = "".join(f"line {i:06}\n" for i in range(30000))
        for user in self.users:
            store = self.prepared(user)
            (store.parent / "lines").write_text(lines)
            for source in ("< lines", "< <(cat lines)"):
                with self.subTest(user=user, source=source):
                    result = self.shell(user, f"{{ R copy 12; R copy 0; R copy 90000; cat; }} {source}", capture_output=True, text=True)
                    self.assertEqual(result.stdout, lines)
            with self.subTest(user=user, source="loop"):
                result = self.shell(user, "seq 3 | while read x; do echo $x; R rights > /dev/null; done", capture_output=True, text=True)
                self.assertEqual(result.stdout, "1\n2\n3\n")

    def on_terminal(self, user, script):
        """The output of @script on a terminal, and that terminal's mode."""
        store = self.prepared(user)
        self.probe(user, store, "test", "/probe", "rights")
        run = shlex.join([os.path.abspath(TERRANE), "-q", "--store", str(store), "run", "test", "/probe"])
        child, master = pty.fork()
        if child == 0:
            if user is not None:
                os.fchown(0, pwd.getpwnam(user).pw_uid, -1)
            argv = [*self.account(user), "bash", "-c", f"cd {store.parent}; R() {{ {run} \"$@\"; }}; {script}; stat -Lc %a /proc/self/fd/0"]
            os.execvp(argv[0], argv)
        output = b""
        while select.select([master], [], [], 60)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            output += piece
        os.close(master)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, output)
        text, _, mode = output.decode().replace("\r", "").removesuffix("\n").rpartition("\n")
        return text, mode

    def test_terminals_as_some_of_the_standard_descriptors(self):
        """A program that has no terminal for its output reads none, and has none in its hands; else it has its own."""
        for user in self.users:
            for script, expected in (("echo in | R stdio", "output\nterminal 0 1 1\nin"),
                                     ("R stdio | cat", "output\nterminal 0 0 1"),
                                     ("R stdio > file; cat file", "terminal 0 0 1\noutput"),
                                     ("R stdio < /dev/null 2> file; cat file", "output\nterminal 0 1 0"),
                                     ("echo in | R stdio 2>&1 | cat", "output\nterminal 0 0 0\nin")):
                with self.subTest(user=user, script=script):
                    text, mode = self.on_terminal(user, script)
                    # One terminal keeps the order of both; two channels do not.
                    self.assertEqual(sorted(text.split("\n")), sorted(expected.split("\n")))
                    self.assertIn(mode, ("600", "620"))

    def emulated(self, user, platform):
        """A store with an image of that platform, whose program is for arm64, and a directory with an emulator of the user's."""
        home = self.directory / f"arm64-{user}-{secrets.token_hex(2)}"
        (home / "bin").mkdir(parents=True)
        shutil.copy(QEMU, home / "bin/qemu-aarch64-static")
        if user is not None:
            for path in (home, home / "bin", home / "bin/qemu-aarch64-static"):
                shutil.chown(path, user)
        make_tar(home / "base.tar", [("dev", "dir", None), ("proc", "dir", None), ("tmp", "dir", None),
                                     ("start", "file", arm64_program(), {"mode": 0o755}),
                                     ("probe", "file", PROBE.read_bytes(), {"mode": 0o755})])
        profile = self.write_profile(base={"archive": str(home / "base.tar")}, platform=platform, config={"entrypoint": ["/start"]})
        self.run_terrane("build", profile, "--no-lock", "--no-validate", store=home / "store", user=user)
        return home

    @unittest.skipUnless(QEMU and os.uname().machine == "x86_64", "qemu-user-static is not installed")
    def test_emulators_of_the_host_are_not_changed(self):
        """Each user has one that is its own: root's are, mostly. By PATH, or by the kernel, which also runs it in other images."""
        for user in self.users:
            for platform, registered in (("linux/arm64", False), ("linux/arm64", True), ("linux/amd64", True)):
                with self.subTest(user=user, platform=platform, registered=registered):
                    home = self.emulated(user, platform)
                    qemu = home / "bin/qemu-aarch64-static"
                    before = (sha256(qemu), self.facts(qemu))
                    command = [os.path.abspath(TERRANE), "-q", "--store", str(home / "store"), "run", "test"]
                    if registered:
                        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", REGISTERED, "sh", str(qemu), *command]
                    result = subprocess.run([*self.account(user), *command], capture_output=True, text=True, cwd=home,
                                            env=dict(os.environ, PATH=f"{home}/bin:{os.environ['PATH']}"), timeout=120)
                    self.assertEqual((sha256(qemu), self.facts(qemu)), before)
                    if registered and result.returncode == 77:
                        self.skipTest("no namespace can have a list of emulators here")
                    if platform == "linux/amd64":
                        self.assertIn("cannot execute /start: Exec format error", result.stderr)
                    else:
                        self.assertIn("emulator: /memfd:emulator", result.stdout, result)
                        # Busy as long as the kernel has it open to execute it.
                        self.assertIn(attempts(result.stdout)["emulator written"], ("EPERM", "ETXTBSY"))

    def test_nothing_is_typed_into_a_terminal(self):
        """As root, too: for root, TIOCSTI works even if the kernel has disabled it for others."""
        for user in self.users:
            with self.subTest(user):
                store = self.prepared(user)
                account = [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
                child, master = pty.fork()
                if child == 0:
                    argv = [*account, TERRANE, "--store", str(store), "run", "test", "/probe", "terminal"]
                    os.execvp(argv[0], argv)
                output = b""
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline and select.select([master], [], [], 1)[0] is not None:
                    try:
                        piece = os.read(master, 4096)
                    except OSError:
                        break
                    output += piece
                    if not piece:
                        break
                os.close(master)
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, output)
                text = output.decode().replace("\r", "")
                self.assertIn("terminal yes\n", text)
                results = attempts(text)
                self.assertEqual(results["terminal asked"], "done")
                self.assertEqual([results[name] for name in ("TIOCSTI", "TIOCSTI disguised", "TIOCLINUX")], ["EPERM"] * 3)


if __name__ == "__main__":
    unittest.main()
