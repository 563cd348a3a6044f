# SPDX-License-Identifier: Apache-2.0
# How every translation unit is compiled and linked: language, warnings, sanitizers, speed.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")  # our Assert is always on; NDEBUG is for others' assert
set(CMAKE_CXX_FLAGS_SANITIZED "-O1 -g1 -fno-omit-frame-pointer")

# The same inputs must give the same bits on every machine: no contraction, never -ffast-math.
add_compile_options(-ffp-contract=off)

if(SPOTTER_SANITIZE)
  add_compile_options(-fsanitize=${SPOTTER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SPOTTER_SANITIZE})
endif()

find_program(SPOTTER_MOLD mold)
if(SPOTTER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# ccache has to be told that a precompiled header and another build folder are harmless.
find_program(SPOTTER_CCACHE_PROGRAM ccache)
if(SPOTTER_CCACHE AND SPOTTER_CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${SPOTTER_CCACHE_PROGRAM})
  if(SPOTTER_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-fpch-preprocess)
  endif()
endif()

# Our code only: generated code is compiled without these.
add_library(spotter_warnings INTERFACE)
target_compile_options(spotter_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror
  -Wno-missing-field-initializers)  # designated initialisers may leave the rest to its default
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # gcc 12 reports these for correct uses of std::string, std::optional and std::variant at -O2.
  target_compile_options(spotter_warnings INTERFACE
    -Wno-restrict -Wno-error=maybe-uninitialized -Wno-error=array-bounds
    -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=free-nonheap-object
    -Wno-error=invalid-pch)
endif()
if(SPOTTER_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(spotter_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
