#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which lines of the mission a test names, as in `mission: C41 X22` or `mission: X1-X3`.

Prints the lines with their tests and counts per part. A line that no test names is not an error;
a name that is no line of the mission is. The list of lines is not part of the repository: it is
read from mission.md in SPOTTER_SHARED, or in ../shared beside it; without it only the names are
shown.
"""

import collections
import os
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".cc", ".h", ".py", ".sh", ".txt", ".yaml"}
LINE = r"[A-EX]\d+(?:-[A-EX]?\d+)?"
NAMED = re.compile(r"mission: *(%s(?:[ ,]+%s)*)\b" % (LINE, LINE))
DEFINED = re.compile(r"^- (%s)\b" % LINE, re.MULTILINE)


def expand(name):
    """'X1-X3' -> X1, X2, X3."""
    first, _, last = name.partition("-")
    part, begin = first[0], int(first[1:])
    end = int(last.lstrip("ABCDEX")) if last else begin
    return [f"{part}{number}" for number in range(begin, end + 1)]


def lines_in(text, pattern):
    return [line for match in pattern.finditer(text)
            for name in re.findall(LINE, match.group(1)) for line in expand(name)]


def order(line):
    return line[0], int(line[1:])


def named_lines():
    """{line: [files of tests/ that name it]}"""
    named = collections.defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix not in SUFFIXES or path == pathlib.Path(__file__).resolve():
            continue
        for line in sorted(set(lines_in(path.read_text(encoding="utf-8"), NAMED)), key=order):
            named[line].append(path.relative_to(ROOT / "tests").as_posix())
    return named


def mission_lines():
    """The lines there are; None where the list is absent."""
    folder = os.environ.get("SPOTTER_SHARED")
    path = (pathlib.Path(folder) if folder else ROOT.parent / "shared") / "mission.md"
    return lines_in(path.read_text(encoding="utf-8"), DEFINED) if path.exists() else None


class Mission(unittest.TestCase):
    def test_reads_names_and_ranges(self):
        text = "// mission: C4 C6, X1-X3 (why)\n// mission: D18\n# the mission: see E1\n"
        self.assertEqual(["C4", "C6", "X1", "X2", "X3", "D18"], lines_in(text, NAMED))

    def test_names_lines_that_there_are(self):
        named, lines = named_lines(), mission_lines()
        for line in sorted(named, key=order):
            print(f"{line:<5} {' '.join(named[line])}")
        if lines is None:
            print(f"mission: named={len(named)}; SKIPPED the comparison: no mission.md beside the tree")
            return
        for part in "ABCDEX":
            of_part = [line for line in lines if line[0] == part]
            open_lines = [line for line in of_part if line not in named]
            print(f"part {part}: {len(of_part) - len(open_lines)} of {len(of_part)} named; "
                  f"not named: {' '.join(open_lines)}")
        print(f"mission: named={len(set(named) & set(lines))} lines={len(lines)}")
        self.assertEqual([], sorted(set(named) - set(lines), key=order))


if __name__ == "__main__":
    sys.exit(unittest.main())
