#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/study_file/node_reader.hpp"
#include "tune/objective.hpp"
#include "tune/option.hpp"

namespace fmnist_tune {

/// The most layers a network can be asked to have, a bound on what `repeat` creates.
inline constexpr std::int64_t kMaxLayers = 1000;
/// The most choices of one parameter.
inline constexpr std::size_t kMaxChoices = 10'000;

[[nodiscard]] const tune::OptionSpec* find_spec(const std::vector<tune::OptionSpec>& specs,
                                                std::string_view name);
/// Whether there is one that stands for every name.
[[nodiscard]] bool takes_any_name(const std::vector<tune::OptionSpec>& specs);
[[nodiscard]] std::vector<std::string> names_of(const std::vector<tune::OptionSpec>& specs);

/// The longest name of a parameter that only a study file knows: what Optuna's schema has room for.
inline constexpr std::size_t kMaxNameBytes = 500;
/// Whether a parameter that only a study file knows may have the name.
[[nodiscard]] bool is_parameter_name(std::string_view name);

/// The manifest's parameter of that name, or the one of which the name is a layer (`width_l2`), or the one that
/// stands for every name, or null.
[[nodiscard]] const tune::OptionSpec* find_parameter(const tune::ObjectiveManifest& manifest,
                                                     std::string_view name);

/// `width` → `width_l2`.
[[nodiscard]] std::string layer_name(std::string_view name, std::int64_t layer);
/// `width_l2` → `width`; nothing when the name has no such ending.
[[nodiscard]] std::optional<std::string> name_without_layer(std::string_view name);

/// Complains about a key that no parameter of the objective has, and lists those there are.
void complain_unknown_parameter(const Place& object, const Member& member,
                                const tune::ObjectiveManifest& manifest);

/// The value in the option's own kind: 16.0 becomes 16 for an integer, 1 becomes 1.0 for a number.
[[nodiscard]] tune::ParamValue coerced(const tune::OptionSpec& spec, const Node& node);

/// What is expected instead of the value, without the word "expected"; nothing when it is fine.
[[nodiscard]] std::optional<std::string> expected_instead(const tune::OptionSpec& spec,
                                                          const tune::ParamValue& value);

/// Reads a value of the option and complains when it is not one.
[[nodiscard]] std::optional<tune::ParamValue> read_option(const Place& place, const tune::OptionSpec& spec);

}  // namespace fmnist_tune
