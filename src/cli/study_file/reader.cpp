#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "cli/study_file/command_reader.hpp"
#include "cli/study_file/parameter_rules.hpp"
#include "cli/study_file/space_reader.hpp"
#include "cli/study_file/study_config.hpp"
#include "command/manifest.hpp"
#include "tune/error.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/samplers/registry.hpp"

namespace fmnist_tune {
namespace {

constexpr std::size_t kMaxObjectives = 16;
constexpr std::size_t kMaxConstraints = 64;
constexpr std::size_t kMaxNameCharacters = 200;

const std::vector<std::string> kKeys = {
    "$schema", "name",       "objectives",    "sampler",     "pruner", "objective",  "space",        "fixed",
    "points",  "replicates", "training_seed", "constraints", "limits", "duplicates", "reproducible", "storage"};

/// Reads the keys of the root one by one into a config.
class StudyReader {
 public:
  StudyReader(const Place& root, const Manifests& manifests) : root_(&root), manifests_(&manifests) {}

  StudyConfig read() {
    root_->check_keys(kKeys);
    if (const auto schema = root_->member("$schema")) (void)schema->read_string();
    read_name();
    read_objective();
    read_objectives();
    read_sampler();
    read_pruner();
    read_parameters();
    read_replicates();
    read_limits();
    read_constraints();
    read_duplicates();
    read_reproducible();
    if (const auto storage = root_->member("storage")) {
      config_.storage = storage->read_string("a path or an address of a storage");
    }
    return std::move(config_);
  }

 private:
  void read_name();
  void read_objective();
  void read_objectives();
  std::optional<ObjectiveGoal> read_goal(const Place& goal);
  void read_sampler();
  void read_pruner();
  void choose_default_pruner();
  void read_parameters();
  void check_commands(const SpaceReading& reading) const;
  void check_finite_space(const Place& space) const;
  void read_replicates();
  void check_listed_trials(const Place& points) const;
  void read_limits();
  void read_constraints();
  void read_duplicates();
  void read_reproducible();

  [[nodiscard]] std::optional<std::string> read_metric(const Place& place) const;
  [[nodiscard]] const tune::MetricSpec* find_metric(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> metric_names() const;

  const Place* root_;
  const Manifests* manifests_;
  const tune::ObjectiveManifest* manifest_ = nullptr;  ///< Null until `objective` names a known type.
  StudyConfig config_;
};

/// The name becomes a file name unless `storage` says otherwise.
bool is_study_name(const std::string& name) {
  const auto is_bad = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '/' || c == '\\'; };
  const auto characters = std::count_if(
      name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return !name.empty() && name.front() != '.' && std::none_of(name.begin(), name.end(), is_bad) &&
         static_cast<std::size_t>(characters) <= kMaxNameCharacters;
}

void StudyReader::read_name() {
  const auto place = root_->required("name", "the study's name");
  const auto name = place ? place->read_string("a name") : std::nullopt;
  if (!name) return;
  if (!is_study_name(*name)) {
    place->complain(fmt::format("a name of at most {} characters that can be a file name", kMaxNameCharacters));
    return;
  }
  config_.name = *name;
}

std::optional<tune::ParamValue> read_wrapped_pruner(const Place& object);

std::optional<tune::ParamValue> read_value_of(const Place& place, const tune::OptionSpec& spec) {
  if (spec.kind == tune::OptionKind::kPruner) return read_wrapped_pruner(place);
  if (spec.kind == tune::OptionKind::kCommand) return read_command(place);
  return read_option(place, spec);
}

/// Reads the keys that are not in `reserved` as options.
GivenOptions read_options(const Place& object, const std::vector<tune::OptionSpec>& specs,
                          const std::vector<std::string>& reserved) {
  std::vector<std::string> known = reserved;
  for (std::string& name : names_of(specs)) known.push_back(std::move(name));
  if (!takes_any_name(specs)) object.check_keys(known);
  GivenOptions options;
  for (const Member& member : object.node().members) {
    const tune::OptionSpec* spec = tune::find_option(specs, member.key);
    const bool is_reserved = std::find(reserved.begin(), reserved.end(), member.key) != reserved.end();
    if (spec == nullptr || is_reserved) continue;
    auto value = read_value_of(object.at(member), *spec);
    if (value) options.emplace(member.key, std::move(*value));
  }
  for (const tune::OptionSpec& spec : specs) {
    if (spec.required) (void)object.required(spec.name, expected_instead(spec, {}).value_or(spec.description));
  }
  return options;
}

/// The entry of a registry that `type` names; complains when there is none.
template <typename Entry>
const Entry* read_type(const Place& object, const std::vector<Entry>& registry) {
  std::vector<std::string> names;
  for (const Entry& entry : registry) names.push_back(entry.name);
  const auto place = object.required("type", listed(names));
  const auto type = place ? place->read_choice(names) : std::nullopt;
  if (!type) return nullptr;
  return &*std::find_if(registry.begin(), registry.end(),
                        [&](const Entry& entry) { return entry.name == *type; });
}

/// Complains when every option is fine by itself, but not with the others.
template <typename Entry>
bool fit_together(const Place& object, const Entry& entry, const GivenOptions& options,
                  std::size_t n_reserved = 1) {
  const bool is_complained_about =
      options.size() + n_reserved != object.node().members.size() ||
      std::any_of(entry.options.begin(), entry.options.end(),
                  [&](const tune::OptionSpec& spec) { return spec.required && !options.contains(spec.name); });
  if (is_complained_about) return false;
  try {
    (void)entry.make(tune::with_defaults(entry.options, options));
    return true;
  } catch (const tune::InvalidArgument& error) {
    constexpr std::string_view kFound = ", found ";
    const std::string_view text = error.what();
    const std::size_t end = std::min(text.rfind(kFound), text.size());
    const std::string found(text.substr(std::min(end + kFound.size(), text.size())));
    object.complain(fmt::format("that {}", text.substr(0, end)), found);
    return false;
  }
}

/// A pruner that is an option of another one, as text.
std::optional<tune::ParamValue> read_wrapped_pruner(const Place& object) {
  if (!object.is_object()) return std::nullopt;
  const tune::PrunerEntry* entry = read_type(object, tune::pruner_registry());
  if (entry == nullptr) return std::nullopt;
  const GivenOptions options = read_options(object, entry->options, {"type"});
  if (!fit_together(object, *entry, options)) return std::nullopt;
  return tune::pruner_to_json(entry->name, options);
}

void StudyReader::read_objective() {
  const auto object = root_->required("objective", "an object with the type of the objective and its settings");
  if (!object || !object->is_object()) return;
  std::vector<std::string> types;
  for (const tune::ObjectiveManifest* manifest : *manifests_) types.push_back(manifest->type);
  const auto place = object->required("type", listed(types));
  const auto type = place ? place->read_choice(types) : std::nullopt;
  if (!type) return;
  manifest_ = *std::find_if(manifests_->begin(), manifests_->end(),
                            [&](const tune::ObjectiveManifest* manifest) { return manifest->type == *type; });
  const GivenOptions given = read_options(*object, manifest_->settings, {"type"});
  const bool is_complete =
      std::all_of(manifest_->settings.begin(), manifest_->settings.end(),
                  [&](const tune::OptionSpec& spec) { return !spec.required || given.contains(spec.name); });
  config_.objective = {*type,
                       is_complete ? tune::with_defaults(manifest_->settings, given) : tune::OptionValues{}};
}

/// What a command names must be there: a misspelt parameter would go to the program as it stands. Its
/// parameters must be such that it can be told of them.
void StudyReader::check_commands(const SpaceReading& reading) const {
  const auto object = root_->member("objective");
  for (const tune::OptionSpec& spec : manifest_->settings) {
    const auto list = spec.kind == tune::OptionKind::kCommand ? object->member(spec.name) : std::nullopt;
    if (!list || list->node().kind != Node::Kind::kList) continue;
    check_placeholders(*list, reading, config_.fixed);
    for (const char* key : {"space", "fixed"}) {
      if (const auto parameters = root_->member(key)) check_parameters_of_command(*parameters);
    }
  }
}

const tune::MetricSpec* StudyReader::find_metric(const std::string& name) const {
  if (manifest_ == nullptr) return nullptr;
  const auto found = std::find_if(
      manifest_->metrics.begin(), manifest_->metrics.end(),
      [&name](const tune::MetricSpec& metric) { return metric.name == name || metric.name == tune::kAnyName; });
  return found == manifest_->metrics.end() ? nullptr : &*found;
}

/// Those of the objective, or of all while its type is unknown.
std::vector<std::string> StudyReader::metric_names() const {
  std::vector<std::string> names;
  for (const tune::ObjectiveManifest* manifest : *manifests_) {
    if (manifest_ != nullptr && manifest != manifest_) continue;
    for (const tune::MetricSpec& metric : manifest->metrics) names.push_back(metric.name);
  }
  return names;
}

void StudyReader::read_objectives() {
  const auto list = root_->required("objectives", "a list of what to optimise");
  if (!list || !list->is_filled_list(kMaxObjectives)) return;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list->node().items.size(); ++i) {
    const Place item = list->item(i);
    auto goal = read_goal(item);
    if (!goal) continue;
    if (!seen.insert(goal->metric).second) {
      item.member("metric")->complain("each metric once", describe_text(goal->metric) + " again");
    }
    config_.objectives.push_back(std::move(*goal));
  }
}

std::optional<std::string> StudyReader::read_metric(const Place& place) const {
  const auto names = metric_names();
  const bool is_free = std::find(names.begin(), names.end(), tune::kAnyName) != names.end();
  return is_free ? place.read_string("a name") : place.read_choice(names);
}

std::optional<ObjectiveGoal> StudyReader::read_goal(const Place& goal) {
  if (!goal.is_object()) return std::nullopt;
  goal.check_keys({"metric", "direction"});
  const auto metric_place = goal.required("metric", "the name of a metric");
  const auto metric = metric_place ? read_metric(*metric_place) : std::nullopt;
  const auto direction_place = goal.required("direction", "\"minimize\" or \"maximize\"");
  const auto direction =
      direction_place ? direction_place->read_choice({"minimize", "maximize"}) : std::nullopt;
  if (!metric || !direction) return std::nullopt;
  return ObjectiveGoal{*metric, tune::direction_from_string(*direction)};
}

void StudyReader::read_sampler() {
  const auto object = root_->member("sampler");
  if (!object || !object->is_object()) return;
  if (const auto seed = object->member("seed")) config_.sampler.seed = seed->read_seed().value_or(0);
  const tune::SamplerEntry* entry = read_type(*object, tune::sampler_registry());
  if (entry == nullptr) return;
  config_.sampler.type = entry->name;
  config_.sampler.options = read_options(*object, entry->options, {"type", "seed"});
  (void)fit_together(*object, *entry, config_.sampler.options, object->member("seed") ? 2 : 1);
  const auto points = root_->member("points");
  const bool has_points = points && !points->node().items.empty();
  if (entry->name == "none" && !has_points) {
    object->member("type")->complain("another sampler, or \"points\" with the configurations to run");
  }
}

void StudyReader::choose_default_pruner() {
  if (config_.objectives.size() != 1) return;
  const tune::MetricSpec* metric = find_metric(config_.objectives.front().metric);
  if (metric != nullptr && metric->reported_each_step) config_.pruner.type = "median";
}

void StudyReader::read_pruner() {
  const auto object = root_->member("pruner");
  if (!object) return choose_default_pruner();
  if (!object->is_object()) return;
  const tune::PrunerEntry* entry = read_type(*object, tune::pruner_registry());
  if (entry == nullptr) return;
  config_.pruner = {entry->name, read_options(*object, entry->options, {"type"})};
  (void)fit_together(*object, *entry, config_.pruner.options);
  if (entry->name == "nop") return;
  const auto objectives = root_->member("objectives");
  if (objectives && objectives->node().items.size() > 1) {
    object->member("type")->complain("\"nop\", because trials with several objectives cannot be pruned");
  } else if (config_.objectives.size() == 1) {
    const tune::MetricSpec* metric = find_metric(config_.objectives.front().metric);
    if (metric == nullptr || metric->reported_each_step) return;
    object->member("type")->complain(
        fmt::format("\"nop\", because {} is known only at the end of a trial", metric->name));
  }
}

void StudyReader::read_parameters() {
  const auto space = root_->required("space", "the parameters to search");
  const auto fixed = root_->member("fixed");
  const auto points = root_->member("points");
  if (manifest_ == nullptr) {  // Without the objective no parameter can be judged.
    if (space) (void)space->is_object();
    if (fixed) (void)fixed->is_object();
    if (points) (void)points->is_list(kMaxPoints);
    return;
  }
  if (fixed) config_.fixed = read_fixed(*fixed, *manifest_);
  if (!space) return;
  SpaceReading reading = read_space(*space, *manifest_, config_.fixed);
  if (fixed) check_fixed_against_space(*fixed, *space, reading);
  check_commands(reading);
  if (points) config_.points = read_points(*points, reading, *manifest_);
  config_.space = std::move(reading.space);
  check_finite_space(*space);
}

/// Where the sampler walks through all values there must be an end to them.
void StudyReader::check_finite_space(const Place& space) const {
  const auto& samplers = tune::sampler_registry();
  const bool is_needed = std::any_of(samplers.begin(), samplers.end(), [this](const tune::SamplerEntry& entry) {
    return entry.needs_finite_space && entry.name == config_.sampler.type;
  });
  if (!is_needed) return;
  for (const Member& member : space.node().members) {
    const tune::ParameterDeclaration* single = config_.space.find(member.key);
    const tune::ParameterDeclaration* found = single ? single : config_.space.find(member.key + "_l0");
    if (found == nullptr || tune::cardinality(found->distribution)) continue;
    space.at(member).complain(
        fmt::format("a \"step\" or \"choices\": the sampler \"{}\" needs finitely many values",
                    config_.sampler.type),
        "a float range without \"step\"");
  }
}

void StudyReader::read_replicates() {
  if (const auto place = root_->member("replicates")) {
    config_.replicates = place->read_integer(1, kMaxReplicates).value_or(1);
    if (const auto points = root_->member("points")) check_listed_trials(*points);
  }
  if (const auto place = root_->member("training_seed")) config_.training_seed = place->read_seed();
}

/// The queue is filled in one transaction, which must not take minutes.
void StudyReader::check_listed_trials(const Place& points) const {
  const std::size_t n_points = config_.points.size();
  if (n_points * static_cast<std::size_t>(config_.replicates) <= kMaxPoints) return;
  points.complain(fmt::format("at most {} listed trials", kMaxPoints),
                  fmt::format("{} points with {} replicates each", n_points, config_.replicates));
}

void StudyReader::read_limits() {
  const auto object = root_->member("limits");
  if (!object || !object->is_object()) return;
  object->check_keys(
      {"max_trial_seconds", "max_trial_memory_mib", "max_epoch_gflops", "stagnation", "failures_in_row"});
  Limits& limits = config_.limits;
  if (const auto place = object->member("max_trial_seconds")) {
    limits.max_trial_seconds = place->read_number();
    if (limits.max_trial_seconds && *limits.max_trial_seconds <= 0) place->complain("a number > 0");
  }
  if (const auto place = object->member("max_trial_memory_mib")) {
    limits.max_trial_memory_mib = place->read_integer(1);
  }
  if (const auto place = object->member("max_epoch_gflops")) {
    limits.max_epoch_gflops = place->read_number();
    if (limits.max_epoch_gflops && *limits.max_epoch_gflops <= 0) place->complain("a number > 0");
  }
  if (const auto place = object->member("stagnation")) {
    limits.stagnation = place->read_integer(1);
    if (limits.stagnation && config_.objectives.size() > 1) {
      place->complain("no limit: of several objectives none is the value that must become better");
    }
  }
  if (const auto place = object->member("failures_in_row")) limits.failures_in_row = place->read_integer(1);
}

void StudyReader::read_constraints() {
  const auto list = root_->member("constraints");
  if (!list || !list->is_list(kMaxConstraints)) return;
  for (std::size_t i = 0; i < list->node().items.size(); ++i) {
    const Place item = list->item(i);
    if (!item.is_object()) continue;
    item.check_keys({"metric", "at_most", "at_least"});
    ConstraintBound bound;
    if (const auto metric = item.required("metric", "the name of what is bounded")) {
      bound.metric = read_metric(*metric).value_or("");
    }
    const auto at_most = item.member("at_most");
    const auto at_least = item.member("at_least");
    if (at_most) bound.at_most = at_most->read_number();
    if (at_least) bound.at_least = at_least->read_number();
    if (!at_most && !at_least) item.complain("\"at_most\" or \"at_least\": a number", "neither");
    if (bound.at_most && bound.at_least && *bound.at_least > *bound.at_most) {
      at_most->complain(fmt::format("at least at_least, which is {}", *bound.at_least),
                        fmt::format("{}", *bound.at_most));
    }
    config_.constraints.push_back(std::move(bound));
  }
  if (manifest_ != nullptr && runs_programs(*manifest_) && !config_.constraints.empty())
    list->complain("no constraints: a program says its \"constraints\" itself");
}

void StudyReader::read_duplicates() {
  const auto place = root_->member("duplicates");
  const auto choice = place ? place->read_choice({"allow", "avoid"}) : std::nullopt;
  if (!choice) return;
  config_.duplicates = choice == "avoid" ? tune::Duplicates::kAvoid : tune::Duplicates::kAllow;
  const auto space = root_->member("space");
  const bool is_empty = space && space->node().kind == Node::Kind::kObject && space->node().members.empty();
  if (choice == "avoid" && is_empty)
    place->complain("\"allow\": the space has no parameter that could vary", "\"avoid\"");
}

void StudyReader::read_reproducible() {
  const auto object = root_->member("reproducible");
  if (!object || !object->is_object()) return;
  object->check_keys({"window"});
  const auto window = object->required("window", "a number of trials");
  if (!window) return;
  config_.reproducible_window = window->read_integer(1);
  if (!config_.reproducible_window) return;
  if (config_.space.empty()) window->complain("no window: the space is empty");
  if (config_.limits.max_trial_seconds) {
    window->complain("no window: where max_trial_seconds strikes is another place each time");
  }
  if (config_.objective.settings.has(command::kTimeoutSetting)) {
    window->complain("no window: where timeout_seconds strikes is another place each time");
  }
  std::set<std::string> names;
  for (const ObjectiveGoal& goal : config_.objectives) names.insert(goal.metric);
  for (const ConstraintBound& bound : config_.constraints) names.insert(bound.metric);
  for (const std::string& name : names) {
    const tune::MetricSpec* metric = find_metric(name);
    if (metric != nullptr && metric->is_measured) {
      window->complain(fmt::format("no window: {} may be another number each time", name));
    }
  }
}

void sort_as_in_file(std::vector<Complaint>& complaints) {
  std::stable_sort(complaints.begin(), complaints.end(), [](const Complaint& a, const Complaint& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
}

[[noreturn]] void throw_unreadable(const std::filesystem::path& path, std::string found) {
  throw StudyFileError(path.string(), {{0, 0, "", "a readable study file", std::move(found)}});
}

std::string read_text(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw_unreadable(path, "a folder");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw_unreadable(path, errno == 0 ? "no such file" : std::strerror(errno));
  // One byte more than allowed is enough to know that there are too many.
  std::string text(kMaxJsonBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw_unreadable(path, "an error while reading it");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

const tune::ObjectiveManifest& manifest_of(const Manifests& manifests, std::string_view type) {
  const auto found =
      std::find_if(manifests.begin(), manifests.end(),
                   [&](const tune::ObjectiveManifest* manifest) { return manifest->type == type; });
  return **found;
}

StudyConfig read_study_file(const std::filesystem::path& path, const Manifests& manifests) {
  return parse_study_text(read_text(path), path.string(), manifests);
}

StudyConfig parse_study_text(std::string_view text, std::string_view source, const Manifests& manifests) {
  std::vector<Complaint> complaints;
  const std::optional<Node> tree = parse_json(text, complaints);
  if (!tree) throw StudyFileError(source, std::move(complaints));
  const Place root(*tree, "", complaints);
  StudyConfig config;
  if (root.is_object()) config = StudyReader(root, manifests).read();
  sort_as_in_file(complaints);
  if (!complaints.empty()) throw StudyFileError(source, std::move(complaints));
  config.text = to_canonical_json(*tree, "$schema");
  return config;
}

}  // namespace fmnist_tune
