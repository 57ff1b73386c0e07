"""Makes the Debian package of a build, and looks at what it holds, what it depends on, and whether it runs.

usage: debian_package.py CPACK BUILD_DIR WORK_DIR
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys


def run(*command, **options):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout


def check(condition, what):
    if not condition:
        sys.exit(f"the package is not right: {what}")


def torch_part_of(build):
    return next(build.glob("**/tune_fmnist_torch.so"))


def torch_of(module):
    """The line of ldd that says where it finds LibTorch."""
    return next(line for line in run("ldd", module).splitlines() if "libtorch_cpu" in line)


def check_control(package, version, build):
    fields = dict(re.findall(r"^ (\S+): (.*)$", run("dpkg-deb", "--info", package), re.MULTILINE))
    check(fields["Package"] == "fmnist-tune" and fields["Version"] == version, f"it is {fields}")
    depends = fields["Depends"]
    for library in ("libc6", "libstdc++6", "libsqlite3-0", "libboost-program-options", "libfmt", "libspdlog",
                    "libdeflate0"):
        check(library in depends, f"it does not depend on {library}, but on {depends}")
    # A LibTorch from elsewhere is in no package.
    check("libtorch" in depends or "/usr/lib" not in torch_of(torch_part_of(build)),
          f"it does not depend on LibTorch, but on {depends}")
    check("-dev" not in depends, f"it depends on what only builds need: {depends}")
    check("dataset-fashion-mnist" in fields["Recommends"], "it does not recommend the data set")
    check("libopenblas0" in fields["Recommends"], "it does not recommend a fast BLAS")
    return depends


def check_files(root):
    for pattern in ("bin/fmnist-tune", "lib*/**/libtune.so.*", "lib/**/tune_fmnist.so",
                    "lib/**/tune_fmnist_torch.so", "include/tune/study.hpp",
                    "lib/**/cmake/tune/tuneConfig.cmake", "share/fmnist-tune/studies/mlp.json",
                    "share/fmnist-tune/studies/softmax_regression.py", "share/man/man1/fmnist-tune.1",
                    "share/bash-completion/completions/fmnist-tune",
                    "share/zsh/vendor-completions/_fmnist-tune", "share/doc/fmnist-tune/copyright"):
        check(list((root / "usr").glob(pattern)), f"it has no {pattern}")
    stray = [str(path.relative_to(root)) for path in root.rglob("*")
             if path.is_file() and not str(path.relative_to(root)).startswith("usr/")]
    check(not stray, f"it has files outside of /usr: {stray}")


def check_runs(root, work):
    """Unpacked anywhere, the program finds its library and its study files; a program of one's own is searched."""
    program = root / "usr/bin/fmnist-tune"
    version = run(program, "--version")
    check("LibTorch" in version, version)
    libraries = run("ldd", program)
    check(str(root) in libraries, f"it does not take its own library: {libraries}")
    check("torch" not in libraries, "the program itself needs LibTorch")
    (module,) = (root / "usr/lib").glob("**/tune_fmnist.so")
    check("torch" not in run("ldd", module), "the module that trains loads LibTorch before it is needed")
    for part in (module, module.with_name("tune_fmnist_torch.so")):
        check("not found" not in run("ldd", part), f"{part.name} misses a library")
    for name in ("command", "quick"):
        study = root / f"usr/share/fmnist-tune/studies/{name}.json"
        run(program, study, "--trials", "1", "--storage", work / f"{name}.db", cwd=work)
        check("COMPLETE" in run(program, "trials", work / f"{name}.db"), f"a trial of {name} did not run")
    return version


def main():
    cpack, build, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = dict(os.environ, TMPDIR=str(work))
    run(cpack, "-G", "DEB", "--config", build / "CPackConfig.cmake", "-B", work / "packages", cwd=build,
        env=environment)
    (package,) = (work / "packages").glob("*.deb")
    version = re.search(r"CPACK_PACKAGE_VERSION \"(.*)\"", (build / "CPackConfig.cmake").read_text())[1]
    depends = check_control(package, version, build)
    root = work / "root"
    run("dpkg-deb", "--extract", package, root)
    check_files(root)
    check_runs(root, work)
    print(f"{package.name}: {package.stat().st_size} bytes, depends on {depends}")


if __name__ == "__main__":
    main()
