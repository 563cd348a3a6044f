#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our CEL and @bufbuild/cel, an implementation by others, asked the same random expressions.

Values and errors agree, but for what differences.txt lists with its reason; an entry that nothing
needs is out of date and fails too. --count asks for more, --first is the seed."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "deploy"))
import tools  # pylint: disable=wrong-import-position

SHOWN = 20
ENOUGH = 200000  # to need every entry of the list


def read_listed():
    """[(what it matches, reason, line)]: an expression, and its two answers, as one text."""
    listed = []
    for number, line in enumerate((HERE / "differences.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        pattern, _, reason = line.partition("  # ")
        if not reason:
            sys.exit(f"differences.txt:{number}: expected PATTERN, two blanks, # and a reason")
        listed.append((re.compile(pattern), reason, number))
    return listed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--program", required=True, help="cel_answers")
    parser.add_argument("--first", type=int, default=int(os.environ.get("SPOTTER_SEED", "1")))
    parser.add_argument("--count", type=int,
                        default=int(os.environ.get("SPOTTER_CEL_EXPRESSIONS", "20000")))
    options = parser.parse_args()
    try:
        client = tools.tool("cel-client")
    except unittest.SkipTest as skipped:
        print(f"SKIPPED: {skipped}")
        return tools.SKIPPED
    ours = subprocess.run([options.program, str(options.first), str(options.count)],
                          capture_output=True, text=True, check=True).stdout.splitlines()
    asked = [line.partition("\t")[0] for line in ours]
    theirs = subprocess.run([shutil.which("node"), HERE / "bufbuild_answers.mjs", client],
                            input="\n".join(asked) + "\n", capture_output=True, text=True,
                            check=True).stdout.splitlines()
    if len(theirs) != len(ours):
        sys.exit(f"asked {len(ours)} expressions, @bufbuild/cel answered {len(theirs)}")
    listed, used, agreed, errors = read_listed(), {}, 0, 0
    unlisted = []
    for line, their in zip(ours, theirs):
        expression, _, our = line.partition("\t")
        errors += our == "error"
        if our == their:
            agreed += 1
            continue
        text = f"{expression} ours: {our} theirs: {their}"
        known = next((number for pattern, _, number in listed if pattern.search(text)), None)
        if known is None:
            unlisted.append(text)
        else:
            used[known] = used.get(known, 0) + 1
    for text in unlisted[:SHOWN]:
        print(f"differs: {text}")
    stale = [number for _, _, number in listed if number not in used]
    stale = stale if options.first == 1 and options.count >= ENOUGH else []
    for number in stale:
        print(f"differences.txt:{number}: nothing needs this entry any more")
    for pattern, reason, number in listed:
        print(f"listed: {used.get(number, 0):5}  {reason}")
    print(f"differential: expressions={len(ours)} values={agreed - errors} errors={errors} "
          f"listed={sum(used.values())} unlisted={len(unlisted)} first={options.first}")
    return 1 if unlisted or stale else 0


if __name__ == "__main__":
    sys.exit(main())
