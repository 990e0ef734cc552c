# sluice_schema(TARGET FILE.fbs ...)
# Adds the structs and descriptors of each schema to TARGET, which must exist:
# FILE.fbs -> gen/events/FILE.gen.h and .gen.cc. Schemas find each other in events/schema and beside
# themselves; each file emits only what it declares itself. Names of files are unique in the build.
# In the cache, so that every directory that calls the function sees them.
set(SLUICE_SCHEMA_DIR ${CMAKE_SOURCE_DIR}/events/schema CACHE INTERNAL "")
set(SLUICE_GEN_DIR ${CMAKE_BINARY_DIR}/gen/events CACHE INTERNAL "")
set(SLUICE_BFBS_DIR ${CMAKE_BINARY_DIR}/gen/bfbs CACHE INTERNAL "")
find_program(FLATC flatc REQUIRED)

# Appends to OUT every schema FILE includes, directly or not.
function(sluice_schema_includes file out)
  get_filename_component(directory ${file} DIRECTORY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^include \"")
  set(found ${${out}})
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^include \"([^\"]*)\".*" "\\1" included "${line}")
    set(path ${directory}/${included})
    if(NOT EXISTS ${path})
      set(path ${SLUICE_SCHEMA_DIR}/${included})
    endif()
    if(NOT path IN_LIST found)
      list(APPEND found ${path})
      sluice_schema_includes(${path} found)
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

function(sluice_schema target)
  file(MAKE_DIRECTORY ${SLUICE_GEN_DIR} ${SLUICE_BFBS_DIR})
  foreach(schema IN LISTS ARGN)
    get_filename_component(path ${schema} ABSOLUTE)
    get_filename_component(name ${schema} NAME_WE)
    get_filename_component(directory ${path} DIRECTORY)
    set(includes)
    sluice_schema_includes(${path} includes)
    file(RELATIVE_PATH declared ${CMAKE_SOURCE_DIR} ${path})
    set(generated ${SLUICE_GEN_DIR}/${name}.gen.h ${SLUICE_GEN_DIR}/${name}.gen.cc)
    add_custom_command(
      OUTPUT ${generated}
      COMMAND ${FLATC} -b --schema --bfbs-comments --bfbs-builtins
              --bfbs-filenames ${CMAKE_SOURCE_DIR} -I ${SLUICE_SCHEMA_DIR} -I ${directory}
              -o ${SLUICE_BFBS_DIR} ${path}
      COMMAND sluice_codegen ${SLUICE_BFBS_DIR}/${name}.bfbs //${declared} ${SLUICE_GEN_DIR}
      DEPENDS ${path} ${includes} sluice_codegen
      COMMENT "Generating ${name}.gen.h"
      VERBATIM)
    target_sources(${target} PRIVATE ${generated})
  endforeach()
endfunction()
