#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configuring stops where a library depends on an equal or a higher layer."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(refusal LANGUAGES NONE)
set(SPOTTER_PCH OFF)
set(SPOTTER_HEADER_CHECK OFF)
function(target_compile_features)
endfunction()
function(target_sources)
endfunction()
include({root}/cmake/spotter_library.cmake)
set_property(GLOBAL PROPERTY SPOTTER_LAYER_base 0)
set_property(GLOBAL PROPERTY SPOTTER_LAYER_model 1)
set_property(GLOBAL PROPERTY SPOTTER_LAYER_log 1)
set_property(GLOBAL PROPERTY SPOTTER_LAYER_segment 2)
spotter_library(NAME base LAYER 0 HEADERS status.h)
{calls}
"""

CASES = [
    # a call                                                    what CMake answers, or None
    ("spotter_library(NAME model LAYER 1 DEPS base)", None),
    ("spotter_library(NAME model LAYER 1 DEPS base segment)",
     "model (layer 1) may not depend on segment (layer 2)"),
    ("spotter_library(NAME model LAYER 1 DEPS log)",
     "model (layer 1) may not depend on log (layer 1)"),
    ("spotter_library(NAME model LAYER 1 DEPS helpers)",
     "model (layer 1) depends on helpers, which is in no layer below"),
    ("spotter_library(NAME model LAYER 2 DEPS base)",
     "model says layer 2, libs/CMakeLists.txt says '1'"),
    ("spotter_library(NAME model LAYER 1 DEPENDS base)",
     "spotter_library(model): unknown argument"),
]


class LayerRefusal(unittest.TestCase):
    def test_cases(self):
        for calls, expected in CASES:
            with self.subTest(calls), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder)
                (path / "CMakeLists.txt").write_text(
                    PROJECT.replace("{root}", str(ROOT)).replace("{calls}", calls))
                done = subprocess.run(["cmake", "-S", path, "-B", path / "build"],
                                      capture_output=True, text=True, check=False)
                answer = " ".join((done.stdout + done.stderr).split())
                self.assertEqual(expected is None, done.returncode == 0, answer)
                if expected:
                    self.assertIn(expected, answer)


if __name__ == "__main__":
    sys.exit(unittest.main())
