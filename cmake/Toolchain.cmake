# Compiler launcher, linker and the warnings our own code is held to.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
target_compile_options(sluice_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror
                                              -Wno-maybe-uninitialized -fno-strict-aliasing)

set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers, as given to -fsanitize=")
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  # The checks woven into the code mislead the compiler's flow analysis (-Wstringop-overread in flatbuffers,
  # for one). The release build is the one that is held to its warnings.
  target_compile_options(sluice_flags INTERFACE -Wno-error)
endif()

# Records are allocated by one thread and freed by another, all day long: a third of a node's
# processor time with glibc's allocator. Used where it is installed; sanitizers bring their own.
add_library(sluice_malloc INTERFACE)
find_library(JEMALLOC jemalloc)
if(JEMALLOC AND NOT SLUICE_SANITIZE)
  target_link_libraries(sluice_malloc INTERFACE ${JEMALLOC})
endif()
