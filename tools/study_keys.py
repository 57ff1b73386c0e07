#!/usr/bin/env python3
"""Writes the tables of keys in studies/README.md from studies/study.schema.json.

    python3 tools/study_keys.py           rewrites the tables in their places
    python3 tools/study_keys.py --check   changes nothing and fails when a table is not what the schema says

A table stands between `<!-- keys: NAME -->` and `<!-- end of keys -->`; each NAME has its place exactly once.
"""

import argparse
import json
import pathlib
import re
import sys

STUDIES = pathlib.Path(__file__).resolve().parent.parent / "studies"
REGION = re.compile(r"(<!-- keys: ([a-z ]+) -->\n).*?(<!-- end of keys -->\n)", re.DOTALL)
COMMENT = "$comment"  # In every object; the table of the file's own keys has it.
LARGEST_SEED, LARGEST_COUNT = 2**64 - 1, 2**53
LARGE = {LARGEST_SEED: "2⁶⁴ − 1", LARGEST_COUNT: None}


class Schema:
    def __init__(self, root):
        self.root = root

    def resolved(self, part):
        """The part with what its $ref names, its own words first."""
        if "$ref" not in part:
            return part
        target = self.root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return {**self.resolved(target), **part}

    def branch(self, part, type_name):
        """What an object with that "type" looks like."""
        for branch in part["allOf"]:
            if branch["if"]["properties"]["type"]["const"] == type_name:
                return branch["then"]
        raise KeyError(type_name)

    def types(self, part):
        return part["properties"]["type"]["enum"]

    def keys_beside(self, objective):
        for branch in self.root["allOf"]:
            if branch["if"]["properties"]["objective"]["properties"]["type"]["const"] == objective:
                return branch["then"]["properties"]
        raise KeyError(objective)


def number(value):
    return LARGE.get(value, f"{value:,}") if isinstance(value, int) else f"{value:g}"


def bounds(part):
    """ ", 1 to 10", " in [0, 1)", " ≥ 1" and the like."""
    low, high = part.get("minimum"), part.get("maximum")
    below, above = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    least = low if low is not None else below
    most = high if high is not None else above
    if most is not None and number(most) is None:
        most = None
    if low is not None and high is not None and most is not None:
        return f", {number(low)} to {number(high)}"
    if least is not None and most is not None:
        return f" in {'[' if low is not None else '('}{number(least)}, {number(most)}{']' if high is not None else ')'}"
    if least is not None:
        return f" {'≥' if low is not None else '>'} {number(least)}"
    if most is not None:
        return f" {'≤' if high is not None else '<'} {number(most)}"
    return ""


def values_of(schema, part):
    """What may stand there, in words."""
    part = schema.resolved(part)
    if "enum" in part:
        return ", ".join(code(value) for value in part["enum"])
    if "allOf" in part and "properties" in part:
        return "object with `type`"
    kinds = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false",
             "array": "list", "object": "object"}
    if "anyOf" in part:
        texts = [values_of(schema, {**choice, **{k: v for k, v in part.items() if k in ("minimum", "maximum")}}
                           if choice.get("type") == "integer" else choice) for choice in part["anyOf"]]
        return " or ".join(texts)
    kind = part["type"]
    if kind == "array":
        items = schema.resolved(part.get("items", {})).get("type")
        return {"string": "list of texts", "object": "list of objects"}.get(items, "list")
    return kinds[kind] + bounds(part)


def code(value):
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def default_of(part, required):
    if required:
        return "required"
    return code(part["default"]) if "default" in part else ""


def row(schema, key, part, required=False):
    part = schema.resolved(part)
    if not part.get("description"):
        sys.exit(f"the schema does not describe {key}")
    return [f"`{key}`", part["description"].replace("|", "\\|"), values_of(schema, part), default_of(part, required)]


def rows_of(schema, part):
    required = part.get("required", [])
    return [row(schema, key, value, key in required) for key, value in part["properties"].items()
            if key not in ("type", COMMENT)]


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


HEADER = ["key", "what", "values", "default"]


def study_table(schema):
    root = schema.root
    return table(HEADER, [row(schema, key, part, key in root["required"]) for key, part in root["properties"].items()])


def object_table(schema, part):
    return table(HEADER, rows_of(schema, part))


def variants_table(schema, name):
    """A row a type, and a row each of its options."""
    rows = []
    part = schema.root["properties"][name]
    for type_name in schema.types(part):
        branch = schema.branch(part, type_name)
        rows.append([f"**`{type_name}`**", "", branch["properties"]["type"]["description"], "", ""])
        rows += [["", *cells] for cells in rows_of(schema, branch) if cells[0] != "`seed`"]
    return table([name, "option", "what", "values", "default"], rows)


def entry_table(schema):
    """Keys of a parameter in the space: a program's may have all of them."""
    entry = schema.keys_beside("command")["space"]["additionalProperties"]
    types = schema.types(entry)
    known = {}
    for type_name in types:
        branch = schema.branch(entry, type_name)
        for key, part in branch["properties"].items():
            if key not in ("type", COMMENT):
                known.setdefault(key, (part, key in branch.get("required", []), []))[2].append(type_name)
    rows = [["`type`", "all", "What kind of values it has; a number may also be searched as a list of choices.", "required"]]
    for key, (part, required, where) in known.items():
        part = schema.resolved(part)
        rows.append([f"`{key}`", "all" if where == types else ", ".join(where), part["description"],
                     default_of(part, required)])
    return table(["key", "for", "what", "default"], rows)


def metrics_table(schema):
    metrics = schema.keys_beside("fmnist")["objectives"]["items"]["properties"]["metric"]["anyOf"]
    return table(["metric", "what"], [[f"`{metric['const']}`", metric["description"]] for metric in metrics])


def tables(schema):
    properties = schema.root["properties"]
    objective = properties["objective"]
    made = {"study": study_table(schema), "entry": entry_table(schema), "metrics": metrics_table(schema),
            "sampler": variants_table(schema, "sampler"), "pruner": variants_table(schema, "pruner"),
            "parameters": object_table(schema, {"properties": schema.keys_beside("fmnist")["fixed"]["properties"]})}
    for type_name in schema.types(objective):
        made[type_name] = object_table(schema, schema.branch(objective, type_name))
    for key, part in properties.items():
        inner = part.get("items", part)
        if "properties" in inner and "allOf" not in inner:
            made[key] = object_table(schema, inner)
    return made


def rewritten(text, made):
    places = [match.group(2) for match in REGION.finditer(text)]
    if sorted(places) != sorted(made):
        sys.exit(f"studies/README.md has places for {', '.join(sorted(places))}; the schema has {', '.join(sorted(made))}")
    return REGION.sub(lambda match: match.group(1) + made[match.group(2)] + match.group(3), text)


def main():
    parser = argparse.ArgumentParser(description="Writes the tables of keys in studies/README.md from the schema.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a table is not what the schema says")
    options = parser.parse_args()
    readme = STUDIES / "README.md"
    schema = Schema(json.loads((STUDIES / "study.schema.json").read_text(encoding="utf-8")))
    before = readme.read_text(encoding="utf-8")
    after = rewritten(before, tables(schema))
    if options.check:
        if before != after:
            sys.exit("studies/README.md: the tables of keys are not what the schema says; run tools/study_keys.py")
    elif before != after:
        readme.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
