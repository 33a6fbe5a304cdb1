"""Requirements for comments of C: each function of a header has one, with the owner of the result and error codes."""

import pathlib
import re
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]

# Comments, and what could be mistaken for the start of one.
TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL)
DECLARATION = re.compile(
    r"^(?!typedef|#|struct|static|extern|union|enum|G_(?!NORETURN)| )(?P<type>[A-Za-z_](?:[\w *]|\n(?!\s))*?[ \n*])(?P<name>[a-z]\w+) ?\((?P<arguments>[^;{}]*)\)[^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)?;",
    re.MULTILINE,
)
DEFINITION = re.compile(
    r"^(?:static [\w ]*[ *])?(?P<name>[A-Za-z_]\w*) ?\((?P<arguments>(?:[^;{}()]|\((?:[^()]|\([^()]*\))*\))*)\)\s*\n\{(?P<body>.*?)^\}",
    re.DOTALL | re.MULTILINE,
)
CODE = re.compile(r"%?\b((?:OCI|TERRANE)_ERROR_[A-Z_]+|G_(?:IO|FILE|SHELL|RESOURCE|THREAD|OPTION)_ERROR)\b")

# Their names say all of it.
PLAIN = re.compile(r"_(free|clear|unref|quark)$")
# The error is their argument, and not a result.
THROW = {"oci_throw", "oci_throw_errno", "oci_error_append", "oci_error_prefix_new"}
# Codes that callers never see, since the function handles them itself.
KEPT = {("terrane_shared_cache_find", "OCI_ERROR_CORRUPT"), ("terrane_cache_sweep", "OCI_ERROR_CORRUPT")}
SEE_HEAD = "Errors: see the head."


def blank(text):
    """The text without comments and content of literals; all else is where it was."""

    def empty(match):
        kept = re.sub(r"[^\n]", " ", match[0])
        return match[0][0] + kept[1:-1] + match[0][0] if match[0][0] in "\"'" else kept

    return TOKENS.sub(empty, text)


def comments(text):
    """Pairs of a comment's end and its words, in one line."""
    for match in TOKENS.finditer(text):
        if match[0].startswith("/*"):
            lines = [re.sub(r"^\s*\* ?", "", line) for line in match[0][2:-2].lstrip("*").split("\n")]
            yield match.end(), " ".join(" ".join(lines).split())


def declarations(path):
    """Of each function declared in a header: its match, and the words of the comment before it."""
    text = path.read_text(encoding="utf-8")
    ends = dict(comments(text))
    bare = blank(text)
    for match in DECLARATION.finditer(bare):
        before = text[: match.start()].rstrip("\n")
        near = text.count("\n", len(before), match.start()) == 1
        yield match, ends.get(len(before), "") if near else ""


def head(path):
    return next((words for _, words in comments(path.read_text(encoding="utf-8"))), "")


def headers():
    return sorted([*TOP.glob("oci/**/*.h"), *TOP.glob("builder/**/*.h")])


def thrown(path):
    """Of each function of a .c file: the codes that it, or a static function which it uses, throws."""
    text = blank(path.read_text(encoding="utf-8"))
    bodies = {match["name"]: match["body"] for match in DEFINITION.finditer(text)}
    names = {name: set(re.findall(r"\b[a-z]\w+\b", body)) & (bodies.keys() - {name}) for name, body in bodies.items()}
    own = {}
    for name, body in bodies.items():
        own[name] = set(re.findall(r"\boci_throw \(\w+,\s*((?:OCI|TERRANE)_ERROR_\w+)", body))
        own[name] |= set(re.findall(r"\bg_set_error(?:_literal)? \(\w+,\s*\w+,\s*((?:OCI|TERRANE)_ERROR_\w+)", body))
        if "oci_throw_errno (" in body:
            own[name].add("OCI_ERROR_IO")
    changed = True
    while changed:
        changed = False
        for name, used in names.items():
            more = set().union(*(own[other] for other in used if not other.startswith(("oci_", "terrane_", "docker_"))))
            if not more <= own[name]:
                own[name] |= more
                changed = True
    return own


class Headers(unittest.TestCase):
    def functions(self):
        for path in headers():
            top = head(path)
            for match, words in declarations(path):
                if match["name"] not in THROW and not PLAIN.search(match["name"]):
                    yield f"{path.relative_to(TOP)}: {match['name']}", match, words, top

    def test_head(self):
        missing = []
        for path in headers():
            if not path.read_text(encoding="utf-8").startswith(("/*", "#pragma once\n\n/*")):
                missing.append(str(path.relative_to(TOP)))
        self.assertEqual(missing, [], "a header begins with a comment that says what the module does")

    def test_functions_have_a_comment(self):
        missing = [place for place, _, words, _ in self.functions() if not words]
        self.assertEqual(missing, [], "\n" + "\n".join(missing))

    def test_errors(self):
        missing = []
        for place, match, words, top in self.functions():
            if "GError **" not in match["arguments"] or "Returns: always %FALSE" in words:
                continue
            named = CODE.search(words) or "Errors: those of" in words
            if not named and not (SEE_HEAD in words and CODE.search(top)):
                missing.append(place)
        self.assertEqual(
            missing, [], f"their comments name error codes, or say ‘{SEE_HEAD}’, and the head of the header names them"
        )

    def test_errors_are_those_that_are_thrown(self):
        """Only for codes that the same file throws: those of other files are left to the author."""
        codes = {}
        for folder in ("oci", "builder"):
            for path in sorted((TOP / folder).rglob("*.c")):
                codes.update(thrown(path))
        missing = []
        for place, match, words, top in self.functions():
            if "GError **" not in match["arguments"] or "codes of OCI_ERROR" in words:
                continue
            named = set(CODE.findall(words)) | (set(CODE.findall(top)) if SEE_HEAD in words else set())
            lacking = codes.get(match["name"], set()) - named
            lacking = {code for code in lacking if (match["name"], code) not in KEPT}
            if lacking:
                missing.append(f"{place}: {', '.join(sorted(lacking))}")
        self.assertEqual(missing, [], "\n" + "\n".join(missing))

    def test_parameters_exist(self):
        unknown = []
        for place, match, words, _ in self.functions():
            known = set(re.findall(r"(\w+)(?:\[\w*\])?\s*(?=[,)])", match["arguments"] + ")")) | {"self"}
            unknown += [f"{place}: @{name}" for name in re.findall(r"(?:^| )@(\w+)(?::|, @\w+:)", words) if name not in known]
        self.assertEqual(unknown, [], "\n" + "\n".join(unknown))

    def test_ownership(self):
        missing = []
        for place, match, words, _ in self.functions():
            if "*" in match["type"] and "(transfer " not in words:
                missing.append(place)
        self.assertEqual(missing, [], "\n" + "\n".join(missing))


if __name__ == "__main__":
    unittest.main()
