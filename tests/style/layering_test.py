#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the include root cannot: that a library includes only what its DEPS declare.

All libraries share libs/ as include root, so a wrong #include compiles. Here every
#include "library/..." is compared with the DEPS of the library's CMakeLists.txt, the layers with
libs/CMakeLists.txt, and heavy third-party headers with the one library that may see them.
"""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Third-party headers with a home: prefix -> libraries of libs/ that may include it.
HOMES = {
    "unicode/": {"connect"},
    "phonenumbers/": {"connect"},
    "prometheus/": {"exposition"},
    "rocksdb/": {"store_rocksdb"},
    "grpc/": {"api"},
    "grpcpp/": {"api"},
    "httplib.h": {"intake"},
    "spdlog/": {"base"},
    "spotter/v1/": {"wire", "api"},
    "google/protobuf/": {"wire", "api"},
}

# What a pure library may not include: clocks, chance, files, threads.
PURE = {"model", "identity", "profile", "segment", "journey", "govern"}
IMPURE = {
    "base/clock.h", "ctime", "filesystem", "fstream", "future", "iostream", "mutex",
    "random", "shared_mutex", "thread", "time.h", "sys/time.h", "unistd.h", "pthread.h",
}
IMPURE_NAMES = re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock|thread_local)\b")

KEYWORDS = {"NAME", "LAYER", "HEADERS", "SOURCES", "DEPS", "EXTERNAL", "NO_PCH"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.MULTILINE)


def read(path):
    return path.read_text(encoding="utf-8")


def cmake_words(text):
    return re.sub(r"#[^\n]*", "", text).split()


def layers(libs):
    """{library: layer} by the table in libs/CMakeLists.txt."""
    table = {}
    for body in re.findall(r"^spotter_layer\(([^)]*)\)", read(libs / "CMakeLists.txt"), re.M):
        number, *names = cmake_words(body)
        table.update({name: int(number) for name in names})
    return table


def declared(cmake_file):
    """{keyword: [words]} of the spotter_library() call in a CMakeLists.txt."""
    call = re.search(r"spotter_library\(([^)]*)\)", read(cmake_file))
    arguments, keyword = {}, None
    for word in cmake_words(call.group(1)) if call else []:
        if word in KEYWORDS:
            keyword = word
            arguments[keyword] = []
        else:
            arguments[keyword].append(word)
    return arguments


def violations(libs):
    found = []
    table = layers(libs)
    for cmake_file in sorted(libs.glob("*/CMakeLists.txt")):
        library = cmake_file.parent.name
        arguments = declared(cmake_file)
        deps = arguments.get("DEPS", [])
        where = f"libs/{library}"
        if arguments.get("NAME") != [library]:
            found.append(f"{where}/CMakeLists.txt: expected spotter_library(NAME {library} ...)")
        for dep in deps:
            if not (libs / dep / "CMakeLists.txt").exists():
                found.append(f"{where}: DEPS names {dep}, which is not in libs/")
            elif table.get(dep, 99) >= table.get(library, -1):
                found.append(f"{library} (layer {table.get(library)}) may not depend on "
                             f"{dep} (layer {table.get(dep)})")
        files = arguments.get("HEADERS", []) + arguments.get("SOURCES", [])
        for source in sorted(cmake_file.parent.rglob("*")):
            if source.suffix not in (".h", ".cc"):
                continue
            name = source.relative_to(cmake_file.parent).as_posix()
            if name not in files:
                found.append(f"{where}/{name}: in neither HEADERS nor SOURCES of its CMakeLists.txt")
            found += [f"{where}/{name}: {text}"
                      for text in include_violations(library, deps, table, read(source))]
    return found


def include_violations(library, deps, table, text):
    for quote, header in INCLUDE.findall(text):
        folder = header.split("/")[0]
        if quote == '"' and folder in table and folder != library and folder not in deps:
            verdict = "is not in its DEPS" if table[folder] < table[library] else (
                f"is layer {table[folder]}, {library} is layer {table[library]}")
            yield f'includes "{header}": {folder} {verdict}'
        for prefix, homes in HOMES.items():
            if header.startswith(prefix) and library not in homes:
                yield f"includes {header}, which only {', '.join(sorted(homes))} may"
        if library in PURE and header in IMPURE:
            yield f"includes {header}, but {library} is pure: no clock, chance, files or threads"
    if library in PURE:
        for name in IMPURE_NAMES.findall(text):
            yield f"names {name}, but {library} is pure: no clock, chance, files or threads"


class Layering(unittest.TestCase):
    def test_libraries_include_only_what_they_declare(self):
        self.assertEqual([], violations(ROOT / "libs"))

    def test_planted_violations_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            libs = pathlib.Path(folder)
            (libs / "CMakeLists.txt").write_text(
                "spotter_layer(0 base)\nspotter_layer(1 model)\nspotter_layer(2 segment profile)\n")
            for name, deps, source in (
                    ("base", "", ""),
                    ("model", "", '#include "base/status.h"\n#include "segment/parser.h"\n'),
                    ("segment", "base profile", "#include <rocksdb/db.h>\n#include <random>\n"),
                    ("profile", "base", '#include "base/status.h"\n#include <vector>\n')):
                (libs / name).mkdir()
                (libs / name / "CMakeLists.txt").write_text(
                    f"spotter_library(NAME {name} LAYER 0\n  SOURCES x.cc\n  DEPS {deps})\n")
                (libs / name / "x.cc").write_text(source)
            self.assertEqual([
                'libs/model/x.cc: includes "base/status.h": base is not in its DEPS',
                'libs/model/x.cc: includes "segment/parser.h": segment is layer 2, model is layer 1',
                "segment (layer 2) may not depend on profile (layer 2)",
                "libs/segment/x.cc: includes rocksdb/db.h, which only store_rocksdb may",
                "libs/segment/x.cc: includes random, but segment is pure: "
                "no clock, chance, files or threads",
            ], violations(libs))


if __name__ == "__main__":
    sys.exit(unittest.main())
