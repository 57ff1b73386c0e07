#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tune/option.hpp"
#include "tune/samplers/sampler.hpp"

namespace tune {

/// What the study file, the help and the conformance suite know of a sampler.
struct SamplerEntry {
  std::string name;
  std::string description;  ///< One sentence.
  std::vector<OptionSpec> options;
  std::function<std::shared_ptr<const Sampler>(const OptionValues&)> make;
  bool needs_finite_space =
      false;  ///< Works only on a declared space whose parameters have finitely many values.
};

/// Every sampler that a study file can name, in the order of the manual.
[[nodiscard]] const std::vector<SamplerEntry>& sampler_registry();

/// Throws InvalidArgument that lists the known names when the name is unknown, or names the option that is
/// wrong.
[[nodiscard]] std::shared_ptr<const Sampler> make_sampler(
    std::string_view name, const std::map<std::string, ParamValue, std::less<>>& options = {});

}  // namespace tune
