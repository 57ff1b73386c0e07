#include "fmnist/environment.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

constexpr const char* kCublas = "CUBLAS_WORKSPACE_CONFIG";

TEST(LibraryEnvironment, GivesCublasFixedMemoryUnlessSomebodyHas) {
  ::unsetenv(kCublas);
  fmnist::set_library_environment();
  EXPECT_EQ(std::getenv(kCublas), std::string(":4096:8"));
  ::setenv(kCublas, ":16:8", 1);
  fmnist::set_library_environment();
  EXPECT_EQ(std::getenv(kCublas), std::string(":16:8"));
}

}  // namespace
