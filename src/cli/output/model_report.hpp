#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/output/format.hpp"
#include "tune/model.hpp"

namespace fmnist_tune {

/// A model's test, with what a reader wants to know of the model.
struct ModelReport {
  std::string path;
  std::string study;
  std::string trial;
  std::uint64_t parameter_count = 0;
  std::optional<double> training_seconds{};
  tune::ClassifierTest test;
};

/// Facts and a table with a row a class: its examples; its accuracy, the share of them that is found; its
/// precision, the share of what is taken for it that is it; and as what its examples are taken (`as_0`, `as_1`,
/// …). A share of nothing is empty. JSON has the same with the table `confusion` for those columns, CSV only
/// the table.
[[nodiscard]] std::string to_text(const ModelReport& report, Format format);

}  // namespace fmnist_tune
