#include "cli/build_facts.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include "cli/version.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {
namespace {

std::string boost_version() {
  return fmt::format("{}.{}.{}", BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
}

std::string json_version() {
  return fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                     NLOHMANN_JSON_VERSION_PATCH);
}

std::string fmt_version() {
  return fmt::format("{}.{}.{}", FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace

std::string version_text() {
  return fmt::format(
      "fmnist-tune {}\n"
      "compiler:   {}, {}\n"
      "libraries:  Boost {}, SQLite {}, nlohmann_json {}, fmt {}\n"
      "objectives: fmnist ({}), command, module (interface {})\n",
      kVersion, FMNIST_TUNE_COMPILER, FMNIST_TUNE_BUILD_TYPE, boost_version(), ::sqlite3_libversion(),
      json_version(), fmt_version(), FMNIST_TUNE_TRAINER, tune::ObjectiveModule::kAbiVersion);
}

}  // namespace fmnist_tune
