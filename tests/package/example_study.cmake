# Puts a study file beside the module that it names, and runs a few trials.
file(REMOVE_RECURSE "${WORK_DIR}")
file(MAKE_DIRECTORY "${WORK_DIR}")
file(COPY "${STUDY}" "${MODULE}" DESTINATION "${WORK_DIR}")
get_filename_component(name "${STUDY}" NAME)
execute_process(COMMAND "${PROGRAM}" "${name}" --trials 5 WORKING_DIRECTORY "${WORK_DIR}" RESULT_VARIABLE status
  OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the study ended with ${status}:\n${output}")
endif()
