# proto/raft.proto -> C++: raftly_proto (messages) and raftly_proto_grpc (the service).
#
# By hand, because protobuf_generate() of CMake 3.25 puts the output of files in subdirectories in the wrong place.
set(RAFTLY_PROTO_OUT ${CMAKE_BINARY_DIR}/generated)
set(RAFTLY_PROTO_STEM ${RAFTLY_PROTO_OUT}/proto/raft)

add_custom_command(
  OUTPUT ${RAFTLY_PROTO_STEM}.pb.h ${RAFTLY_PROTO_STEM}.pb.cc ${RAFTLY_PROTO_STEM}.grpc.pb.h
         ${RAFTLY_PROTO_STEM}.grpc.pb.cc
  COMMAND ${CMAKE_COMMAND} -E make_directory ${RAFTLY_PROTO_OUT}
  COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR} --cpp_out=${RAFTLY_PROTO_OUT}
          --grpc_out=${RAFTLY_PROTO_OUT} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>
          ${PROJECT_SOURCE_DIR}/proto/raft.proto
  DEPENDS ${PROJECT_SOURCE_DIR}/proto/raft.proto
  COMMENT "Generating C++ from proto/raft.proto"
  VERBATIM)

# Generated code is not held to our warnings: neither when it is compiled nor, as a system header, when included.
add_library(raftly_proto STATIC ${RAFTLY_PROTO_STEM}.pb.cc ${RAFTLY_PROTO_STEM}.pb.h)
target_include_directories(raftly_proto SYSTEM PUBLIC ${RAFTLY_PROTO_OUT})
target_link_libraries(raftly_proto PUBLIC protobuf::libprotobuf)

add_library(raftly_proto_grpc STATIC ${RAFTLY_PROTO_STEM}.grpc.pb.cc ${RAFTLY_PROTO_STEM}.grpc.pb.h)
target_link_libraries(raftly_proto_grpc PUBLIC raftly_proto gRPC::grpc++)
add_dependencies(raftly_proto_grpc raftly_proto)
