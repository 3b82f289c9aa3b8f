# SPDX-License-Identifier: Apache-2.0
# For builds on the PyPI wheels of ROS 2 only: -DCMAKE_PROJECT_frs_ros_INCLUDE=<this file>.
# Mends two things at the end of the configuration:
#
# 1. The wheels' exported targets name absolute paths of the container they were built in, and
#    CMake stops at the first include directory that does not exist: such paths are dropped.
# 2. Our virtual environment lies in the source tree, and CMake refuses to export a target with an
#    include directory in there: such directories are kept for the build only.

function(frs_ros_drop_missing_paths target property)
  get_target_property(paths ${target} ${property})
  if(NOT paths)
    return()
  endif()
  set(existing "")
  foreach(path IN LISTS paths)
    if(NOT IS_ABSOLUTE "${path}" OR EXISTS "${path}")
      list(APPEND existing "${path}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES ${property} "${existing}")
endfunction()

function(frs_ros_keep_source_paths_private target)
  get_target_property(paths ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT paths)
    return()
  endif()
  set(exportable "")
  foreach(path IN LISTS paths)
    string(FIND "${path}" "${CMAKE_SOURCE_DIR}/" position)
    if(position EQUAL 0)
      set(path "$<BUILD_INTERFACE:${path}>")
    endif()
    list(APPEND exportable "${path}")
  endforeach()
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${exportable}")
endfunction()

function(frs_ros_mend_targets)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    frs_ros_drop_missing_paths(${target} INTERFACE_INCLUDE_DIRECTORIES)
    frs_ros_drop_missing_paths(${target} INTERFACE_LINK_LIBRARIES)
  endforeach()
  get_property(built DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS built)
    frs_ros_keep_source_paths_private(${target})
  endforeach()
endfunction()

cmake_language(DEFER CALL frs_ros_mend_targets)
