#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/property.hpp"
#include "tune/distribution.hpp"
#include "tune/format/param_json.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/history_cursor.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/storages/claims.hpp"

/// Any text where a storage holds JSON: distributions, marks, enqueued parameters, constraints, notes of a
/// suggestion, times, and a pruner's options.
namespace tune::testing {
namespace {

void try_distribution(std::string_view text) {
  is_taken([&] {
    const std::string written = to_json(distribution_from_json(text));
    require(to_json(distribution_from_json(written)) == written, "a distribution reads as it was written");
  });
}

void try_mark(std::string_view text) {
  const auto mark = storages::owner_mark_from_json(text);
  if (mark) {
    const std::string written = to_json(*mark);
    const auto again = storages::owner_mark_from_json(written);
    require(again && to_json(*again) == written, "an owner mark reads as it was written");
  }
}

void try_trial(std::string_view text) {
  FrozenTrial trial;
  trial.state = TrialState::kRunning;
  for (const char* key : {"constraints", "constraints:c", "fixed_params", "tune:owner", "tune:heartbeat"}) {
    trial.system_attrs[key] = std::string(text);
  }
  is_taken([&] { (void)trial.constraints(); });
  (void)storages::holder_of(trial);
}

void try_time(std::string_view text) {
  is_taken([&] {
    const std::string written = to_string(timestamp_from_string(text));
    require(to_string(timestamp_from_string(written)) == written, "a time reads as it was written");
  });
}

}  // namespace
}  // namespace tune::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tune;
  using namespace tune::testing;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_distribution(text);
  try_mark(text);
  try_trial(text);
  try_time(text);
  is_taken([&] { (void)format::params_from_json(text); });
  is_taken([&] { (void)suggestion_from_json(text); });
  is_taken([&] { (void)make_pruner_from_json(text); });
  return 0;
}
