# SPDX-License-Identifier: Apache-2.0
# spotter_test(NAME unit_base SOURCES a_test.cc LIBS spotter_base [LABEL slow] [TIMEOUT 120]):
# one gtest program (gtest_main, gmock and rapidcheck are linked) whose cases ctest knows as
# NAME.Suite.Case. Label fast (the default) is the inner loop; slow runs only in `make test`.
# UNDISCOVERED: the program alone; the caller says how ctest runs it.

include(GoogleTest)
set(CMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE PRE_TEST)

if(SPOTTER_PCH)
  add_library(spotter_test_pch STATIC ${CMAKE_BINARY_DIR}/pch/empty.cc)
  target_link_libraries(spotter_test_pch PRIVATE absl::statusor fmt::fmt GTest::gtest
    spotter_warnings)
  target_precompile_headers(spotter_test_pch PRIVATE
    <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span>
    <string> <string_view> <unordered_map> <utility> <variant> <vector>
    <absl/status/status.h> <absl/status/statusor.h> <fmt/format.h> <gtest/gtest.h>)
endif()

function(spotter_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_PCH;UNDISCOVERED" "NAME;LABEL;TIMEOUT" "SOURCES;LIBS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "spotter_test(${arg_NAME}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(library IN LISTS arg_LIBS)
    if(library MATCHES "^spotter_" AND NOT TARGET ${library})
      message(WARNING "${arg_NAME} is left out: it needs ${library}, not there yet")
      return()
    endif()
  endforeach()
  if(NOT arg_LABEL)
    set(arg_LABEL fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(arg_LABEL STREQUAL slow)
    set(arg_TIMEOUT 1200)
  endif()

  add_executable(${arg_NAME} ${arg_SOURCES})
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  # libs/ is the include root; tests/ lets a test say "support/builders.h".
  target_include_directories(${arg_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/libs ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${arg_NAME} PRIVATE SPOTTER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LIBS} spotter_warnings rapidcheck_gtest
    rapidcheck GTest::gmock GTest::gtest GTest::gtest_main)
  if(SPOTTER_PCH AND NOT arg_NO_PCH)
    target_precompile_headers(${arg_NAME} REUSE_FROM spotter_test_pch)
    target_link_libraries(${arg_NAME} PRIVATE absl::statusor fmt::fmt)
  endif()
  if(arg_UNDISCOVERED)
    return()
  endif()
  # Debian's gRPC, RocksDB and others are not instrumented: what happens inside them is not ours.
  set(environment "")
  if(SPOTTER_SANITIZE MATCHES thread)
    set(environment ENVIRONMENT
      TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp)
  endif()
  gtest_discover_tests(${arg_NAME} TEST_PREFIX ${arg_NAME}. NO_PRETTY_VALUES
    DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} ${environment})
endfunction()
