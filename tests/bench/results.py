"""results.json: what was measured, where, and with which versions. Portions of a benchmark accumulate in it."""

import json

FORMAT = 1


class Different(Exception):
    pass


def empty():
    return {"format": FORMAT, "date": None, "machine": None, "versions": {}, "program": None, "settings": {}, "inputs": {}, "rows": []}


def load(path):
    document = json.loads(path.read_text())
    if document.get("format") != FORMAT:
        raise Different(f"{path} has format {document.get('format')}, this program writes {FORMAT}: name another --output, or remove it")
    return document


def key(row):
    return row["scenario"], row["input"], row["tool"], row["round_trip"]


def merge(old, new):
    """Rows of both; where both measured the same, the new ones. Numbers of two machines or two programs do not belong in one table."""
    if not old["rows"]:
        return new
    for name in ("machine", "program"):
        if old[name] != new[name]:
            raise Different(f"the {name} of the earlier results is another one ({old[name]}, now {new[name]}): name another --output, or leave out --merge")
    for name in ("versions", "settings", "inputs"):
        for word, value in old[name].items():
            if new[name].get(word, value) != value:
                raise Different(f"{word} of the earlier results is '{value}', now '{new[name][word]}': name another --output, or leave out --merge")
    rows = {key(row): row for row in old["rows"]} | {key(row): row for row in new["rows"]}
    both = {name: {**old[name], **new[name]} for name in ("versions", "settings", "inputs")}
    return {**new, **both, "rows": list(rows.values())}


def save(path, document):
    """One row per line: a new measurement is a small change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join("  " + json.dumps(row, sort_keys=True) for row in document["rows"])
    head = json.dumps({name: value for name, value in document.items() if name != "rows"}, indent=1, sort_keys=True)
    partial = path.with_suffix(".partial")
    partial.write_text(f'{head[:-2]},\n "rows": [\n{rows}\n ]\n}}\n' if rows else f'{head[:-2]},\n "rows": []\n}}\n')
    partial.replace(path)
