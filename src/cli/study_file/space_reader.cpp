#include "cli/study_file/space_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "cli/study_file/distribution_reader.hpp"
#include "cli/study_file/domain.hpp"
#include "cli/study_file/parameter_rules.hpp"

namespace fmnist_tune {
namespace {

using tune::ParamValue;

/// One key of `space` on its way to become one parameter or one a layer.
struct Entry {
  const Member* member;
  Place place;
  const tune::OptionSpec* spec = nullptr;
  std::optional<tune::Distribution> distribution{};
  std::optional<std::string> count{};         ///< `repeat`: the parameter of the space that counts the layers.
  std::optional<std::int64_t> layers{};       ///< `repeat`: how many there are at most.
  std::vector<tune::Condition> conditions{};  ///< From `when`.
  std::vector<std::size_t> parents{};         ///< Entries that must stand before this one.
  bool is_broken = false;
  enum class Visit : std::uint8_t { kNew, kOpen, kDone } visit = Visit::kNew;

  [[nodiscard]] const std::string& name() const { return member->key; }
};

class SpaceReader {
 public:
  SpaceReader(const Place& object, const tune::ObjectiveManifest& manifest, const tune::ParamValues& fixed)
      : object_(&object), manifest_(&manifest), fixed_(&fixed) {}

  SpaceReading read() {
    for (const Member& member : object_->node().members) read_entry(member);
    for (Entry& entry : entries_) read_repeat(entry);
    index_declared_names();
    for (Entry& entry : entries_) read_when(entry);
    for (std::size_t i = 0; i < entries_.size(); ++i) place_in_order(i);
    return std::move(reading_);
  }

 private:
  void read_entry(const Member& member) {
    const tune::OptionSpec* spec = find_parameter(*manifest_, member.key);
    if (spec == nullptr) {
      complain_unknown_parameter(*object_, member, *manifest_);
      reading_.broken.insert(member.key);
      return;
    }
    Entry entry{&member, object_->at(member), spec};
    entry.distribution = read_distribution(entry.place, *spec);
    entry.is_broken = !entry.distribution;
    entry_by_key_.emplace(member.key, entries_.size());
    entries_.push_back(std::move(entry));
  }

  void mark_broken(Entry& entry) {
    entry.is_broken = true;
    reading_.broken.insert(entry.name());
  }

  /// What a parameter is for every trial when the space does not vary it.
  [[nodiscard]] const ParamValue* constant(std::string_view name) const {
    if (const auto found = fixed_->find(name); found != fixed_->end()) return &found->second;
    const tune::OptionSpec* spec = find_spec(manifest_->parameters, name);
    const bool has_value = spec != nullptr && !std::holds_alternative<std::monostate>(spec->default_value);
    return has_value ? &spec->default_value : nullptr;
  }

  void read_repeat(Entry& entry) {
    const std::optional<Place> repeat = entry.place.member("repeat");
    if (!repeat) return;
    entry.layers = layers_of(entry, *repeat);
    if (!entry.layers) mark_broken(entry);
  }

  std::optional<std::int64_t> layers_of(Entry& entry, const Place& repeat) {
    const bool is_layered =
        entry.spec->name == tune::kAnyName || (entry.spec->per_layer && entry.spec->name == entry.name());
    if (!is_layered) {
      repeat.complain(fmt::format("no repeat, because {} exists once", entry.name()));
      return std::nullopt;
    }
    const std::optional<std::string> count = repeat.read_string("the name of an int parameter");
    if (!count) return std::nullopt;
    if (const auto found = entry_by_key_.find(*count); found != entry_by_key_.end()) {
      return layers_counted_by(entry, found->second, repeat);
    }
    if (reading_.broken.contains(*count)) return std::nullopt;
    const ParamValue* value = constant(*count);
    const auto* layers = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    if (layers != nullptr && *layers >= 1 && *layers <= kMaxLayers) return *layers;
    complain_no_count(repeat, *count);
    return std::nullopt;
  }

  std::optional<std::int64_t> layers_counted_by(Entry& entry, std::size_t index, const Place& repeat) {
    const Entry& parent = entries_[index];
    if (parent.is_broken) return std::nullopt;
    const auto* range = std::get_if<tune::IntDistribution>(&*parent.distribution);
    if (range == nullptr || parent.place.node().find("repeat") != nullptr) {
      complain_no_count(repeat, parent.name());
      return std::nullopt;
    }
    if (range->high < 1) {
      repeat.complain("a parameter that counts at least one layer",
                      fmt::format("{} up to {}", parent.name(), range->high));
      return std::nullopt;
    }
    if (range->high > kMaxLayers) {
      repeat.complain(fmt::format("a parameter of at most {} layers", kMaxLayers),
                      fmt::format("{} up to {}", parent.name(), range->high));
      return std::nullopt;
    }
    entry.count = parent.name();
    entry.parents.push_back(index);
    return range->high;
  }

  void complain_no_count(const Place& repeat, const std::string& name) const {
    std::vector<std::string> counts;
    for (const Entry& entry : entries_) {
      const auto* range =
          entry.distribution ? std::get_if<tune::IntDistribution>(&*entry.distribution) : nullptr;
      if (range != nullptr && range->high >= 1 && entry.place.node().find("repeat") == nullptr) {
        counts.push_back(entry.name());
      }
    }
    const std::string list = counts.empty() ? "; the space has none" : ": " + listed(counts);
    repeat.complain("an int parameter that counts layers" + list,
                    describe(repeat.node()) + did_you_mean(name, counts));
  }

  /// After `repeat` is known: the names under which the parameters will stand in the space.
  void index_declared_names() {
    std::size_t declared = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      declared += static_cast<std::size_t>(entry.layers.value_or(1));
      if (declared > kMaxParameters) {
        object_->complain(fmt::format("at most {} parameters, layers counted one by one", kMaxParameters),
                          "more");
        for (std::size_t rest = i; rest < entries_.size(); ++rest) mark_broken(entries_[rest]);
        return;
      }
      for (const std::string& name : declared_names(entry)) index_name(name, i);
      if (entry.is_broken) mark_broken(entry);
    }
  }

  void index_name(const std::string& name, std::size_t index) {
    const auto [found, inserted] = entry_by_name_.emplace(name, index);
    if (inserted) return;
    Entry& entry = entries_[index];
    object_->complain_about_key(*entry.member, "each parameter once",
                                fmt::format("\"{}\" also from \"{}\"", name, entries_[found->second].name()));
    mark_broken(entry);
  }

  [[nodiscard]] static std::vector<std::string> declared_names(const Entry& entry) {
    if (!entry.layers) return {entry.name()};
    std::vector<std::string> names;
    for (std::int64_t layer = 0; layer < *entry.layers; ++layer) {
      names.push_back(layer_name(entry.name(), layer));
    }
    return names;
  }

  void read_when(Entry& entry) {
    const std::optional<Place> when = entry.place.member("when");
    if (!when) return;
    if (!when->is_object()) {
      mark_broken(entry);
      return;
    }
    for (const Member& member : when->node().members) {
      if (!read_condition(entry, *when, member)) mark_broken(entry);
    }
  }

  bool read_condition(Entry& entry, const Place& when, const Member& member) {
    const Place values = when.at(member);
    if (!values.is_filled_list(kMaxChoices)) return false;
    if (const auto found = entry_by_name_.find(member.key); found != entry_by_name_.end()) {
      entry.parents.push_back(found->second);
      return read_condition_on_entry(entry, values, member.key, entries_[found->second]);
    }
    if (reading_.broken.contains(member.key)) return false;
    if (entry_by_key_.contains(member.key)) {
      when.complain_about_key(member, fmt::format("one layer, such as \"{}\"", layer_name(member.key, 0)),
                              describe_text(member.key));
      return false;
    }
    if (const ParamValue* value = constant(member.key)) return check_constant(values, member.key, *value);
    complain_no_parent(when, member);
    return false;
  }

  void complain_no_parent(const Place& when, const Member& member) const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name());
    when.complain_about_key(member, "a parameter of the space: " + listed(names),
                            describe_text(member.key) + did_you_mean(member.key, names));
  }

  static bool read_condition_on_entry(Entry& entry, const Place& values, const std::string& parent_name,
                                      const Entry& parent) {
    if (!parent.distribution) return false;
    if (std::holds_alternative<tune::FloatDistribution>(*parent.distribution)) {
      values.complain("a condition on an int or categorical parameter", parent_name + ", which is a float");
      return false;
    }
    tune::WhenOneOf condition{parent_name, {}};
    bool is_valid = true;
    for (std::size_t i = 0; i < values.node().items.size(); ++i) {
      const Place item = values.item(i);
      const ParamValue value = coerced(*parent.spec, item.node());
      if (item.node().is_scalar() && is_value_of(*parent.distribution, value)) {
        condition.values.push_back(value);
      } else {
        item.complain(fmt::format("a value of {}: {}", parent_name, domain_text(*parent.distribution)));
        is_valid = false;
      }
    }
    entry.conditions.emplace_back(std::move(condition));
    return is_valid;
  }

  /// A condition on something that never changes holds for every trial or for none.
  static bool check_constant(const Place& values, const std::string& name, const ParamValue& value) {
    for (const Node& item : values.node().items) {
      if (item.is_scalar() && tune::same_value(item.scalar(), value)) return true;
    }
    values.complain(fmt::format("a condition that can hold: {} is always {}", name, tune::to_json(value)),
                    "other values");
    return false;
  }

  /// Depth first: the parents of an entry, then the entry, so that the order of the file is kept elsewhere.
  void place_in_order(std::size_t index) {
    Entry& entry = entries_[index];
    if (entry.visit != Entry::Visit::kNew) return;
    entry.visit = Entry::Visit::kOpen;
    for (const std::size_t parent : entry.parents) {
      if (entries_[parent].visit == Entry::Visit::kOpen) {
        complain_of_cycle(entry, entries_[parent]);
      } else {
        place_in_order(parent);
      }
      if (entries_[parent].is_broken) mark_broken(entry);
    }
    entry.visit = Entry::Visit::kDone;
    if (!entry.is_broken) declare(entry);
  }

  void complain_of_cycle(Entry& entry, const Entry& parent) {
    const std::string other =
        entry.name() == parent.name() ? "itself" : fmt::format("{}, which depends on it", parent.name());
    object_->complain_about_key(*entry.member, "conditions that do not run in a circle",
                                fmt::format("{} that depends on {}", entry.name(), other));
    mark_broken(entry);
  }

  void declare(Entry& entry) {
    const auto names = declared_names(entry);
    for (std::size_t layer = 0; layer < names.size(); ++layer) {
      std::vector<tune::Condition> conditions = entry.conditions;
      if (entry.count) {
        conditions.emplace_back(tune::WhenAtLeast{*entry.count, static_cast<std::int64_t>(layer) + 1});
      }
      reading_.space.add({names[layer], *entry.distribution, std::move(conditions)});
    }
  }

  const Place* object_;
  const tune::ObjectiveManifest* manifest_;
  const tune::ParamValues* fixed_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> entry_by_key_;   ///< `width`
  std::map<std::string, std::size_t, std::less<>> entry_by_name_;  ///< `width_l0`, …
  SpaceReading reading_;
};

}  // namespace

SpaceReading read_space(const Place& object, const tune::ObjectiveManifest& manifest,
                        const tune::ParamValues& fixed) {
  if (!object.is_object()) return {};
  return SpaceReader(object, manifest, fixed).read();
}

}  // namespace fmnist_tune
