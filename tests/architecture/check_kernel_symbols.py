"""Whether objects that are compiled for newer processors than others define nothing that the linker might take for
the whole program: functions that headers define inline, which would then not run on older processors.

check_kernel_symbols.py NM OBJECT...; only objects with an instruction set in their name are looked at."""

import pathlib
import re
import subprocess
import sys

nm, *objects = sys.argv[1:]
newer = [path for path in objects if re.search(r"_(avx\w*|x86)\.cpp", pathlib.Path(path).name)]
if not newer:
    sys.exit("no object for a newer processor among those given")
shared = []
for path in newer:
    symbols = subprocess.run([nm, "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    shared += [f"{pathlib.Path(path).name}: {line}" for line in symbols.splitlines() if re.match(r"\w+ [Wu] ", line)]
sys.exit("\n".join(["defined for every file that uses it:", *shared]) if shared else 0)
