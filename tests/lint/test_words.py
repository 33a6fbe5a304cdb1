"""Phrases that may not come back: readers stumble over them, in documents, help texts, messages and comments."""

import functools
import io
import pathlib
import re
import tokenize
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]

PHRASES = [
    # The pattern, and what to write instead.
    (r"(?<!here )\b(is|are) no (?!longer|more|less|fewer|larger|smaller|newer|older|different)", "is not a …; invalid …"),
    (r"\bbehind\b(?! (a|the|its|one) (proxy|load balancer|interface))", "after; following"),
    (r"\banew\b", "again"),
    (r"(?<![`‘\"])\b(nobody|somebody)\b(?![`’\"])", "name the user, the program or the thing"),
    (r"\bwho(ever|soever)\b", "name the user, the program or the thing"),
    (r"\bpassed over\b", "skipped"),
    (r"\bstands? in\b(?! for)", "is in"),
    (r"\bgo(es)? (with|without) (it|them|this|that|‘|\")", "requires; cannot be combined with"),
    (r"\bis let go\b", "is closed; is disconnected"),
    (r"\bby now\b", "since then; now"),
    (r"\b(unless|if not) told otherwise\b", "by default"),
    (r"\bas (meant|wished)\b", "as intended"),
    (r"\bfor (ever|good) and\b", "permanently"),
    (r"\bis not as there\b", "differs"),
    (r"\bwith nothing said\b", "by default"),
    (r"\btaken for what\b", "treated as"),
    (r"\bsuffices? not\b|\bknows? not\b", "does not suffice"),
]

# Of documents alone.
DOCUMENT_PHRASES = [
    (r"\band (its|their|his) like\b", "similar …"),
    (r"\bheld against\b", "compared with; verified by"),
    (r"\b(is|are|was|were|not) looked at\b", "examined; read; ignored"),
    (r"\b(go|goes|gone|going) on with\b", "continue"),
    (r"\bfor want of\b", "without"),
    (r"\bby way of\b", "through; by"),
    (r"\btakes? no notice of\b", "ignore"),
    (r"\bnone the less\b", "nevertheless"),
    (r"\b(is|are) said\b|\bsaid so\b", "name what says it, or what is required"),
    (r"\b(take|takes|taking|taken) on a (role|job)\b", "assume a role"),
    (r"\b(is|are) there already\b", "exists already"),
    (r"\bin small letters\b", "in lower case"),
    (r"\bspeaks? HTTPS?\b", "support HTTPS"),
    (r"\bwhat comes out\b", "the result; the output"),
    (r"\b(maybe|perhaps)\b", "possibly; optionally"),
    (r"\b(can|cannot|not) be had\b", "cannot be fetched; is unavailable"),
    (r"\b[Aa]s of `", "as for; as in"),
    (r"\bcounts? from (the|that|its)\b", "is relative to"),
    (r"\bdigests? to\b", "has the SHA-256"),
    (r"\bstands\b(?! for)", "is; remains valid"),
]

# The first has these phrases in its own comments. The others are embedded in the program, and their
# text is part of the keys of cached results: their comments change with their code.
NOT_READ = {"tests/lint/test_words.py", "builder/transform/compile.py"}
EMBEDDED = "builder/validation/suite/"

# Not files of this repository: a pattern, and a directory of the AWS SDK.
OTHER_FILES = {"tests/LABEL/test_MODULE.py", "tests/aws-signing-test-suite/v4"}

# Comments are written in a hurry, and about things: these are found in them only.
COMMENT_PHRASES = [
    (r"\b([Nn]obody|[Ss]omebody|[Ee]verybody|[Aa]nybody|[Nn]o one|[Ss]omeone|[Aa]nyone)\b(?!['’]s? user| \(uid)", "name the user, the program or the thing"),
    (r"(?<!users )(?<!user )(?<!people )\b[Ww]hom?\b", "that; which"),
    (r"^(What|Who|Whose)\b(?!.*\?$)|^Of [^,:]*$", "start with a noun or a verb: “Returns the …”, “Finds …”, “The …”"),
    (r"\bstrangers?\b", "untrusted; another program; an attacker"),
    (r"\bat hand\b", "current"),
    (r"(?<![Tt]here )\b(is|are) none\b", "is not a …; has no …"),
    (r"\b(as|like) \w+ has it\b", "like …"),
    (r"\bwhat (comes|becomes) of\b", "the result of"),
    (r"\bso many (bytes|milliseconds|seconds|files)\b", "a number of"),
    (r"\bunder way\b", "in progress"),
    (r"\b(sees|saw) to it\b", "makes sure"),
    (r"\bin the midst of\b", "during; within"),
    (r"\b(goes|go|went) on (at|with|where|after)\b", "continues"),
    (r"\b(it|that|they|which) had it\b", "before"),
]


def documents():
    yield from (TOP / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "profiles/README.md"))
    yield from sorted((TOP / "docs").rglob("*.md"))
    yield from sorted((TOP / "docs/man").iterdir())


def literals(text):
    """String literals of C, those that follow each other as one, with the line they start in."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', text):
        words = "".join(part[1:-1] for part in re.findall(r'"(?:[^"\\\n]|\\.)*"', match[0]))
        yield text.count("\n", 0, match.start()) + 1, words


def prose():
    """Pairs of a place and its text; a line of a document with the start of the next, since phrases are wrapped."""
    for path in documents():
        lines = path.read_text(encoding="utf-8").splitlines()
        fenced = False
        for number, (line, following) in enumerate(zip(lines, lines[1:] + [""]), 1):
            fenced ^= line.startswith("```")
            if not fenced:
                yield f"{path.relative_to(TOP)}:{number}", line, " " + following.lstrip()
    for folder in ("builder", "oci"):
        for path in sorted((TOP / folder).rglob("*.c")):
            for number, words in literals(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(TOP)}:{number}", words, ""


def c_comments(text):
    """Comments of C with the line they start in, each in one line."""
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|/\*.*?\*/|//[^\n]*', text, flags=re.DOTALL):
        if match[0][0] == "/":
            lines = [re.sub(r"^\s*\* ?", "", line) for line in match[0].strip("/").strip("*").split("\n")]
            yield text.count("\n", 0, match.start()) + 1, " ".join(" ".join(lines).split())


def join_lines(numbered):
    """Comments of lines that follow each other, as one with the line that the first is in."""
    start, last, words = 0, 0, []
    for number, text in [*numbered, (0, "")]:
        if words and number != last + 1:
            yield start, " ".join(words)
            words = []
        if not words:
            start = number
        words.append(text)
        last = number


def python_comments(text):
    """Comments and docstrings."""
    numbered = []
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            numbered.append((token.start[0], token.string.lstrip("#! ")))
        elif token.type == tokenize.STRING and previous in (tokenize.NEWLINE, tokenize.INDENT, tokenize.ENCODING):
            yield token.start[0], " ".join(token.string.strip('"').split())
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.DEDENT):
            previous = token.type
    yield from join_lines(numbered)


def hash_comments(text):
    """Comments of shell, CMake and YAML: lines that begin with "#", and the ends of others."""
    numbered = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"""^(?:[^"'#]|"[^"]*"|'[^']*'|(?<=\S)#)*?(?:^|(?<=\s))#+!? ?(.*)$""", line)
        if match:
            numbered.append((number, match[1]))
    yield from join_lines(numbered)


READERS = {".c": c_comments, ".h": c_comments, ".S": c_comments, ".cc": c_comments, ".py": python_comments}
READERS.update({suffix: hash_comments for suffix in (".sh", ".cmake", ".txt", ".yml", ".yaml")})


@functools.cache
def commented():
    """Places and texts of the comments of the code."""
    found = []
    paths = [TOP / "CMakeLists.txt"]
    for folder in (".ci", "builder", "oci", "scripts", "tests"):
        paths += sorted((TOP / folder).rglob("*"))
    for path in paths:
        name = str(path.relative_to(TOP))
        if name in NOT_READ or name.startswith(EMBEDDED):
            continue
        if path.suffix == ".txt" and path.name != "CMakeLists.txt":
            continue
        reader = READERS.get(path.suffix)
        if reader is None and path.parent.name == "scripts" and path.is_file():
            reader = python_comments if b"python" in path.read_bytes().split(b"\n")[0] else hash_comments
        if reader is not None and path.is_file():
            for number, words in reader(path.read_text(encoding="utf-8")):
                found.append((f"{name}:{number}", words))
    return found


class Words(unittest.TestCase):
    def test_no_phrase_of_the_list(self):
        found = []
        for place, text, following in prose():
            for pattern, instead in PHRASES if ".c:" in place else PHRASES + DOCUMENT_PHRASES:
                for match in re.finditer(pattern, text + following):
                    if match.start() < len(text):
                        found.append(f"{place}: ‘{match[0]}’: write {instead}")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_no_phrase_in_comments(self):
        found = []
        for place, text in commented():
            for pattern, instead in PHRASES + COMMENT_PHRASES:
                for match in re.finditer(pattern, text):
                    found.append(f"{place}: ‘{match[0]}’: write {instead}")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_phrases_in_comments_are_found(self):
        patterns = [pattern for pattern, _ in PHRASES + COMMENT_PHRASES]
        for text in ("What the store has.", "Of the first layer", "whoever opens it", "who writes it waits", "images of strangers", "it is none", "for everybody", "the layer at hand"):
            with self.subTest(text):
                self.assertTrue(any(re.search(pattern, text) for pattern in patterns))
        for text in ("Of several layers, the first is used.", "of char *", "users who type it", "What is it?", "there is none"):
            with self.subTest(text):
                self.assertFalse(any(re.search(pattern, text) for pattern in patterns))

    def test_files_in_comments_exist(self):
        missing = []
        for place, text in commented():
            for match in re.finditer(r"(?<![\w/.$-])(?:docs|builder|oci|tests|scripts|profiles)/[\w./*-]*[\w*]", text):
                name = match[0].rstrip(".")
                if name not in OTHER_FILES and not any(TOP.glob(name)) and not any(TOP.glob(name + "*")):
                    missing.append(f"{place}: {name}")
        self.assertEqual(missing, [], "\n" + "\n".join(missing))

    def test_they_are_found(self):
        for text in ("‘x’ is no name", "all are no files", "the file behind it", "nobody has it", "it stands in the record"):
            with self.subTest(text):
                self.assertTrue(any(re.search(pattern, text) for pattern, _ in PHRASES))
        for text in ("tests and their like", "a digest is held against it", "the lock is not looked at", "`x` as of `build`", "the answer stands"):
            with self.subTest(text):
                self.assertTrue(any(re.search(pattern, text) for pattern, _ in DOCUMENT_PHRASES))
        for text in ("there is no such file", "There are no times", "it is no longer there", "run as ‘nobody’", "behind a proxy"):
            with self.subTest(text):
                self.assertFalse(any(re.search(pattern, text) for pattern, _ in PHRASES))

    def test_readers(self):
        self.assertEqual(list(c_comments('int a; /* b\n * c */\nf ("/* d */"); // e')), [(1, "b c"), (3, "e")])
        text = '"""a\nb"""\n# c\n# d\nx = "# e"  # f\n'
        self.assertEqual(list(python_comments(text)), [(1, "a b"), (3, "c d f")])
        self.assertEqual(list(hash_comments('#!/bin/sh\n\n# a\n# b\nc "# d" e#f  # g\n')), [(1, "/bin/sh"), (3, "a b g")])

    def test_literals(self):
        text = '/* "a" */ f ("b"\n  "c", \'"\') // "d"\n  "e\\"f"'
        self.assertEqual([words for _, words in literals(text.replace("'\"'", "0"))], ["bc", 'e\\"f'])


if __name__ == "__main__":
    unittest.main()
