# SPDX-License-Identifier: Apache-2.0
# The wire contracts as C++: #include "spotter/v1/event.pb.h".
#
#   spotter_proto        the messages (used by wire)
#   spotter_grpc_proto   the service stubs, with gRPC (used by api and services)
#
# Generated code is a system header to everyone else: our warnings do not apply to it.

function(spotter_generate_protos)
  set(root ${CMAKE_SOURCE_DIR}/proto)
  set(gen ${CMAKE_BINARY_DIR}/gen)
  file(GLOB protos RELATIVE ${root} CONFIGURE_DEPENDS
    ${root}/spotter/v1/*.proto ${root}/io/cloudevents/v1/*.proto)
  if(NOT protos)
    return()
  endif()
  file(MAKE_DIRECTORY ${gen})

  set(messages "")
  set(services "")
  foreach(proto IN LISTS protos)
    # Whether a file declares services is read now, so a change of the file configures again.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${root}/${proto})
    file(STRINGS ${root}/${proto} declared REGEX "^service ")
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${gen}/${stem}.pb.cc ${gen}/${stem}.pb.h)
    list(APPEND messages ${outputs})
    set(grpc "")
    if(declared)
      set(stubs ${gen}/${stem}.grpc.pb.cc ${gen}/${stem}.grpc.pb.h)
      list(APPEND services ${stubs})
      list(APPEND outputs ${stubs})
      set(grpc --grpc_out=${gen} --plugin=protoc-gen-grpc=${SPOTTER_GRPC_PLUGIN})
    endif()
    # An importer is generated again when what it imports changes: all files depend on all.
    list(TRANSFORM protos PREPEND ${root}/ OUTPUT_VARIABLE inputs)
    add_custom_command(OUTPUT ${outputs}
      COMMAND protobuf::protoc -I ${root} --cpp_out=${gen} ${grpc} ${root}/${proto}
      DEPENDS ${inputs} COMMENT "protoc ${proto}" VERBATIM)
  endforeach()

  add_custom_target(spotter_proto_sources DEPENDS ${messages} ${services})
  spotter_proto_library(spotter_proto "${messages}" protobuf::libprotobuf)
  if(services)
    spotter_proto_library(spotter_grpc_proto "${services}" "spotter_proto;gRPC::grpc++")
  endif()
endfunction()

function(spotter_proto_library target sources links)
  add_library(${target} STATIC ${sources})
  add_dependencies(${target} spotter_proto_sources)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/gen)
  target_link_libraries(${target} PUBLIC ${links})
endfunction()
