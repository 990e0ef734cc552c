# The sources of a folder are compiled as one: most of a file's compile time went into headers that its
# neighbours read, too. So helpers in anonymous namespaces have names of their own within a folder.
option(SLUICE_UNITY "Compile the sources of a folder together" ON)

# sluice_unity(TARGET a.cc ...)
function(sluice_unity target)
  if(NOT SLUICE_UNITY)
    return()
  endif()
  foreach(source IN LISTS ARGN)
    get_filename_component(directory ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER "${directory}" group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${group}_")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A pimpl may hold what its own file names: nobody includes that file but the list of the folder.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
endfunction()

# sluice_library(NAME SOURCES a.cc ... LINKS lib ...)
# One folder, one static library. LINKS is the whole of what it may reach for. Sources under ALONE are
# compiled by themselves: files made alike, whose helpers have the same names on purpose.
function(sluice_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_ALONE})
  target_link_libraries(${name} PUBLIC sluice_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  sluice_unity(${name} ${ARG_SOURCES})
endfunction()

# In a header, not on command lines: what does not read it compiles alike in every tree.
configure_file(${CMAKE_CURRENT_LIST_DIR}/source_directory.h.in ${CMAKE_BINARY_DIR}/gen/source_directory.h @ONLY)

# sluice_test(NAME SOURCES a.cc ... LINKS lib ...)
# One GoogleTest binary, registered with ctest as a whole; LABELS and TIMEOUT (seconds) are optional.
function(sluice_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;ALONE;LINKS;LABELS" ${ARGN})
  if(NOT SLUICE_TESTS)
    return()
  endif()
  find_package(GTest REQUIRED)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(SLUICE_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 5")  # What the checks cost.
  endif()
  add_executable(${name} ${ARG_SOURCES} ${ARG_ALONE})
  sluice_unity(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  # Half of all files are tests, and optimizing them took longer than running them.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
