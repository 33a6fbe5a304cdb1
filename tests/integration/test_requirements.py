"""Requirements files as other tools write them, and what the wheels in them look like."""

import hashlib
import json
import unittest

from test_wheels import WheelsCase
from wheel_index import make_wheel, requirement, sha256_of


class RequirementsCase(WheelsCase):
    def locked(self, name="profile.lock.json"):
        """{name: wheel} of the lock."""
        lock = json.loads((self.directory / name).read_text())
        entry = lock["platforms"]["linux/amd64"]["trees"]["deps"]
        return {wheel["name"]: wheel for wheel in entry["wheels"]}

    def lock(self, **wheels):
        self.run_terrane("lock", self.profile(**wheels))
        return self.locked()

    def wheel_here(self, name, version="1.0", directory="dist"):
        wheel = make_wheel(name, version)
        (self.directory / directory).mkdir(parents=True, exist_ok=True)
        self.write(f"{directory}/{wheel[0]}", wheel[1])
        return wheel


class Files(RequirementsCase):
    def test_own_wheels_by_path(self):
        """As uv export and pip freeze write them; the lock is the same wherever the project is."""
        a, b, c = (self.wheel_here(name) for name in ("alpha", "beta", "gamma"))
        self.requirements(f"./dist/{a[0]} \\\n    --hash=sha256:{sha256_of(a[1])}\n",
                          f"beta @ file://{self.directory}/dist/{b[0]}#sha256={sha256_of(b[1])}\n",
                          f"file:///${{PROJECT_ROOT}}/dist/{c[0]} --hash=sha256:{sha256_of(c[1])}\n")
        record = self.build(self.profile(index=[]))
        self.assertLessEqual({"alpha/__init__.py", "beta/__init__.py", "gamma/__init__.py"}, self.files(record).keys())
        text = (self.directory / "profile.lock.json").read_text()
        self.assertNotIn(str(self.directory), text)
        self.run_terrane("lock", "--check", self.profile(index=[]))

    def test_other_files(self):
        a, b = self.wheel_here("alpha"), self.wheel_here("beta", directory="sub/wheels")
        self.write("pins.txt", requirement("alpha", "1.0", a))
        self.write("sub/more.txt", "--find-links wheels\n" + requirement("beta", "1.0", b))
        self.requirements("--find-links dist\n--no-index\n-c pins.txt\n-r sub/more.txt\nalpha\n")
        self.assertEqual(self.lock(index=None).keys(), {"alpha", "beta"})

    def test_digests_of_other_algorithms(self):
        a = self.wheel_here("alpha")
        for algorithm in ("sha384", "sha512"):
            self.requirements(f"alpha==1.0 --hash={algorithm}:{hashlib.new(algorithm, a[1]).hexdigest()}\n")
            path = self.profile(index=[], wheelhouse="dist")
            self.run_terrane("lock", path)
            self.assertEqual(self.locked()["alpha"]["sha256"], sha256_of(a[1]))
            self.run_terrane("lock", "--check", path)
            self.build(path)
            self.requirements(f"alpha==1.0 --hash={algorithm}:{hashlib.new(algorithm, b'another').hexdigest()}\n")
            self.assert_fails(2, "not among the hashes", "lock", path)

    def test_utf16(self):
        (self.directory / "requirements.txt").write_bytes("alpha==1.0\r\n".encode("utf-16"))
        self.assert_fails(2, "UTF-16, as PowerShell", "lock", self.profile())


if __name__ == "__main__":
    unittest.main()
