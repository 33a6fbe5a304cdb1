"""The documents say what the program does: man pages, options, profile keys, links."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
TERRANE = os.environ.get("TERRANE", str(TOP / "build/dev/terrane"))
MAN = TOP / "docs/man"
SCHEMA = TOP / "profiles/profile.schema.json"


def run(*arguments):
    return subprocess.run([TERRANE, *arguments], check=True, capture_output=True, text=True).stdout


def run_program(*arguments):
    return subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True, text=True).stdout


def words_of(page):
    """The words of a formatted page, with the same quotes and dashes whatever made it."""
    return re.sub(".\x08", "", page).translate({0x2018: "'", 0x2019: "'", 0x201c: '"', 0x201d: '"', 0x2010: "-", 0x2212: "-"}).split()


@functools.cache
def commands():
    return run("--list-commands").split()


def long_options(text):
    """The options that lines of a help text start with, as "--output"."""
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", text, re.MULTILINE))


def sections(page, wanted="s"):
    """The text of each .Ss (or .Sh) section of an mdoc page by its title."""
    parts = re.split(r"^\.S([sh]) (.+)$", page, flags=re.MULTILINE)
    return {title: text for kind, title, text in zip(parts[1::3], parts[2::3], parts[3::3]) if kind == wanted}


def letters_of(metavar):
    """The bare text of "NAME[=VALUE]" and of "Ar name Ns Op = Ns Ar value": "namevalue"."""
    words = [word for word in metavar.split() if word not in ("Ar", "Ns", "Op", "Oo", "Oc", "Cm")]
    return re.sub("[^a-z0-9]", "", "".join(words).lower())


def offered_options(help_text):
    """From the long name of each option in a help text to its letter and its value."""
    rows = re.findall(r"^  (?:-(\w), )?(--[a-z][a-z-]*)(?:\[?=(\S+))?(?:  .*)?$", help_text, re.MULTILINE)
    return {name: (letter, letters_of(value)) for letter, name, value in rows}


def described_options(mdoc):
    """The same of the .It lines of a section."""
    found = {}
    for line in re.findall(r"^\.It (Fl .*)$", mdoc, re.MULTILINE):
        letter = ""
        for flag, value in re.findall(r"Fl (-?[a-z][a-z-]*)((?: (?!Fl|,)\S+)*)", line):
            if flag.startswith("-"):
                found["-" + flag] = (letter, letters_of(value))
                letter = ""
            else:
                letter = flag
    return found


def documented_options(mdoc):
    """Long options, which mdoc spells ".Fl -output"."""
    return {"-" + flag for flag in re.findall(r"\bFl (-[a-z][a-z-]*)", mdoc)}


def synopsis_options(mdoc):
    """Those in front of a section's first paragraph, by their letter or name."""
    return set(re.findall(r"\bFl (-?[a-z][a-z-]*)", mdoc.partition("\n.Pp\n")[0]))


class ManPages(unittest.TestCase):
    def setUp(self):
        self.page = (MAN / "terrane.1").read_text(encoding="utf-8")

    @unittest.skipUnless(shutil.which("mandoc") and shutil.which("groff"), "mandoc or groff is not installed")
    def test_groff_and_mandoc_show_the_same(self):
        """Word by word, but for headings and the dash after the name, which each makes in its own way."""
        for page in sorted(MAN.iterdir()):
            shown = [words_of(run_program("groff", "-mandoc", "-Tutf8", "-P-cbou", "-rLL=900n", "-rHY=0", page)),
                     words_of(run_program("mandoc", "-Tutf8", "-Owidth=900", page))]
            with self.subTest(page.name):
                self.assertGreater(len(shown[0]), 1000)
                self.assertEqual(*(text[text.index("NAME") + 3:-5] for text in shown))

    def test_quotes_and_brackets_end_where_they_should(self):
        """Ql, Pq and Op go on to the end of their line: what follows belongs to another line, or between Oo and Oc."""
        late = re.compile(r"\b(Ql|Pq) \S+ (No|Ql|Ev|Cm|Fl|Ar|Pa)\b|\bNs Op (?:(?! Op ).)* (?:\||,|Ns Op|Fl) ")
        for text in (".Pq Ql role_arn No with Ql source_profile", ".Op Fl a Ns Op = Ns Ar b | Fl c", ".It Fl e Ar n Ns Op = Ns Ar v , Fl -env"):
            self.assertRegex(text, late)
        for page in sorted(MAN.iterdir()):
            for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
                if not line.startswith(".Pq Ev") and not line.startswith(".Pq Pa"):
                    self.assertNotRegex(line, late, f"{page.name}:{number}")

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_they_are_correct_mdoc(self):
        pages = sorted(MAN.iterdir())
        self.assertIn(MAN / "terrane.1", pages)
        self.assertIn(MAN / "terrane-profile.5", pages)
        for page in pages:
            with self.subTest(page.name):
                result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_every_command_has_a_section_and_no_other(self):
        self.assertGreater(len(commands()), 0)
        self.assertEqual(set(sections(self.page)), set(commands()))

    def test_every_option_of_a_command_is_in_its_section(self):
        common = long_options(run("--help"))
        self.assertIn("--store", common)
        self.assertLessEqual(common, documented_options(self.page))
        for command in commands():
            with self.subTest(command):
                offered = offered_options(run(command, "--help"))
                self.assertEqual(set(offered), long_options(run(command, "--help")))
                self.assertIn("--help", offered)
                section = sections(self.page)[command]
                described = described_options(section)
                for other in re.findall(r"^\.Sx (.* OPTIONS)\b", section, re.MULTILINE):
                    described |= described_options(sections(self.page, "h")[other])
                own = {name: row for name, row in offered.items() if name not in common}
                self.assertEqual({name: row for name, row in described.items() if name in own}, own)
                shared = {"--handler", "--cmd", "--env", "--memory", "--tmp", "--sandbox"}
                self.assertLessEqual(set(described), set(own) | shared)
                synopsis = synopsis_options(section)
                self.assertEqual(synopsis, {letter or name[1:] for name, (letter, _) in own.items()})

    def test_exit_codes_are_those_of_the_help(self):
        _, _, codes = run("--help").partition("Exit codes:")
        numbers = re.findall(r"(?:^|[,.]) *(\d+) ", codes.replace("\n", " "))
        self.assertEqual(numbers, ["0", "1", "2", "3", "4", "130"])
        section = self.page.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
        self.assertEqual(re.findall(r"^\.It (\d+)$", section, re.MULTILINE), numbers)


def schema_keys(schema):
    """Names of all properties, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(schema_keys, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    keys = set()
    for name, value in schema.items():
        if name in ("properties", "$defs", "definitions"):  # names of the author's, not of JSON Schema
            if name == "properties":
                keys |= set(value)
            keys |= schema_keys(list(value.values()))
        elif name not in ("enum", "const", "default", "examples"):
            keys |= schema_keys(value)
    return keys


@unittest.skipUnless(SCHEMA.exists(), "there is no profile schema")
class Profile(unittest.TestCase):
    def setUp(self):
        self.keys = schema_keys(json.loads(SCHEMA.read_text(encoding="utf-8")))
        self.assertIn("strip_components", self.keys)

    def test_every_key_is_in_the_reference(self):
        subprocess.run([TOP / "scripts/profile-reference", "--check"], check=True)
        text = (TOP / "docs/profile-reference.md").read_text(encoding="utf-8")
        self.assertEqual({key for key in self.keys if f"| `{key}` |" not in text}, set())

    def test_every_key_is_in_the_man_page(self):
        text = (MAN / "terrane-profile.5").read_text(encoding="utf-8")
        missing = {key for key in self.keys if not re.search(rf"^\.(It )?Cm {re.escape(key)}\b", text, re.MULTILINE)}
        self.assertEqual(missing, set())


def markdown_files():
    """Those under version control, or that will be."""
    result = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
                             "*.md"], cwd=TOP, capture_output=True, text=True)
    if result.returncode != 0:  # an exported directory
        return sorted(path for path in TOP.rglob("*.md") if "build" not in path.relative_to(TOP).parts)
    return sorted(path for path in (TOP / name for name in result.stdout.split("\0") if name) if path.exists())


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda match: "`" + "x" * (len(match.group()) - 2) + "`", text)


def anchors(path):
    """The ids that GitHub gives to headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Index(unittest.TestCase):
    def test_every_page_is_in_it(self):
        index = (TOP / "docs/README.md").read_text(encoding="utf-8")
        pages = {str(path.relative_to(TOP / "docs")) for path in (TOP / "docs").rglob("*.md")} - {"README.md"}
        self.assertEqual(set(re.findall(r"\]\(([a-z/-]+\.md)\)", index)), {page for page in pages if not page.startswith("examples/")})

    def test_the_picture_is_what_its_script_makes(self):
        subprocess.run([TOP / "scripts/picture", "--check"], check=True)


class Links(unittest.TestCase):
    def test_relative_links_lead_somewhere(self):
        files = markdown_files()
        self.assertIn(TOP / "docs/architecture.md", files)
        for path in files:
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
                if re.match(r"[a-z][a-z+.-]*:", target):
                    continue
                with self.subTest(f"{path.relative_to(TOP)}: {target}"):
                    name, _, fragment = target.partition("#")
                    file = path.parent / name if name else path
                    self.assertTrue(file.exists(), f"{file} does not exist")
                    if fragment and file.suffix == ".md":
                        self.assertIn(fragment, anchors(file))


if __name__ == "__main__":
    unittest.main()
