"""Attempts to get out of the sandbox, or at the host and the store from inside: each is refused, as root and as an
ordinary user. What is expected comes from the kernel's manual pages and from the list in docs/sandbox.md."""

import contextlib
import fcntl
import os
import pathlib
import pty
import secrets
import select
import shutil
import socket
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
    "ENOSYS": ["clone3", "io_uring_setup", "shmget", "shmat"],
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
              "store: create", "store: fchmod", "store: open again"],
    "ENOENT": ["/dev/mem", "/dev/kmsg", "/dev/shm", "/dev/fuse", "/dev/net/tun", "/sys"],
    "EXDEV": ["store: link in /tmp"],
}

# What programs need, and so has to work inside.
ALLOWED = {"socket netlink route", "socket unix", "socket udp", "personality asked", "write to null",
           "read zero", "read urandom", "socket tcp", "socket tcp of IPv6", "socket udp named", "socket unix packets",
           "socketpair unix", "limits of init asked", "init after signals", "flock", "record lock", "flock of own file",
           "record lock of own file", "record unlock of own file", "open record lock of own file"}

# Only their owner could change them: root's programs. Others are refused in one way or another.
DEVICES = {f"device: {what} {name}" for what in ("chmod", "fchmod", "chown")
           for name in ("null", "zero", "full", "random", "urandom")}


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

    def test_setuid_programs_gain_nothing(self):
        for user in self.users:
            with self.subTest(user):
                output = self.probe(user, self.prepared(user), "test", "/setuid", "rights")
                self.assertIn("ids 993 993 993\n", output)
                self.assertEqual(attempts(output)["setuid"], "EINVAL")

    def test_descriptors_that_are_closed_or_directories(self):
        """What terrane opens next must not become the program's: from a directory of the host all of it can be reached."""
        for user in self.users:
            store = self.prepared(user)
            self.probe(user, store, "test", "/probe", "rights")
            account = [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
            command = [*account, TERRANE, "-q", "--store", str(store), "run", "test", "/probe", "descriptors"]
            for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-"):
                with self.subTest(user=user, closed=closed):
                    # What is left open shows what the program has; the others have failed to be written to.
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
                        self.assertRegex(result.stderr, "the standard (in|out)put is a directory, by which a program could leave")

    def test_nothing_is_typed_into_a_terminal(self):
        """As root, too, for whom TIOCSTI works where the kernel has it switched off for others."""
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
