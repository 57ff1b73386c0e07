# `cpack` (in the build folder) makes a Debian package of everything that `cmake --install` installs. What it depends
# on is asked from dpkg-shlibdeps, so that it fits the system it was built on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fmnist-tune)
set(CPACK_PACKAGE_VENDOR "fmnist-tune authors")
set(CPACK_PACKAGE_CONTACT "fmnist-tune authors <fmnist-tune@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Searches the hyperparameters of networks that LibTorch trains, of any program, \
or of a function in a shared library. A study is one SQLite file, which Optuna and optuna-dashboard open too. \
The search library comes along with its headers, for find_package(tune).")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The program and its modules need the library of this very package.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
# LibTorch takes any BLAS, also the reference one, which is slow.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, libopenblas0")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "sqlite3, python3")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fmnist-tune"
  RENAME copyright COMPONENT program)
install(FILES "${PROJECT_SOURCE_DIR}/CHANGELOG.md" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/fmnist-tune"
  COMPONENT program)
include(CPack)
