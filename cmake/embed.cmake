# raftly_embed(<out.cc> HEADER <header> FUNCTION <name> ROOT <dir> FILES <file>…): files as bytes in a program.
#
# The header declares the function, which returns a vector of {name, bytes}. A file below ROOT is named by its path
# there, any other by its own name.
function(raftly_embed out)
  cmake_parse_arguments(ARG "" "HEADER;FUNCTION;ROOT" "FILES" ${ARGN})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${ARG_HEADER} -DFUNCTION=${ARG_FUNCTION} -DROOT=${ARG_ROOT} "-DFILES=${ARG_FILES}" -P
            ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${ARG_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
endfunction()
