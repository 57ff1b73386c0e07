# What `cmake --install` puts where. Component `search` is the library for other programs, `program` is
# fmnist-tune with the module that trains and the study files.
include(CMakePackageConfigHelpers)

set(tune_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tune")

install(TARGETS tune EXPORT tune-search
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT search NAMELINK_COMPONENT search)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/tune" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT search FILES_MATCHING PATTERN "*.hpp")
install(EXPORT tune-search NAMESPACE tune:: DESTINATION "${tune_cmake_dir}" COMPONENT search)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/tuneConfig.cmake.in" "${PROJECT_BINARY_DIR}/cmake/tuneConfig.cmake"
  INSTALL_DESTINATION "${tune_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/tuneConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cmake/tuneConfig.cmake"
              "${PROJECT_BINARY_DIR}/cmake/tuneConfigVersion.cmake"
  DESTINATION "${tune_cmake_dir}" COMPONENT search)

if(TARGET fmnist-tune)
  file(RELATIVE_PATH lib_from_bin "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(fmnist-tune PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}")
  install(TARGETS fmnist-tune EXPORT tune-program
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
  install(EXPORT tune-program NAMESPACE tune:: DESTINATION "${tune_cmake_dir}" COMPONENT program)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/studies" DESTINATION "${CMAKE_INSTALL_DATADIR}/fmnist-tune"
    COMPONENT program FILES_MATCHING PATTERN "*.json" PATTERN "*.md" PATTERN "*.py")
  # From the tables of --help, by the program itself.
  set(manual_dir "${PROJECT_BINARY_DIR}/manual")
  set(manual "${manual_dir}/fmnist-tune.1" "${manual_dir}/fmnist-tune" "${manual_dir}/_fmnist-tune")
  add_custom_command(OUTPUT ${manual}
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${manual_dir}"
    COMMAND fmnist-tune man-page > "${manual_dir}/fmnist-tune.1"
    COMMAND fmnist-tune completion bash > "${manual_dir}/fmnist-tune"
    COMMAND fmnist-tune completion zsh > "${manual_dir}/_fmnist-tune"
    DEPENDS fmnist-tune VERBATIM)
  add_custom_target(fmnist_tune_manual ALL DEPENDS ${manual})
  install(FILES "${manual_dir}/fmnist-tune.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
  install(FILES "${manual_dir}/fmnist-tune" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    COMPONENT program)
  install(FILES "${manual_dir}/_fmnist-tune" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions"
    COMPONENT program)
endif()
if(TARGET tune_fmnist)
  # A LibTorch from elsewhere is found where it was when this was built.
  set_target_properties(tune_fmnist tune_fmnist_torch PROPERTIES
    INSTALL_RPATH "$ORIGIN/.." INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS tune_fmnist tune_fmnist_torch LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/fmnist-tune" COMPONENT program)
endif()
