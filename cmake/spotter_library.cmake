# SPDX-License-Identifier: Apache-2.0
# spotter_layer() and spotter_library(): what a library is, and whom it may know.
#
#   spotter_layer(1 model log store access)      the libraries of a layer; adds the folders there are
#
#   spotter_library(NAME segment LAYER 2
#     HEADERS parser.h                           public; each must compile alone
#     SOURCES parser.cc                          none: a header-only library
#     DEPS base model                            our libraries of smaller layers
#     EXTERNAL re2::re2                          third-party targets (spotter_packages.cmake)
#     NO_PCH)                                    compile without the precompiled header
#
# gives spotter_segment with include root libs/. A dependency on an equal or higher layer stops
# configuring. The layer and the dependencies are kept as SPOTTER_LAYER and SPOTTER_DEPS.

# One precompiled header serves every target: what almost every file includes anyway.
if(SPOTTER_PCH)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch/empty.cc CONTENT "// Carries a precompiled header.\n")
  add_library(spotter_pch STATIC ${CMAKE_BINARY_DIR}/pch/empty.cc)
  target_link_libraries(spotter_pch PRIVATE absl::statusor fmt::fmt spotter_warnings)
  target_precompile_headers(spotter_pch PRIVATE
    <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span>
    <string> <string_view> <unordered_map> <utility> <variant> <vector>
    <absl/status/status.h> <absl/status/statusor.h> <fmt/format.h>)
endif()

function(spotter_use_pch target)
  if(SPOTTER_PCH)
    target_precompile_headers(${target} REUSE_FROM spotter_pch)
    target_link_libraries(${target} PRIVATE absl::statusor fmt::fmt)
  endif()
endfunction()

# The layer of a library by the table in libs/CMakeLists.txt; empty for an unknown name.
function(spotter_layer_of library out)
  get_property(layer GLOBAL PROPERTY SPOTTER_LAYER_${library})
  set(${out} "${layer}" PARENT_SCOPE)
endfunction()

function(spotter_layer layer)
  foreach(library IN LISTS ARGN)
    set_property(GLOBAL PROPERTY SPOTTER_LAYER_${library} ${layer})
  endforeach()
  foreach(library IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${library}/CMakeLists.txt)
      add_subdirectory(${library})
    endif()
  endforeach()
endfunction()

# Refuses unknown names and upward or sideways dependencies; `missing` gets those not built yet.
function(spotter_check_layers name layer deps missing)
  set(absent "")
  foreach(dep IN LISTS deps)
    spotter_layer_of(${dep} dep_layer)
    if(dep_layer STREQUAL "")
      message(FATAL_ERROR "${name} (layer ${layer}) depends on ${dep}, which is in no layer below: "
        "a library may depend only on smaller layers of libs/CMakeLists.txt")
    elseif(NOT dep_layer LESS layer)
      message(FATAL_ERROR
        "${name} (layer ${layer}) may not depend on ${dep} (layer ${dep_layer})")
    elseif(NOT TARGET spotter_${dep})
      list(APPEND absent ${dep})
    endif()
  endforeach()
  set(${missing} "${absent}" PARENT_SCOPE)
endfunction()

function(spotter_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_PCH" "NAME;LAYER" "HEADERS;SOURCES;DEPS;EXTERNAL")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "spotter_library(${arg_NAME}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  spotter_layer_of(${arg_NAME} layer)
  if(NOT layer STREQUAL arg_LAYER)
    message(FATAL_ERROR "${arg_NAME} says layer ${arg_LAYER}, libs/CMakeLists.txt says '${layer}'")
  endif()
  spotter_check_layers(${arg_NAME} ${arg_LAYER} "${arg_DEPS}" missing)
  if(missing)
    message(WARNING "${arg_NAME} is left out: it needs ${missing}, not in libs/ yet")
    return()
  endif()

  set(target spotter_${arg_NAME})
  list(TRANSFORM arg_DEPS PREPEND spotter_ OUTPUT_VARIABLE dep_targets)
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE spotter_warnings)
    if(NOT arg_NO_PCH)
      spotter_use_pch(${target})
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS
    BASE_DIRS ${CMAKE_SOURCE_DIR}/libs FILES ${arg_HEADERS})
  target_link_libraries(${target} ${scope} ${dep_targets} ${arg_EXTERNAL})
  set_target_properties(${target} PROPERTIES
    VERIFY_INTERFACE_HEADER_SETS ${SPOTTER_HEADER_CHECK}
    SPOTTER_LAYER ${arg_LAYER} SPOTTER_DEPS "${arg_DEPS}")
endfunction()

# spotter_service_library(NAME shard SOURCES shard_host.cc DEPS engine api SERVICES program): a part
# that several programs share, services/shard. Layer 6 like them; target service_shard.
function(spotter_service_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_PCH" "NAME" "SOURCES;DEPS;SERVICES;EXTERNAL")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "spotter_service_library(${arg_NAME}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  spotter_check_layers(${arg_NAME} 6 "${arg_DEPS}" missing)
  if(missing)
    message(WARNING "services/${arg_NAME} is left out: it needs ${missing}, not in libs/ yet")
    return()
  endif()
  list(TRANSFORM arg_DEPS PREPEND spotter_ OUTPUT_VARIABLE dep_targets)
  list(TRANSFORM arg_SERVICES PREPEND service_ OUTPUT_VARIABLE service_targets)
  set(target service_${arg_NAME})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/libs ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE SPOTTER_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${target}
    PUBLIC ${service_targets} ${dep_targets} ${arg_EXTERNAL} PRIVATE spotter_warnings)
  if(NOT arg_NO_PCH)
    spotter_use_pch(${target})
  endif()
endfunction()

# spotter_program(NAME spotter SOURCES main.cc DEPS engine api SERVICES shard EXTERNAL CLI11::CLI11):
# bin/spotter. Programs are layer 6 and may depend on every library.
function(spotter_program)
  cmake_parse_arguments(PARSE_ARGV 0 arg "NO_PCH" "NAME" "SOURCES;DEPS;SERVICES;EXTERNAL")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "spotter_program(${arg_NAME}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  spotter_check_layers(${arg_NAME} 6 "${arg_DEPS}" missing)
  if(missing)
    message(WARNING "${arg_NAME} is left out: it needs ${missing}, not in libs/ yet")
    return()
  endif()
  list(TRANSFORM arg_DEPS PREPEND spotter_ OUTPUT_VARIABLE dep_targets)
  list(TRANSFORM arg_SERVICES PREPEND service_ OUTPUT_VARIABLE service_targets)
  # A program and a library may share a name; the target is told apart by its suffix.
  set(target ${arg_NAME}_program)
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${arg_NAME})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/libs ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target}
    PRIVATE ${service_targets} ${dep_targets} ${arg_EXTERNAL} spotter_warnings)
  # Programs allocate by mimalloc (docs/adr/0027); the sanitizers bring an allocator of their own.
  if(NOT SPOTTER_SANITIZE)
    target_link_libraries(${target} PRIVATE -Wl,--no-as-needed,-lmimalloc)
  endif()
  if(NOT arg_NO_PCH)
    spotter_use_pch(${target})
  endif()
endfunction()

# Every subfolder of `folder` that has a CMakeLists.txt, by name; new ones are noticed by a build.
function(spotter_add_subdirectories folder)
  file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*/CMakeLists.txt)
  foreach(list IN LISTS lists)
    get_filename_component(directory ${list} DIRECTORY)
    add_subdirectory(${directory})
  endforeach()
endfunction()
