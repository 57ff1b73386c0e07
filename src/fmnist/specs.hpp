#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tune/option.hpp"

/// Short forms of the kinds of OptionSpec that the manifest is made of.
namespace fmnist {

[[nodiscard]] inline tune::OptionSpec choice(std::string name, std::vector<tune::ParamValue> choices,
                                             std::string by_default, std::string description) {
  return {.name = std::move(name),
          .kind = tune::OptionKind::kChoice,
          .default_value = std::move(by_default),
          .choices = std::move(choices),
          .description = std::move(description)};
}

[[nodiscard]] inline tune::OptionSpec count(std::string name, std::int64_t by_default, double low, double high,
                                            std::string description) {
  return {.name = std::move(name),
          .kind = tune::OptionKind::kInt,
          .default_value = by_default,
          .low = low,
          .high = high,
          .description = std::move(description)};
}

[[nodiscard]] inline tune::OptionSpec flag(std::string name, bool by_default, std::string description) {
  return {.name = std::move(name),
          .kind = tune::OptionKind::kBool,
          .default_value = by_default,
          .description = std::move(description)};
}

/// In [low, high].
[[nodiscard]] inline tune::OptionSpec real(std::string name, double by_default, double low, double high,
                                           std::string description) {
  return {.name = std::move(name),
          .kind = tune::OptionKind::kFloat,
          .default_value = by_default,
          .low = low,
          .high = high,
          .description = std::move(description)};
}

/// 0 by default and at most a million.
[[nodiscard]] inline tune::OptionSpec non_negative(std::string name, std::string description) {
  return real(std::move(name), 0.0, 0.0, 1e6, std::move(description));
}

/// In [0, 1), 0 by default.
[[nodiscard]] inline tune::OptionSpec share(std::string name, std::string description) {
  tune::OptionSpec spec = real(std::move(name), 0.0, 0.0, 1.0, std::move(description));
  spec.high_excluded = true;
  return spec;
}

/// The same, to be set layer by layer as well.
[[nodiscard]] inline tune::OptionSpec per_layer(tune::OptionSpec spec) {
  spec.per_layer = true;
  return spec;
}

/// Adds some to others.
inline void append(std::vector<tune::OptionSpec>& all, std::vector<tune::OptionSpec> more) {
  for (auto& spec : more) all.push_back(std::move(spec));
}

}  // namespace fmnist
