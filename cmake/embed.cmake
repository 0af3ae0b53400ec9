# raftly_embed(<out.cc> ROOT <dir> FILES <file>…): files as bytes in a program, found by name (server/http/assets.h).
#
# A file below ROOT is named by its path there, any other by its own name.
function(raftly_embed out)
  cmake_parse_arguments(ARG "" "ROOT" "FILES" ${ARGN})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOT=${ARG_ROOT} "-DFILES=${ARG_FILES}" -P
            ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${ARG_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
endfunction()
