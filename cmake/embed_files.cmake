# The script behind raftly_embed.
set(files "")
set(count 0)
foreach(path IN LISTS FILES)
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  # Short literals one after another: a line of a megabyte would trouble whoever opens the file.
  string(REGEX REPLACE "(................................................................)" "\\1\"\n    \"" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
  file(RELATIVE_PATH name ${ROOT} ${path})
  if(name MATCHES "^\\.\\.")
    get_filename_component(name ${path} NAME)
  endif()
  string(APPEND files "    {\"${name}\", {\"${hex}\", ${size}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "#include \"${HEADER}\"

namespace raftly {

decltype(${FUNCTION}()) ${FUNCTION}() {
  static const std::remove_cvref_t<decltype(${FUNCTION}())> kFiles = {
${files}  };
  return kFiles;
}

}  // namespace raftly
")
