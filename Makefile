# SPDX-License-Identifier: Apache-2.0
# The two commands a newcomer needs are `make demo` and `make test`; each installs what is missing,
# builds, and does its job. `make help` lists the rest.

BUILD  ?= build
JOBS   ?= $(shell nproc)
PRESET ?= dev
SEEDS  ?= 200
CASES  ?= 200000
SECONDS ?= 600
KILLS  ?= 20
FIRST  ?= 1
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

EMBEDDED := $(addsuffix _program,spotter spotterctl spotter-replay spotter-synth)
PROGRAMS := $(addsuffix _program,spotter spotterctl spotter-ingest spotter-engine spotter-gateway spotter-replay spotter-synth spotter-sim spotter-bench)
RELEASE  := $(BUILD)/release
BIN      := $(RELEASE)/bin
# One more than cores: tests with a broker mostly wait for it.
CTEST    = ctest --output-on-failure --no-tests=error -j $(shell expr $(JOBS) + 1)

# $(call build,PRESET,TARGETS): configures once, then builds; two makes do not build in one folder
# at once. Ninja configures again by itself when a CMake file, a folder or a test file appears.
build = mkdir -p $(BUILD) && flock $(BUILD)/.$(1).lock sh -ec ' \
  test -f $(BUILD)/$(1)/build.ninja || \
    cmake --preset $(1) -B $(BUILD)/$(1) >$(BUILD)/.$(1).log || { cat $(BUILD)/.$(1).log; exit 1; }; \
  cmake --build $(BUILD)/$(1) -j $(JOBS) --target $(2)'

.DEFAULT_GOAL := help
.PHONY: help setup build test test-fast sanitized demo sim check-segments check-cel fuzz-segments kill kill-kafka scale-kafka bench bench-segments bench-kafka format format-check tidy lint-proto clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup:  ## install the packages that are missing (cmake/packages.txt)
	@cmake/setup.sh

build: setup  ## the programs, in build/release/bin
	@$(call build,release,$(PROGRAMS))

test: setup  ## everything: unit, property, scenario, simulation, integration, layering, style
	@cmake/setup.sh test
	@$(call build,release,all all_verify_interface_header_sets)
	@$(CTEST) --test-dir $(RELEASE)

test-fast: setup  ## the inner loop: fast tests of PRESET=dev
	@$(call build,$(PRESET),all)
	@$(CTEST) --test-dir $(BUILD)/$(PRESET) -L fast

sanitized: setup  ## the libraries' tests under PRESET=asan or PRESET=tsan
	@cmake/setup.sh test
	@$(call build,$(PRESET),unit_tests)
	@$(CTEST) --test-dir $(BUILD)/$(PRESET) -R '^unit_'

demo: setup  ## 90 days of a studio in time-lapse, with a SIGKILL half-way
	@$(call build,release,$(EMBEDDED))
	@$(PYTHON) services/demo/demo.py --bin $(BIN)

sim: build  ## crash the simulated engine at a random write per seed: SEEDS=200 FIRST=1
	@$(BIN)/spotter-sim --seeds $(SEEDS) --first $(FIRST)

check-segments: build  ## segments by their timers alone against brute force at every instant: CASES=200000 SEED=1
	@SPOTTER_SEGMENT_CASES=$(CASES) SPOTTER_SEED=$(or $(SEED),1) $(RELEASE)/tests/property_tests \
	  --gtest_filter='SegmentValidity.TimersAlone*' > $(RELEASE)/check-segments.txt; status=$$?; \
	  [ $$status = 0 ] || cat $(RELEASE)/check-segments.txt; \
	  grep -E '^(seed|wakes|checks)=' $(RELEASE)/check-segments.txt; exit $$status

check-cel: build  ## random expressions beside another implementation of CEL: CASES=200000 FIRST=1
	@cmake/setup.sh test
	@$(call build,release,cel_answers)
	@$(PYTHON) -B tests/conformance/differential_test.py --program $(RELEASE)/tests/cel_answers --first $(FIRST) --count $(CASES)

fuzz-segments: setup  ## any text as a segment, by libFuzzer: SECONDS=600
	@cmake/setup.sh fuzz
	@$(call build,fuzz,segment_fuzz)
	@$(PYTHON) -B tests/fuzz/fuzz_segments.py --program $(BUILD)/fuzz/tests/segment_fuzz --corpus $(BUILD)/fuzz/corpus --seconds $(SECONDS)

kill: build  ## SIGKILL the real program at random moments: KILLS=20 FIRST=1
	@$(PYTHON) tests/integration/kill.py --bin $(BIN) --kills $(KILLS) --first $(FIRST)

kill-kafka: build  ## engines, ingest, a broker killed and an engine paused, under load: KILLS=20 SEED=1
	@cmake/setup.sh test
	@$(PYTHON) tests/integration/kill_kafka.py --bin $(BIN) --kills $(KILLS) $(if $(SEED),--seed $(SEED))

scale-kafka: build  ## engines 1 → 2 → 1 and a standby promoted, under load: SEED=1
	@cmake/setup.sh test
	@$(PYTHON) tests/integration/scale_kafka.py --bin $(BIN) $(if $(SEED),--seed $(SEED))

ORIGIN = --commit "$$(git describe --always --dirty)" \
  --machine "$$(nproc)x $$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"

bench: build  ## JSON lines: name value unit commit machine
	@$(BIN)/spotter-bench $(ORIGIN)

bench-segments: build  ## what segments cost: an evaluation, an event among 100, a million windows, a definition
	@$(BIN)/spotter-bench --segments $(ORIGIN)

bench-kafka: build  ## the same of the programs on Kafka, with a broker beside them
	@cmake/setup.sh test
	@$(PYTHON) benchmarks/kafka_bench.py --bin $(BIN) $(ORIGIN)

SOURCES = $(shell git ls-files -co --exclude-standard '*.h' '*.cc')

format:  ## rewrite the sources as .clang-format says
	@cmake/setup.sh ci
	@clang-format-14 -i $(SOURCES)

format-check:  ## say which sources clang-format would change
	@cmake/setup.sh ci
	@clang-format-14 --dry-run -Werror $(SOURCES)

tidy:  ## clang-tidy over libs/
	@cmake/setup.sh ci
	@$(PYTHON) cmake/tidy.py --build $(BUILD)/tidy --jobs $(JOBS)

lint-proto:  ## buf lint of proto/ (buf, or npm installs it)
	@tests/style/proto_lint.sh

clean:  ## remove the build folder
	rm -rf $(BUILD)
