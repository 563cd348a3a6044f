#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the sources of libs/, remembering what passed.

A source passes again without being looked at while it, every header of libs/ and contract it can
reach and .clang-tidy are what they were; so a second run takes seconds. What passed is kept in
the user's cache folder, as ccache keeps what it compiled: a new clone knows it too.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-16"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
INCLUDE = re.compile(r'^\s*(?:#\s*include|import)\s+"([^"]+)"', re.MULTILINE)
GENERATED = re.compile(r"(\.grpc)?\.pb\.h$")  # of a contract: what it is made from counts


def configure(build: pathlib.Path) -> None:
    # clang reads the commands that gcc would get, so without gcc's precompiled headers.
    subprocess.run(
        ["cmake", "--preset", "dev", "-B", build, "-DSPOTTER_PCH=OFF", "-DSPOTTER_CCACHE=OFF"],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    if list((ROOT / "proto").glob("spotter/v1/*.proto")):
        subprocess.run(["cmake", "--build", build, "--target", "spotter_proto_sources"],
                       check=True, stdout=subprocess.DEVNULL)


def reachable(source: pathlib.Path, seen: set) -> set:
    if source not in seen and source.exists():
        seen.add(source)
        for name in INCLUDE.findall(source.read_text(encoding="utf-8")):
            name = GENERATED.sub(".proto", name)
            for folder in (ROOT / "libs", ROOT / "proto", source.parent):
                reachable(folder / name, seen)
    return seen


def fingerprint(source: pathlib.Path, settings: bytes) -> str:
    digest = hashlib.sha256(settings)
    for file in sorted(reachable(source, set())):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/tidy")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("sources", nargs="*", type=pathlib.Path, help="default: all of libs/")
    args = parser.parse_args()

    configure(args.build.resolve())
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes()
    passed_before = CACHE / "spotter-tidy"
    passed_before.mkdir(parents=True, exist_ok=True)

    sources = [s.resolve() for s in args.sources] or sorted((ROOT / "libs").glob("*/*.cc"))
    commands = (args.build / "compile_commands.json").read_text(encoding="utf-8")
    sources = [s for s in sources if f'"{s}"' in commands]

    def check(source: pathlib.Path):
        mark = passed_before / fingerprint(source, settings)
        if mark.exists():
            return source, 0, ""
        # Options that only gcc knows, and warnings, which gcc has already reported.
        done = subprocess.run(
            [TIDY, "-p", args.build, "--quiet", "--extra-arg=-Wno-everything", source],
            capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode == 0:
            mark.touch()
        return source, done.returncode, done.stdout + (done.stderr if done.returncode else "")

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for source, code, output in pool.map(check, sources):
            if code:
                failed += 1
                print(output.strip())
                print(f"tidy: {source.relative_to(ROOT)} failed")
    print(f"tidy: {len(sources) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
