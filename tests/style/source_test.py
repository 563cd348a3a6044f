#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every source has and has not: a license line, no leftovers, no dumping-ground folder."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("libs", "services", "tests", "benchmarks")
LICENSE = "SPDX-License-Identifier: Apache-2.0"
LEFTOVER = re.compile(r"\b(?:FIX" r"ME|XX" r"X|HA" r"CK)\b")
DUMPING_GROUNDS = {"util", "utils", "common", "helper", "helpers", "misc"}
TOP_LEVEL = {"proto", "services", "libs", "deploy", "helm", "benchmarks", "tests", "docs", "cmake",
             "build"}


def sources(*suffixes):
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


class Source(unittest.TestCase):
    def test_begins_with_the_license_line(self):
        missing = [str(path) for path, text in sources(".h", ".cc")
                   if not text.startswith(f"// {LICENSE}\n")]
        missing += [str(path) for path, text in sources(".py")
                    if f"# {LICENSE}" not in text.split("\n")[:2]]
        self.assertEqual([], missing)

    def test_leaves_nothing_for_later(self):
        left = [f"{path}: {match.group()}" for path, text in sources(".h", ".cc", ".py")
                for match in LEFTOVER.finditer(text)]
        self.assertEqual([], left)

    def test_headers_have_pragma_once(self):
        self.assertEqual([], [str(path) for path, text in sources(".h")
                              if "#pragma once\n" not in text])

    def test_libraries_do_not_use_namespaces_of_others(self):
        using = [str(path) for path, text in sources(".h")
                 if re.search(r"^using namespace (?!std::literals|std::chrono_literals)", text, re.M)]
        self.assertEqual([], using)

    def test_no_folder_is_a_dumping_ground(self):
        bad = [str(path.relative_to(ROOT)) for folder in FOLDERS
               for path in (ROOT / folder).rglob("*")
               if path.is_dir() and path.name in DUMPING_GROUNDS]
        self.assertEqual([], bad)

    def test_top_level_is_the_agreed_one(self):
        extra = [path.name for path in ROOT.iterdir()
                 if path.is_dir() and not path.name.startswith((".", "build"))
                 and path.name not in TOP_LEVEL]
        self.assertEqual([], extra)


if __name__ == "__main__":
    sys.exit(unittest.main())
