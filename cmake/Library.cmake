# The sources of a folder are compiled as one: most of a file's compile time went into headers that its
# neighbours read, too. So helpers in anonymous namespaces have names of their own within a folder.
option(SLUICE_UNITY "Compile the sources of a folder together" ON)

# sluice_unity(OUT TARGET a.cc ...)
# Sets OUT to what is to be compiled of these sources: per folder a list that includes its files, or the file
# where it is the only one. A list names files from the root of the tree, so that it is the same text in every
# clone and a compiler cache hits; CMake's own unity builds write absolute paths.
function(sluice_unity out target)
  if(NOT SLUICE_UNITY)
    set(${out} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(groups "")
  foreach(source IN LISTS ARGN)
    get_filename_component(path ${source} ABSOLUTE)
    cmake_path(IS_PREFIX CMAKE_BINARY_DIR ${path} generated)
    if(generated)
      cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_BINARY_DIR}/gen)
    else()
      cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
    get_filename_component(directory ${path} DIRECTORY)
    string(MAKE_C_IDENTIFIER "${directory}" group)
    list(APPEND groups ${group})
    list(APPEND files_${group} ${source})
    list(APPEND paths_${group} ${path})
    if(generated)
      list(APPEND generated_${group} ${source})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES groups)
  set(units "")
  foreach(group IN LISTS groups)
    list(LENGTH files_${group} count)
    if(count EQUAL 1)
      list(APPEND units ${files_${group}})
      continue()
    endif()
    list(TRANSFORM paths_${group} PREPEND "#include \"")
    list(TRANSFORM paths_${group} APPEND "\"\n")
    list(JOIN paths_${group} "" text)
    set(unit ${CMAKE_CURRENT_BINARY_DIR}/${target}_units/${group}.cc)
    file(CONFIGURE OUTPUT ${unit} CONTENT "${text}" @ONLY)  # Writes only what changed.
    list(APPEND units ${unit})
    # Generated sources exist before the list that includes them is compiled.
    set_source_files_properties(${unit} PROPERTIES OBJECT_DEPENDS "${generated_${group}}")
  endforeach()
  set(${out} ${units} PARENT_SCOPE)
endfunction()

# A pimpl may hold what its own file names: nobody includes that file but the list of the folder.
function(sluice_one_unit target)
  target_compile_options(${target} PRIVATE $<$<BOOL:${SLUICE_UNITY}>:-Wno-subobject-linkage>)
endfunction()

# sluice_library(NAME SOURCES a.cc ... LINKS lib ...)
# One folder, one static library. LINKS is the whole of what it may reach for. Sources under ALONE are
# compiled by themselves: files made alike, whose helpers have the same names on purpose.
function(sluice_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;LINKS;PRIVATE_LINKS" ${ARGN})
  sluice_unity(units ${name} ${ARG_SOURCES})
  add_library(${name} STATIC ${units} ${ARG_ALONE})
  target_link_libraries(${name} PUBLIC sluice_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  sluice_one_unit(${name})
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
  sluice_unity(units ${name} ${ARG_SOURCES})
  add_executable(${name} ${units} ${ARG_ALONE})
  sluice_one_unit(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main)
  # Half of all files are tests, and optimizing them took longer than running them.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${name} COMMAND ${name})
  # What may take longest begins first, also where no earlier run says what does.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# sluice_on_loopback(TEST...)
# Tests that use ports and addresses which their manifests name take turns; together they are the longest
# chain, so they begin first.
function(sluice_on_loopback)
  if(SLUICE_TESTS)
    set_tests_properties(${ARGN} PROPERTIES RESOURCE_LOCK loopback COST 1000)
  endif()
endfunction()
