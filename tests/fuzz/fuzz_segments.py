#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs segment_fuzz from a corpus of what is written anywhere: the pages, the shipped segments, the
samples of CEL's suite. What breaks it is kept in the corpus's folder. Last line: runs and crashes."""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def seeds():
    page = (ROOT / "docs/segment-language.md").read_text()
    for block in re.findall(r"```cel\n(.*?)```", page, re.DOTALL):
        yield from filter(None, map(str.strip, block.split("\n\n")))
    for file in sorted((ROOT / "deploy/segments").glob("*.yaml")):
        yield re.search(r"^when: (?:>-)?(.*)", file.read_text(), re.DOTALL | re.MULTILINE)[1].strip(' "\n')
    for line in (ROOT / "tests/conformance/sample.jsonl").read_text().splitlines():
        yield json.loads(line).get("expr", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.corpus.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, text in enumerate(seeds(), 1):
        (options.corpus / f"seed-{count}").write_text(text)
    words = options.corpus.parent / "words.txt"
    names = sorted(set(re.findall(r"[A-Za-z_.]{3,}", " ".join(seeds()))))
    words.write_text("".join(f'"{name}"\n' for name in names))
    command = [options.program, options.corpus, f"-max_total_time={options.seconds}", f"-dict={words}",
               "-max_len=2000", "-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1",
               f"-artifact_prefix={options.corpus.parent}/"]
    done = subprocess.run(list(map(str, command)), stderr=subprocess.PIPE, text=True, check=False)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode != 0 or runs is None:
        print(done.stderr[-4000:])
    print(f"fuzz: seconds={options.seconds} seeds={count} runs={runs[1] if runs else 0} "
          f"crashes={0 if done.returncode == 0 else 1}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
