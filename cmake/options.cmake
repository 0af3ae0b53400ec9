# How everything here is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(RAFTLY_SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")

add_library(raftly_options INTERFACE)
target_include_directories(raftly_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(raftly_options INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor
                       -Wno-missing-field-initializers)  # fields have defaults; naming some of them is the point
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 takes an empty std::optional's contents for uninitialised use once it inlines.
  target_compile_options(raftly_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(raftly_options INTERFACE -Wthread-safety)
endif()
if(RAFTLY_SANITIZE)
  add_compile_options(-fsanitize=${RAFTLY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RAFTLY_SANITIZE})
endif()
if(RAFTLY_SANITIZE MATCHES thread)
  # Else the linker gives libgrpc our copy of inline functions that both use (absl::AnyInvocable's), and what only
  # libgrpc's own locks order is seen, and its locks are not.
  add_compile_options(-fvisibility-inlines-hidden)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the source tree, so that presets and other checkouts share what is compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${CCACHE})
endif()
