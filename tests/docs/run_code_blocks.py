"""Runs the code blocks of one Markdown file, so that what the manuals show works.

usage: run_code_blocks.py FILE.md --root DIR --build DIR --work DIR [--study-db]

By the language of a block: bash and python are run, cpp is compiled against libtune and run, json is parsed, text
is not looked at; a block without a language is an error. All blocks of a file share one fresh folder, in
which `studies` and `tools` are the repository's and `fmnist-tune` is on the PATH; with --study-db also mlp.db, a short
study. $TUNE_ROOT is the repository.

A comment on the line before a block says otherwise:
  <!-- not run: REASON -->   the block is left alone
  <!-- in short: REASON -->  as it stands, but `fmnist-tune` trains for a moment: few trials, examples and epochs
  <!-- until interrupted: REASON -->  it must say an address, answer there, and end well after SIGINT
  <!-- same as: PATH -->     the block must equal that file, which another test runs
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request

FENCE = re.compile(r"^```(\w*)\s*$")
MARK = re.compile(r"^<!-- (not run|in short|until interrupted|same as): (.+) -->$")
ADDRESS = re.compile(r"http://[^ ]+")
LIMIT_SECONDS = 120


class Block:
    def __init__(self, line, language, mark):
        self.line, self.language, self.mark = line, language, mark
        self.text = ""


def read_blocks(path):
    blocks, current, mark = [], None, None
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fence = FENCE.match(line)
        if current is None and fence:
            current = Block(number, fence[1], mark)
        elif current is not None and line == "```":
            blocks.append(current)
            current = None
        elif current is not None:
            current.text += line + "\n"
        mark = MARK.match(line)
    if current is not None:
        sys.exit(f"{path}:{current.line}: the block has no end")
    return blocks


def environment_of(options, in_short=False):
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    environment["TUNE_ROOT"] = str(options.root)
    folders = [str(options.build / "bin"), environment["PATH"]]
    if in_short:
        environment["FMNIST_TUNE_PROGRAM"] = str(options.build / "bin" / "fmnist-tune")
        folders.insert(0, str(pathlib.Path(__file__).resolve().parent / "in_short"))
    environment["PATH"] = os.pathsep.join(folders)
    return environment


def run(command, options, in_short=False, **arguments):
    result = subprocess.run(command, cwd=options.work, env=environment_of(options, in_short), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **arguments)
    print(result.stdout, end="")
    return result.returncode == 0


def run_cpp(block, options):
    source = options.work / f"block_{block.line}.cpp"
    source.write_text(block.text)
    program = source.with_suffix("")
    library = options.build / "lib"
    compile_command = [os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra", *options.cxx_flags.split(),
                       f"-I{options.root / 'include'}", str(source), f"-L{library}", "-ltune",
                       f"-Wl,-rpath,{library}", "-o", str(program)]
    return run(compile_command, options) and run([str(program)], options)


def run_bash(block, options):
    return run(bash(block), options, in_short=block.mark is not None)


def bash(block):
    return ["bash", "-euo", "pipefail", "-c", block.text]


def serves_until_interrupted(block, options):
    with subprocess.Popen(bash(block), cwd=options.work, env=environment_of(options), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        timer = threading.Timer(LIMIT_SECONDS, os.killpg, (server.pid, signal.SIGKILL))
        timer.start()
        try:
            address = next(filter(None, map(ADDRESS.search, server.stdout)), None)
            if address is None:
                return False
            with urllib.request.urlopen(address[0], timeout=LIMIT_SECONDS) as answer:
                is_page = answer.read().lstrip().startswith(b"<!")
            os.killpg(server.pid, signal.SIGINT)
            return is_page and server.wait(LIMIT_SECONDS) in (0, 128 + signal.SIGINT)
        finally:
            timer.cancel()
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)


def is_json(block, _options):
    try:
        json.loads(block.text)
    except ValueError as error:
        print(error)
        return False
    return True


RUNNERS = {
    "bash": run_bash,
    "python": lambda block, options: run([sys.executable, "-c", block.text], options),
    "cpp": run_cpp,
    "json": is_json,
    "text": lambda block, options: True,
}


def check(block, options):
    if block.mark and block.mark[1] == "not run":
        return True
    if block.mark and block.mark[1] == "until interrupted":
        return serves_until_interrupted(block, options)
    if block.mark and block.mark[1] == "same as":
        return block.text == (options.root / block.mark[2]).read_text()
    if block.language not in RUNNERS:
        print(f"no way to run language '{block.language}'; say 'not run' or 'same as'")
        return False
    return RUNNERS[block.language](block, options)


def make_study_db(options):
    """studies/mlp.json in short, in mlp.db."""
    return run(["fmnist-tune", "studies/mlp.json", "--trials", "3"], options, in_short=True)


def prepare(options):
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    for folder in ("studies", "tools"):
        (options.work / folder).symlink_to(options.root / folder)
    if options.study_db and not make_study_db(options):
        sys.exit("the study that the blocks look at could not be made")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--cxx-flags", default="")
    parser.add_argument("--study-db", action="store_true")
    options = parser.parse_args()

    prepare(options)
    failed = [block for block in read_blocks(options.file) if not check(block, options)]
    for block in failed:
        print(f"{options.file}:{block.line}: the block does not work:\n{block.text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
