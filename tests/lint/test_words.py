"""Phrases that may not come back: readers stumble over them, in documents, help texts and messages."""

import pathlib
import re
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


class Words(unittest.TestCase):
    def test_no_phrase_of_the_list(self):
        found = []
        for place, text, following in prose():
            for pattern, instead in PHRASES if ".c:" in place else PHRASES + DOCUMENT_PHRASES:
                for match in re.finditer(pattern, text + following):
                    if match.start() < len(text):
                        found.append(f"{place}: ‘{match[0]}’: write {instead}")
        self.assertEqual(found, [], "\n" + "\n".join(found))

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

    def test_literals(self):
        text = '/* "a" */ f ("b"\n  "c", \'"\') // "d"\n  "e\\"f"'
        self.assertEqual([words for _, words in literals(text.replace("'\"'", "0"))], ["bc", 'e\\"f'])


if __name__ == "__main__":
    unittest.main()
