#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/study_target.hpp"
#include "cli/study_file/complaint.hpp"
#include "tune/format/python_json.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune enqueue DB|STUDY.json --params JSON [options]",
    "Puts configurations into the queue of a study: the next trials take them, here or in Optuna, before\n"
    "anything is suggested. Parameters that a configuration leaves out are suggested. The values must lie in "
    "the\n"
    "study's search space; all of them are enqueued or none. By its study file a study may be enqueued to "
    "before its first run. What is printed\n"
    "is in the file and survives a power cut.",
    "  fmnist-tune enqueue mlp.db --params '{\"lr\": 0.01, \"optimizer\": \"adam\"}'\n"
    "  fmnist-tune enqueue studies/mlp.json --params '[{\"lr\": 0.01}, {\"lr\": 0.1}]' --skip-if-exists\n"
    "  fmnist-tune enqueue mlp.db --params '{\"depth\": 3}' --user-attr source='\"paper\"' -f json"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto texts = [](const char* name) {
    return po::value<std::vector<std::string>>()->composing()->value_name(name);
  };
  options.add_options()("params", texts("JSON"),
                        "a configuration, an object of parameters and values, or a list of them; may be given "
                        "several times")("skip-if-exists",
                                         "leave out a configuration that a trial in any state has, numbers "
                                         "equal to five digits")(
      "user-attr", texts("KEY=JSON"), "user attribute of the new trials; may be given several times");
  add_storage_option(options);
  add_study_option(options);
  add_format_option(options);
  return options;
}

/// A configuration and the trials that wait to take it: none when it was skipped.
struct Enqueued {
  tune::ParamValues params;
  std::vector<tune::TrialNumber> numbers;
};

tune::Attributes user_attributes(const po::variables_map& values) {
  tune::Attributes attributes;
  if (!values.contains("user-attr")) return attributes;
  for (const std::string& text : values["user-attr"].as<std::vector<std::string>>()) {
    const std::size_t sign = text.find('=');
    const std::string json = sign == std::string::npos ? "" : text.substr(sign + 1);
    if (sign == 0 || tune::format::parse_python_json(json).is_discarded()) {
      throw UsageError(
          fmt::format("--user-attr: expected KEY=JSON, as in source='\"paper\"' or n=3, found \"{}\"", text));
    }
    attributes.insert_or_assign(text.substr(0, sign), json);
  }
  return attributes;
}

template <typename Range>
Range widened(const Range& a, const Range& b) {
  Range both = a;
  both.low = std::min(a.low, b.low);
  both.high = std::max(a.high, b.high);
  if (!(a == b)) both.step = Range{}.step;  // Two grids need not have a common one.
  return both;
}

tune::Distribution widened(const tune::Distribution& a, const tune::Distribution& b) {
  if (a.index() != b.index()) return b;
  if (const auto* real = std::get_if<tune::FloatDistribution>(&a)) {
    return widened(*real, std::get<tune::FloatDistribution>(b));
  }
  const auto* integer = std::get_if<tune::IntDistribution>(&a);
  return integer == nullptr ? b : widened(*integer, std::get<tune::IntDistribution>(b));
}

/// What a study without a study file is known to search: of a parameter whose range changed the widest.
tune::SearchSpace known_space(const std::vector<tune::FrozenTrial>& trials) {
  std::map<std::string, tune::Distribution, std::less<>> widest;
  for (const auto& trial : trials) {
    for (const tune::Param& param : trial.params) {
      const auto [known, is_new] = widest.emplace(param.name, param.distribution);
      if (!is_new) known->second = widened(known->second, param.distribution);
    }
  }
  tune::SearchSpace space;
  for (const auto& [name, distribution] : widest) space.add({name, distribution, {}});
  return space;
}

void warn_of_unknown(const std::vector<tune::ParamValues>& points, const tune::SearchSpace& known) {
  std::vector<std::string> names;
  for (const auto& declaration : known.parameters()) names.push_back(declaration.name);
  if (names.empty()) return;
  for (const auto& point : points) {
    for (const auto& [name, value] : point) {
      if (known.find(name) != nullptr) continue;
      say(fmt::format("note: no trial of this study has had a parameter \"{}\"{}", name,
                      did_you_mean(name, names)));
    }
  }
}

std::vector<tune::ParamValues> points_of(const po::variables_map& values, const StudyTarget& target,
                                         const tune::SearchSpace& known) {
  std::vector<tune::ParamValues> points;
  for (const std::string& text : values["params"].as<std::vector<std::string>>()) {
    const auto some = target.config ? parse_points(text, "--params", *target.config, known_manifests())
                                    : parse_points(text, "--params", known);
    points.insert(points.end(), some.begin(), some.end());
  }
  if (!target.config) warn_of_unknown(points, known);
  return points;
}

std::vector<Enqueued> enqueue_all(tune::Study& study, const std::vector<tune::ParamValues>& points,
                                  const tune::EnqueueOptions& options) {
  const auto numbers = study.enqueue_trials(points, options);
  std::vector<Enqueued> all;
  for (std::size_t i = 0; i < points.size(); ++i) all.push_back({points[i], numbers[i]});
  return all;
}

std::string params_text(const tune::ParamValues& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, tune::to_text(value));
  }
  return text.empty() ? "all parameters suggested" : text;
}

std::string text_answer(const std::vector<Enqueued>& all) {
  std::string text;
  for (const Enqueued& one : all) {
    for (const auto number : one.numbers) {
      text += fmt::format("trial {} waits: {}\n", number.value, printable(params_text(one.params)));
    }
    if (one.numbers.empty())
      text += fmt::format("skipped, a trial has it: {}\n", printable(params_text(one.params)));
  }
  return text;
}

std::string json_answer(const std::vector<Enqueued>& all) {
  Json list = Json::array();
  for (const Enqueued& one : all) {
    Json params = Json::object();
    for (const auto& [name, value] : one.params) params[name] = json_value(value);
    for (const auto number : one.numbers) list.push_back({{"number", number.value}, {"params", params}});
  }
  return to_text(list);
}

std::string csv_answer(const std::vector<Enqueued>& all) {
  std::set<std::string> names;
  for (const Enqueued& one : all) {
    for (const auto& [name, value] : one.params) names.insert(name);
  }
  Table table{{"number"}, {}};
  for (const auto& name : names) table.columns.push_back("params_" + name);
  for (const Enqueued& one : all) {
    for (const auto number : one.numbers) {
      table.rows.push_back({number.value});
      for (const auto& name : names) {
        const auto found = one.params.find(name);
        table.rows.back().push_back(found == one.params.end() ? Cell() : found->second);
      }
    }
  }
  return to_csv(table);
}

std::string answer(const std::vector<Enqueued>& all, Format format) {
  if (format == Format::kJson) return json_answer(all);
  return format == Format::kCsv ? csv_answer(all) : text_answer(all);
}

}  // namespace

int enqueue_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), kTargetArgument, invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  if (!values->contains("params")) {
    throw UsageError(fmt::format("which configuration? Give it with --params\nusage: {}", kHelp.usage));
  }
  const tune::EnqueueOptions options{user_attributes(*values), values->contains("skip-if-exists")};
  const StudyTarget target = find_target(*values);
  const auto known = target.config ? tune::SearchSpace() : known_space(stored_trials(target));
  const auto points = points_of(*values, target, known);
  if (points.empty()) throw UsageError("--params: the list has no configuration");
  auto study = open_target(target);
  fmt::print("{}", answer(enqueue_all(study, points, options), format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
