"""Holds the JSON Schema of study files against the reader, over every file of the corpus and studies/.

What the schema refuses the reader must refuse, in the same places; what the reader accepts the schema must
accept, also for a good file with one value changed. Bad files that only the reader can refuse are listed here,
and the list must be exact.

usage: check_schema.py STUDY_FILE_CHECK SOURCE_FOLDER
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

# Beyond what a schema can say: order, references between keys, each key once.
ONLY_THE_READER_SEES = {
    "circles",
    "command_parameters",
    "command_placeholders",
    "constraint_in_a_window",
    "constraints_at_odds",
    "duplicate_keys",
    "grid_without_end",
    "limits_at_odds",
    "none_without_points",
    "points_below_an_absent_parent",
    "pruner_options_at_odds",
    "overflowing_number",  # Python reads 1e999 as infinity.
    "pruner_with_several_objectives",
    "pruner_without_reports",
    "ranges_too_wide",
    "repeat_and_layer",
    "repeat_of_nothing",
    "sampler_options_at_odds",
    "when_never",
}
# Not JSON at all, for Python's parser too.
NOT_JSON = {
    "broken_comma",
    "broken_escape",
    "broken_number",
    "broken_trailing",
    "broken_truncated",
    "broken_utf8",
    "empty",
    "only_blanks",
}
# Put in the place of every value of a good file.
STRANGERS = (None, True, -1, 0, 1, 2.5, 1e308, 2**53 + 2, "", "lr", "adam", [], {}, [1], {"type": "int"})


def main() -> int:
    check, source = sys.argv[1], pathlib.Path(sys.argv[2])
    validator = make_validator(run(check, "--schema").stdout)
    mistakes = []
    for folder, is_good in (("good", True), ("bad", False)):
        for path in sorted((source / "tests/data/studies" / folder).glob("*.json")):
            mistakes += judge(check, "toy", validator, path, is_good)
    real = make_validator((source / "studies/study.schema.json").read_text())
    for path in sorted((source / "studies").glob("*.json")):
        if path.name != "study.schema.json":
            mistakes += judge(check, "fmnist", real, path, True)
    good = source / "tests/data/studies/good/full.json"
    mistakes += judge_mutants(check, validator, json.loads(good.read_text()))
    print("\n".join(mistakes) or "schema and reader agree")
    return 1 if mistakes else 0


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def make_validator(text: str) -> jsonschema.Draft7Validator:
    schema = json.loads(text)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def parse(path: pathlib.Path):
    """The document, or nothing when it is not JSON."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError:
        return None


def judge(check: str, manifest: str, validator, path: pathlib.Path, is_good: bool) -> list[str]:
    reader = run(check, "--manifest", manifest, str(path))
    expected = "accepted" if is_good or path.stem in ONLY_THE_READER_SEES else "refused"
    expected = "not JSON" if path.stem in NOT_JSON else expected
    document = parse(path)
    errors = [] if document is None else list(validator.iter_errors(document))
    verdict = "not JSON" if document is None else "refused" if errors else "accepted"
    mistakes = []
    if (reader.returncode == 0) != is_good:
        mistakes.append(f"{path}: the reader {'refuses' if is_good else 'accepts'} it")
    if verdict != expected:
        mistakes.append(f"{path}: by the schema {verdict}, but should be {expected}")
    return mistakes + [
        f"{path}: the reader does not complain about {place}" for place in unseen(reader.stdout, errors)
    ]


def unseen(complaints: str, errors) -> list[str]:
    """Places of which the schema complains and the reader does not."""
    pointers = re.findall(r"^.*?:\d+:\d+: (/.*?): expected ", complaints, re.MULTILINE)
    return [
        place
        for place in ("".join(f"/{key}" for key in error.absolute_path) for error in errors)
        if place and not any(pointer == place or pointer.startswith(place + "/") for pointer in pointers)
    ]


def judge_mutants(check: str, validator, document) -> list[str]:
    """What the reader accepts of files with one strange value, the schema must accept."""
    with tempfile.TemporaryDirectory() as folder:
        mutants = {}
        for mutant in mutants_of(document):
            path = pathlib.Path(folder) / f"{len(mutants)}.json"
            path.write_text(json.dumps(mutant))
            mutants[f"{path}: ok"] = mutant
        accepted = set(run(check, *(line.removesuffix(": ok") for line in mutants)).stdout.splitlines())
    taken = [mutant for line, mutant in mutants.items() if line in accepted]
    if not 20 < len(taken) < len(mutants) / 2:
        return [f"{len(taken)} of {len(mutants)} mutants were accepted: they test nothing"]
    return [
        f"only the schema refuses {json.dumps(mutant)}: {next(validator.iter_errors(mutant)).message}"
        for mutant in taken
        if not validator.is_valid(mutant)
    ]


def mutants_of(node):
    """Copies of the tree with one value replaced or one key removed."""
    yield from STRANGERS
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        for changed in mutants_of(value):
            copy = type(node)(node)
            copy[key] = changed
            yield copy
        copy = type(node)(node)
        del copy[key]
        yield copy


if __name__ == "__main__":
    sys.exit(main())
