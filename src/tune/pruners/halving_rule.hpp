#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/option.hpp"
#include "tune/pruners/pruner.hpp"

/// The steps of successive halving, each callable alone.
namespace tune::pruners {

/// The value of an option that is estimated from the trials.
inline constexpr std::string_view kAutomatic = "auto";
/// Steps and resources beyond this are not exact in a double.
inline constexpr std::int64_t kMaxResource = std::int64_t{1} << 53;

struct HalvingRule {
  std::int64_t min_resource = 1;
  std::int64_t reduction_factor = 4;
  std::int64_t min_early_stopping_rate = 0;
  std::int64_t bootstrap_count = 0;
};

/// Which trials compete with the one that is judged, by number.
using Competes = std::function<bool(std::size_t)>;

/// The decision about the trial's last report, with the rungs it completed by it.
[[nodiscard]] PruneDecision halve(const HalvingRule& rule, const PruningContext& context,
                                  const Competes& competes);

/// The step at which the rung is judged; nothing when no step is that large.
[[nodiscard]] std::optional<std::int64_t> promotion_step(const HalvingRule& rule, std::int64_t rung);

/// The value needed to go on among `competing`, at least one and reordered here: that of the last one in the
/// best n / reduction_factor, of the best while there are fewer than that.
[[nodiscard]] double value_to_go_on(std::vector<double>& competing, std::int64_t reduction_factor,
                                    bool maximize);

/// The largest step that a COMPLETE trial reported.
[[nodiscard]] std::optional<std::int64_t> largest_complete_step(const HistoryView& history);

/// What a trial keeps under that key of its system attributes: the lowest such trial's, so that every process
/// takes the same.
[[nodiscard]] std::optional<std::int64_t> kept_resource(const HistoryView& history, std::string_view key);

/// The options that successive halving and Hyperband share.
[[nodiscard]] OptionSpec resource_spec(std::string name, ParamValue default_value, std::string description);
[[nodiscard]] OptionSpec reduction_factor_spec(std::int64_t default_value);
[[nodiscard]] OptionSpec bootstrap_count_spec(const std::string& resource);
/// Nothing for "auto".
[[nodiscard]] std::optional<std::int64_t> read_resource(const OptionValues& values, std::string_view name);
/// Throw InvalidArgument when out of range.
void check_resource(std::int64_t value, const std::string& name);
void check_halving(std::int64_t reduction_factor, std::int64_t bootstrap_count);
void check_bootstrap_fits(std::int64_t bootstrap_count, bool automatic, const std::string& resource);

}  // namespace tune::pruners
