"""Versions, specifiers, markers and wheel tags: the same questions to terrane's code and to packaging, the reference
implementation of the PEPs, which scripts/install-packaging installs into build/venv.
"""

import json
import os
import random
import subprocess
import unittest

from terrane_test import TOP

PYTHON = TOP / "build/venv/bin/python"
PROBE = os.path.join(os.environ.get("BUILD_DIR", str(TOP / "build/dev")), "tests/python-probe")

# Answers the questions as tests/integration/python_probe.c does: null where there is an error. The C library of a target
# takes the place of the one that runs. "linux" comes last, as in pip; packaging 26.3 has it first.
PACKAGING = r"""
import json, sys
from packaging import _manylinux, _musllinux, markers, specifiers, tags, utils, version

def target_tags(question):
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[question["architecture"]]
    minor = question["python_minor"]
    if question["musl"]:
        _musllinux._get_musl_version = lambda _: _musllinux._MuslVersion(1, question["libc_minor"])
        platforms = list(_musllinux.platform_tags([machine]))
    else:
        _manylinux._get_glibc_version = lambda: _manylinux._GLibCVersion(2, question["libc_minor"])
        _manylinux._have_compatible_abi = lambda *_: True
        _manylinux._get_manylinux_module = lambda: None
        platforms = list(_manylinux.platform_tags([machine]))
    platforms.append("linux_" + machine)
    yield from tags.cpython_tags((3, minor), [f"cp3{minor}"], platforms)
    yield from tags.compatible_tags((3, minor), f"cp3{minor}", platforms)

def environment(question):
    short = f"3.{question['python_minor']}"
    return {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_release": "",
            "platform_machine": {"amd64": "x86_64", "arm64": "aarch64"}[question["architecture"]],
            "platform_python_implementation": "CPython", "platform_version": "", "python_version": short,
            "python_full_version": short + ".0", "implementation_name": "cpython",
            "implementation_version": short + ".0", "extra": question["extra"]}

def compare(question):
    a, b = version.Version(question["a"]), version.Version(question["b"])
    return (a > b) - (a < b)

def match(question):
    version.Version(question["version"])
    return specifiers.SpecifierSet(question["specifiers"]).contains(question["version"], prereleases=True)

def rank(question):
    order = {tag: number for number, tag in reversed(list(enumerate(target_tags(question))))}
    def rank_of(name):
        try:
            return min((order[tag] for tag in utils.parse_wheel_filename(name)[3] if tag in order), default=-1)
        except utils.InvalidWheelFilename:
            return None
    return [rank_of(name) for name in question["wheels"]]

def parse(question):
    name, _, build, _ = utils.parse_wheel_filename(question["wheel"])
    return [name, question["wheel"].split("-")[1], *build]

KINDS = {"compare": compare, "match": match, "rank": rank, "parse": parse,
         "marker": lambda question: markers.Marker(question["marker"]).evaluate(environment(question)),
         "tags": lambda question: [str(tag) for tag in target_tags(question)]}
for question in json.load(sys.stdin):
    try:
        answer = KINDS[question["ask"]](question)
    except (ValueError, KeyError):
        answer = None
    print(json.dumps(answer))
"""

TARGETS = [{"python_minor": python, "musl": musl, "libc_minor": libc, "architecture": architecture}
           for python in range(9, 15) for architecture in ("amd64", "arm64")
           for musl, libc in [(False, 17), (False, 26), (False, 28), (False, 34), (False, 36), (True, 2)]]

# Files of the Python Package Index: "NAME-VERSION: TAGS TAGS …".
WHEELS = """
rasterio-1.4.4: cp39-cp39-manylinux_2_28_x86_64 cp310-cp310-macosx_14_0_arm64 cp310-cp310-macosx_15_0_x86_64
 cp310-cp310-manylinux_2_28_aarch64 cp310-cp310-manylinux_2_28_x86_64 cp310-cp310-win_amd64
 cp312-cp312-manylinux_2_28_aarch64 cp312-cp312-manylinux_2_28_x86_64 cp313-cp313t-manylinux_2_28_x86_64
 cp314-cp314-manylinux_2_28_x86_64 cp314-cp314t-manylinux_2_28_aarch64 cp311-cp311-win_arm64
rasterio-1.4.3: cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64 cp312-cp312-macosx_10_15_x86_64
rasterio-1.0.15-1: cp27-cp27mu-manylinux1_x86_64 cp36-cp36m-manylinux1_x86_64
rasterio-0.36.0:
 cp35-cp35m-macosx_10_6_intel.macosx_10_9_intel.macosx_10_9_x86_64.macosx_10_10_intel.macosx_10_10_x86_64
numpy-2.4.6: cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64 cp311-cp311-musllinux_1_2_x86_64
 cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64 cp312-cp312-musllinux_1_2_aarch64 cp312-cp312-win32
 cp313-cp313t-manylinux_2_27_x86_64.manylinux_2_28_x86_64 cp313-cp313-macosx_14_0_x86_64
 cp314-cp314-manylinux_2_27_aarch64.manylinux_2_28_aarch64
 pp311-pypy311_pp73-manylinux_2_27_x86_64.manylinux_2_28_x86_64
numpy-1.26.4: cp39-cp39-manylinux_2_17_aarch64.manylinux2014_aarch64 cp39-cp39-musllinux_1_1_x86_64
 cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64 pp39-pypy39_pp73-manylinux_2_17_x86_64.manylinux2014_x86_64
numpy-1.16.6: cp37-cp37m-manylinux1_x86_64 cp27-cp27mu-manylinux1_i686
numpy-1.13.3-2: cp36-none-win32
pandas-2.2.3: cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64 cp312-cp312-musllinux_1_2_x86_64
 cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64
cryptography-50.0.2: cp311-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64 cp311-abi3-manylinux_2_28_x86_64
 cp311-abi3-manylinux_2_34_aarch64 cp311-abi3-manylinux_2_34_x86_64 cp311-abi3-musllinux_1_2_aarch64
 cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64 cp39-abi3-manylinux_2_28_x86_64 cp39-abi3-manylinux_2_34_x86_64
 cp314-cp314t-manylinux_2_28_x86_64 cp315-abi3.abi3t-manylinux_2_28_x86_64 cp39-abi3-manylinux_2_31_armv7l
cryptography-43.0.1: cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64 cp37-abi3-macosx_10_9_universal2
 cp39-abi3-manylinux_2_28_aarch64 pp310-pypy310_pp73-manylinux_2_28_x86_64
cryptography-3.4.8: cp36-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64 cp36-abi3-manylinux_2_24_x86_64
 cp36-abi3-musllinux_1_1_aarch64 cp36-abi3-win_amd64
obstore-0.12.1: cp311-abi3-manylinux_2_17_i686.manylinux2014_i686 cp311-abi3-manylinux_2_24_aarch64
 cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64 cp315-abi3.abi3t-musllinux_1_2_x86_64
obstore-0.8.2: cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64 cp310-cp310-manylinux_2_24_aarch64
lxml-5.3.0: cp310-cp310-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.manylinux2014_i686
 cp310-cp310-manylinux_2_28_aarch64 cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64
 cp312-cp312-manylinux_2_28_x86_64 cp312-cp312-musllinux_1_2_s390x
 cp36-cp36m-manylinux_2_5_x86_64.manylinux1_x86_64 cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64
awslambdaric-4.2.2: cp312-cp312-manylinux2014_aarch64.manylinux_2_17_aarch64
 cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64 cp314-cp314-musllinux_1_2_x86_64
 cp315-cp315t-musllinux_1_2_aarch64 pp311-pypy311_pp73-manylinux2014_aarch64.manylinux_2_17_aarch64
Shapely-1.8.5.post1: cp310-cp310-manylinux_2_12_x86_64.manylinux2010_x86_64
 cp310-cp310-manylinux_2_17_aarch64.manylinux2014_aarch64
Shapely-1.7.1-1: cp39-cp39-manylinux1_x86_64
Shapely-1.3.3: cp34-none-win32
certifi-2024.8.30: py3-none-any
botocore-1.35.36: py3-none-any
six-1.16.0: py2.py3-none-any
ruff-0.6.9: py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64 py3-none-musllinux_1_2_aarch64
psutil-6.0.0: cp36-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64
pyproj-3.7.0: cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64
pyogrio-0.10.0: cp312-cp312-manylinux_2_28_x86_64
fiona-1.10.1: cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64
h5py-3.12.1: cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64
"""

# Names by the grammar, or almost, that no index has.
STRANGE_WHEELS = """
a-1-py3-none-any a-1-cp312-none-any a-1-cp39-none-linux_x86_64 a-1-cp312-none-linux_x86_64 a-1-cp312-abi3-linux_aarch64
a-1-py39-none-manylinux1_x86_64 a-1-cp312-cp312-any a-1-py314-none-any a-1-py3-abi3-any a-1-cp32-abi3-linux_x86_64
a-1-cp31-abi3-linux_x86_64 A.b_c-1.0-1a-py2.py3-none-any a-v1.0-py3-none-any a-1.0+local-py3-none-any
a-1-CP312-CP312-manylinux_2_17_X86_64 a-1-cp3-none-any a-1-py30-none-any a-1-cp312-cp312-manylinux_2_16_aarch64
a-1-cp312-cp312-manylinux_2_5_x86_64 a-1-cp312-cp312-manylinux2010_aarch64 a-1-cp312-cp312-musllinux_1_3_x86_64
a-1-x-py3-none-any a-1-py3-none a-one-py3-none-any a__b-1-py3-none-any a-1-1-1-py3-none-any a-1--none-any
a-1-py3..py2-none-any a-1-py3-none- -1-py3-none-any a-1.0_1-py3-none-any a-1-12345678901-py3-none-any
""".split()

MARKERS = [line for line in r"""
python_version < "3.10"
python_version<'3.10'
python_version >= "3.9" and python_version < "4"
python_version == "3.12"
python_version == "3.*"
python_version == "3.1*"
python_version != "3.1.*"
python_version ~= "3.9"
python_version ~= "3"
python_version === "3.12"
python_version === "3.12.0"
python_version in "3.11 3.12"
python_version in "3.12"
python_version not in "3.9, 3.10"
python_version not  in "2.7"
"3.12" in python_version
"3" not in python_version
"3.9" <= python_version
"3.10" > python_version
python_version > "3.12.dev0"
python_version >= "3.12rc1"
python_version < ""
python_version == ""
python_version >= "three"
python_version ~= "three"
python_version == " 3.12 "
python_version >= "3.12+local"
python_version < "=3.12"
python_full_version < "3.12.1"
python_full_version >= "3.12.0"
python_full_version == "3.12"
python_full_version > "3.11.99" and python_full_version != "3.12.3"
implementation_version >= "3.9"
implementation_version == "3.12.*"
implementation_name == "cpython"
implementation_name != "pypy" and implementation_name in "cpython jython"
platform_python_implementation == "CPython"
platform_python_implementation == 'PyPy' or python_version >= '3.9'
platform.python_implementation == "CPython"
python_implementation == "CPython"
os_name == "posix"
os.name == "nt"
sys_platform == "linux"
sys_platform == "linux2"
sys.platform != "win32"
sys_platform in "linux linux2"
"linux" in sys_platform
"win" not in sys_platform
sys_platform > "aix"
sys_platform >= "linux"
sys_platform <= "linux"
sys_platform < "zzz"
sys_platform ~= "linux"
sys_platform === "linux"
platform_system == "Linux"
platform_system == "linux"
platform_machine == "x86_64"
platform_machine == "aarch64" or platform_machine == "arm64"
platform_machine not in "x86_64 X86_64 aarch64"
platform.machine == "x86_64"
platform_release == ""
platform_release >= "4"
platform_release != "5.10"
platform_release in "x"
platform_version == ""
platform.version != "1"
platform_version >= "4"
platform.release == ""
platform.system == "Linux"
extra == "dev"
extra == "Dev"
extra == ""
extra != "dev"
extra == "a.b__C"
"dev" == extra
extra in "dev"
extra == "dev" and python_version >= "3"
extra === "dev"
extras == "dev"
"dev" in extras
"dev" in dependency_groups
(python_version < "3" or os_name == "posix") and sys_platform == "win32"
python_version < "3" or os_name == "posix" and sys_platform == "win32"
os_name == "posix" or python_version < "3" and sys_platform == "win32"
((os_name == "posix"))
(os_name == "posix" and (python_version > "3" or (extra == "x")))
( os_name=="posix" )and( os_name=='posix' )
os_name=="posix"and os_name=="posix"
os_name == "posix"or"x" == os_name
os_name == "posix" and
os_name == "posix" or or os_name == "nt"
(os_name == "posix"
os_name == "posix")
()
os_name
os_name == posix
os_name = "posix"
os_name == "posix" os_name == "posix"
os_name == "posix' and "x" == 'y'
os_name == 'po"six'
os_name notin "posix"
os_name not_in "posix"
os_namein "posix"
osname == "posix"
"posix" == "posix"
python_versions == "3"
os_name == ""
'' in os_name
 	os_name == "posix"	
os_name == "é"
os_name == "posix" AND os_name == "posix"
not os_name == "posix"
os_name == "posix" # comment
os_name == "posix"; os_name == "posix"
""".split("\n") if line]


def wheels():
    names, project = [], None
    for word in WHEELS.split():
        if word.endswith(":"):
            project = word[:-1]
        else:
            names.append(f"{project}-{word}.whl")
    return names


# Versions so near to each other that each rule about suffixes decides between some two of them.
SUFFIXES = ["", ".0", ".0.1", ".dev0", ".dev1", "a0", "a1", "a1.dev1", "a1.post1", "a1.post1.dev0", "a2", "b1", "b1.post2",
            "rc0", "rc1", "rc1.dev0", ".post0", ".post1", ".post1.dev0", ".post1.dev1", ".post2"]
LOCALS = ["+a", "+b", "+a.1", "+a.a", "+1", "+01", "+2", "+10", "+1.0", "+1.a", "+1a"]
RELEASES = ["1" + suffix for suffix in SUFFIXES] + ["0", "0.dev0", "2", "2.dev0", "1!1", "1.1", "1.1a1", "10"]
NEAR = RELEASES + [release + local for release in ("1", "1a1", "1.post1", "1.dev1") for local in LOCALS]


def random_version(generator, simple=False):
    def pick(*choices):
        return generator.choice(choices)

    text = pick("", "", "", "", "1!") + ".".join(pick("0", "1", "2", "10") for _ in range(pick(1, 2, 2, 3)))
    if not simple:
        text = pick("", "", "", "v") + text
        text += pick("", "", "", "a1", "b2", "rc1", ".alpha.1", "-BETA", "c0", "_pre2", "-preview_3", "a-")
        text += pick("", "", "", "", ".post1", "-1", ".post", "rev2", "_r1", ".post0")
        text += pick("", "", "", "", ".dev1", "dev", "-dev_2", ".dev0")
    return text


class Oracle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import packaging.tags"], capture_output=True).returncode:
            raise unittest.SkipTest("scripts/install-packaging was not run")

    def ask(self, program, questions):
        result = subprocess.run(program, input=json.dumps(questions), capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(answers), len(questions))
        return answers

    def assert_same(self, questions):
        """Both give the same answers, which are not all the same. Returns them."""
        ours, theirs = self.ask([PROBE], questions), self.ask([PYTHON, "-W", "ignore", "-c", PACKAGING], questions)
        wrong = [(question, our, their) for question, our, their in zip(questions, ours, theirs) if our != their]
        self.assertEqual(wrong[:10], [], f"{len(wrong)} of {len(questions)} differ: question, terrane, packaging")
        self.assertGreater(len({json.dumps(answer) for answer in ours}), 1)
        return ours

    def test_every_tag_of_every_target(self):
        self.assert_same([{"ask": "tags", **target} for target in TARGETS])

    def test_ranks_of_wheels(self):
        names = wheels()
        self.assertGreaterEqual(len(names), 80)
        strange = [name + ".whl" for name in STRANGE_WHEELS] + ["a-1-py3-none-any.zip", "a-1-py3-none-any"]
        answers = self.assert_same([{"ask": "rank", "wheels": names + strange, **target} for target in TARGETS])
        for position, name in enumerate(names):
            with self.subTest(name):  # so that WHEELS has no mistakes that both programs would refuse
                self.assertNotIn(None, [answer[position] for answer in answers])

    def test_parts_of_wheel_names(self):
        names = wheels() + [name + ".whl" for name in STRANGE_WHEELS]
        self.assert_same([{"ask": "parse", "wheel": name} for name in names])

    def test_markers(self):
        self.assertGreaterEqual(len(MARKERS), 100)
        self.assert_same([{"ask": "marker", "marker": marker, "extra": extra, **target} for marker in MARKERS
                          for extra in ("", "dev", "A-B.c") for target in (TARGETS[0], TARGETS[-1], TARGETS[36])])

    def test_random_markers(self):
        generator = random.Random(425)
        variables = ["python_version", "python_full_version", "implementation_version", "platform_release", "os_name",
                     "sys_platform", "platform_machine", "extra"]
        values = ["3.9", "3.12", "3.12.0", "3.*", "3.12.*", "4", "posix", "linux", "x86_64", "dev", "", "3.9 3.12", "3.12a1"]
        operators = ["==", "!=", "<", ">", "<=", ">=", "~=", "===", "in", "not in"]

        def marker(depth):
            if depth and generator.random() < 0.6:
                text = f" {generator.choice(['and', 'or'])} ".join(marker(depth - 1) for _ in range(2))
                return f"({text})" if generator.random() < 0.5 else text
            sides = [generator.choice(variables), repr(generator.choice(values))]
            if generator.random() < 0.2:
                sides.reverse()
            return f"{sides[0]} {generator.choice(operators)} {sides[1]}"
        self.assert_same([{"ask": "marker", "marker": marker(number % 4), "extra": generator.choice(["", "dev"]),
                           **generator.choice(TARGETS)} for number in range(4000)])

    def test_order_of_versions(self):
        generator = random.Random(440)
        versions = [random_version(generator) + generator.choice(["", "", "", "+local", "+1", "+1.a", "+Local_2", "+01"])
                    for _ in range(2000)]
        versions += ["", "1.", ".1", "1..2", "1.0-", "1.0+", "1.0+a..b", "1.0+-a", "1.0a1b2", "1.0.dev1.post1", "1!", "!1",
                     "1!1!1", "vv1", " 1.0\n", "1 .0", "1.0post-1", "1.0-post1-1", "1.0--1", "1.0-1-1", "1.0_1", "1.0+é",
                     "00001.0", "1" * 100, "9" * 99, "1.0.post" + "9" * 40, "1.0alpha", "1.0ALPHA-1", "1.0.a.1", "1.0a.-1",
                     "1.0.0.0", "1.0r", "1.0previ", "v", "1.0c", "1-0", "1.0-00", "1.0.rev.3", "1.0-preview.1.post.2.dev.3"]
        self.assert_same([{"ask": "compare", "a": a, "b": b} for a in NEAR for b in NEAR])
        self.assert_same([{"ask": "compare", "a": a, "b": b} for a in versions[-40:] for b in versions[-80:]]
                         + [{"ask": "compare", "a": generator.choice(versions), "b": generator.choice(versions)}
                            for _ in range(6000)])

    def test_specifiers(self):
        generator = random.Random(508)

        def specifier():
            operator = generator.choice(["~=", "==", "!=", "<=", ">=", "<", ">", "==="])
            wildcard = generator.random() < 0.3
            text = random_version(generator, wildcard)
            text += ".*" if wildcard and generator.random() < 0.9 else ""
            text += "+local" if generator.random() < 0.1 else ""
            return operator + generator.choice(["", "", " "]) + text
        questions = [{"ask": "match", "version": random_version(generator) + generator.choice(["", "", "", "+local", "+1"]),
                      "specifiers": generator.choice([",", " , ", ",,"]).join(specifier() for _ in range(count))}
                     for count in [1] * 10000 + [2] * 3000 + [3] * 500]
        questions += [{"ask": "match", "version": version, "specifiers": specifiers}
                      for version in ("1.0", "1.0.post1", "1.0+local", "1.1.dev1", "1.0a1", "3.9.1", "1!1.0", "2.0")
                      for specifiers in ("", ",", " ", "1.0", "=1.0", "=>1.0", ">=", "==", "===", "=== 1.0", "===1.0+LOCAL",
                                         "==1.0.*", "==1.0 .*", "==.*", "== *", "==1.*.*", "==1.0a1.*", "==1.0+local.*",
                                         ">=1.0.*", "~=1.0.*", "~=1", "~=1.0.post1", "~=1.0+local", ">1.0+local", "==1.0+local",
                                         "!=1.0+local", "!=1.0", "<1.0", "<1.0.post1", ">1.0", ">1.0.post0", ">1.0a1", "<1.0a2",
                                         ">=3.9,!=3.9.1,<4", ">=3.9;<4", "(>=3.9)", "== 1.0 ", "==v1.0", "==1.0-1", ">1.0.dev1",
                                         "<1!0", "==1!1", "<0", "<0.dev0", "~=1!1.0", "===foo", "=== a b", "!=2.*", "~=2.0.0")]
        self.assert_same(questions)
        self.assert_same([{"ask": "match", "version": version, "specifiers": operator + bound} for version in NEAR
                          for operator in ("~=", "==", "!=", "<=", ">=", "<", ">", "===")
                          for bound in RELEASES + ["1.0", "1.0.post1", "1.0.0a1", "1+a", "1.*", "1.0.*", "0.*", "1!1.*"]])


if __name__ == "__main__":
    unittest.main()
