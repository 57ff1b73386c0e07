#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/objective.hpp"

namespace tune {

/// What a checkpoint file holds.
struct CheckpointFile {
  std::string study_name;
  TrialNumber trial;
  std::string fingerprint;
  Checkpoint checkpoint;
};

/// Magic, version, contents, and a CRC-32 over all of it.
[[nodiscard]] std::vector<std::byte> encode_checkpoint(const CheckpointFile& file);

/// Reads the above. Throws FormatError that says what is wrong with any other bytes.
[[nodiscard]] CheckpointFile decode_checkpoint(std::span<const std::byte> bytes);

}  // namespace tune
