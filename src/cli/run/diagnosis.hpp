#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// What a machine has for training networks and keeping studies, and what is wrong with it.
namespace fmnist_tune {

struct Diagnosis {
  enum class Verdict : std::uint8_t { kFine, kNote, kProblem };

  std::string part;  ///< "processor", "LibTorch", "data set", …
  Verdict verdict = Verdict::kFine;
  std::string found;
  std::string advice;  ///< What to do about it; empty when there is nothing to do.
};

[[nodiscard]] std::string to_string(Diagnosis::Verdict verdict);

/// Of processor and memory, without loading anything.
[[nodiscard]] std::vector<Diagnosis> examine_machine();

/// What in the environment the numeric libraries would read, were it not for this program. Call it before
/// `fmnist::set_library_environment`.
[[nodiscard]] std::vector<Diagnosis> examine_environment();

/// Loads the training module and the data set (`data_dir` empty: the usual places) and trains a small network
/// for a moment. Call `fmnist::set_library_environment` first.
[[nodiscard]] std::vector<Diagnosis> examine_training(const std::filesystem::path& data_dir);

/// Whether studies can be kept in that file, which need not be there; an existing one is checked.
[[nodiscard]] std::vector<Diagnosis> examine_storage(const std::filesystem::path& file);

}  // namespace fmnist_tune
