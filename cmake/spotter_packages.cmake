# SPDX-License-Identifier: Apache-2.0
# Third-party libraries under one kind of name (what EXTERNAL takes). The Debian packages that
# bring them are listed in packages.txt.

set(CMAKE_FIND_PACKAGE_PREFER_CONFIG OFF)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_package(Threads REQUIRED)                            # Threads::Threads
find_package(absl REQUIRED CONFIG)                        # absl::status absl::statusor
find_package(fmt REQUIRED CONFIG)                         # fmt::fmt
find_package(Protobuf REQUIRED)                           # protobuf::libprotobuf
find_package(OpenSSL REQUIRED)                            # OpenSSL::Crypto OpenSSL::SSL
find_package(ICU REQUIRED COMPONENTS i18n uc data)        # ICU::i18n ICU::uc
find_package(prometheus-cpp REQUIRED CONFIG)              # prometheus-cpp::core prometheus-cpp::pull
find_package(simdjson REQUIRED CONFIG)                    # simdjson::simdjson
find_package(yaml-cpp REQUIRED CONFIG)                    # yaml-cpp::yaml-cpp
find_package(CLI11 REQUIRED CONFIG)                       # CLI11::CLI11
find_package(spdlog REQUIRED CONFIG)                      # spdlog::spdlog
find_package(GTest REQUIRED CONFIG)                       # GTest::gtest GTest::gmock GTest::gtest_main
find_package(rapidcheck REQUIRED CONFIG)                  # rapidcheck rapidcheck_gtest
find_package(benchmark REQUIRED CONFIG)                   # benchmark::benchmark

# spotter_import(TARGET HEADER LIBRARY): a package that comes without a CMake file.
function(spotter_import target header library)
  if(TARGET ${target})
    return()
  endif()
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE ${header} REQUIRED)
  mark_as_advanced(${id}_INCLUDE ${id}_LIBRARY)
  if(library STREQUAL "")
    add_library(${target} INTERFACE IMPORTED GLOBAL)
  else()
    find_library(${id}_LIBRARY ${library} REQUIRED)
    add_library(${target} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${${id}_LIBRARY})
  endif()
  target_include_directories(${target} SYSTEM INTERFACE ${${id}_INCLUDE})
endfunction()

spotter_import(rdkafka::rdkafka librdkafka/rdkafka.h rdkafka)
spotter_import(RocksDB::rocksdb rocksdb/db.h rocksdb)
spotter_import(phonenumber::phonenumber phonenumbers/phonenumberutil.h phonenumber)
spotter_import(cctz::cctz cctz/time_zone.h cctz)
spotter_import(httplib::httplib httplib.h cpp-httplib)
spotter_import(xxhash::xxhash xxhash.h xxhash)
spotter_import(re2::re2 re2/re2.h re2)
spotter_import(sodium::sodium sodium.h sodium)
spotter_import(rapidjson::rapidjson rapidjson/document.h "")
spotter_import(mimalloc::mimalloc mimalloc.h mimalloc)
spotter_import(zlib::zlib zlib.h z)
spotter_import(gRPC::grpc++ grpcpp/grpcpp.h grpc++)
spotter_import(gRPC::grpc++_reflection grpcpp/ext/proto_server_reflection_plugin.h grpc++_reflection)
spotter_import(gRPC::gpr grpc/support/log.h gpr)
spotter_import(gRPC::grpc grpc/grpc.h grpc)
target_link_libraries(gRPC::grpc++ INTERFACE gRPC::grpc gRPC::gpr protobuf::libprotobuf
  Threads::Threads)
if(NOT TARGET yaml-cpp::yaml-cpp)
  set_target_properties(yaml-cpp PROPERTIES IMPORTED_GLOBAL TRUE)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_program(SPOTTER_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
