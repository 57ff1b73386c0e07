# Installs everything, moves it, and runs a study of one short trial with it.
file(REMOVE_RECURSE "${WORK_DIR}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK_DIR}" RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN} ended with ${status}:\n${output}")
  endif()
endfunction()

file(MAKE_DIRECTORY "${WORK_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/first place")
file(RENAME "${WORK_DIR}/first place" "${WORK_DIR}/second place")
file(WRITE "${WORK_DIR}/short.json" [[{
  "name": "short",
  "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}],
  "sampler": {"type": "random", "seed": 1},
  "objective": {"type": "fmnist", "epochs": 1, "training_examples": 2000},
  "space": {"lr": {"type": "float", "low": 1e-3, "high": 1e-2, "log": true}}
}]])
run("${WORK_DIR}/second place/bin/fmnist-tune" short.json --trials 1 --jobs 1)
run("${WORK_DIR}/second place/bin/fmnist-tune" best-trial short.db)
