#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tune/option.hpp"
#include "tune/pruners/pruner.hpp"

namespace tune {

/// What the study file, the help and the conformance suite know of a pruner.
struct PrunerEntry {
  std::string name;
  std::string description;  ///< One sentence.
  std::vector<OptionSpec> options;
  std::function<std::shared_ptr<const Pruner>(const OptionValues&)> make;
};

/// Every pruner that a study file can name, in the order of the manual.
[[nodiscard]] const std::vector<PrunerEntry>& pruner_registry();

/// Throws InvalidArgument that lists the known names when the name is unknown, or names the option that is
/// wrong.
[[nodiscard]] std::shared_ptr<const Pruner> make_pruner(
    std::string_view name, const std::map<std::string, ParamValue, std::less<>>& options = {});

/// A pruner and its options as one JSON object, {"type": "median", "n_warmup_steps": 3}; a wrapped pruner is an
/// object in it.
[[nodiscard]] std::string pruner_to_json(std::string_view name,
                                         const std::map<std::string, ParamValue, std::less<>>& options);
/// What make_pruner gives for such a text. Throws InvalidArgument also when it is none.
[[nodiscard]] std::shared_ptr<const Pruner> make_pruner_from_json(std::string_view json);

}  // namespace tune
