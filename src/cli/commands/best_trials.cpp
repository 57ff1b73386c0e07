#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "tune/analysis/hypervolume.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

using Point = std::vector<double>;

const CommandHelp kHelp = {
    "fmnist-tune best-trials DB [options]",
    "Shows the Pareto front: the feasible COMPLETE trials that no other one beats, by number. A trial beats\n"
    "another one when it is as good in every objective and better in one. With one objective these are all\n"
    "trials with the best value. Nothing is written, a study may run.",
    "  fmnist-tune best-trials mlp.db\n"
    "  fmnist-tune best-trials mlp.db --reference-point 0.8,60\n"
    "  fmnist-tune best-trials mlp.db -f json | jq '.[].params'"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()(
      "reference-point", po::value<std::string>()->value_name("V,V"),
      "also tell the hypervolume: how much of the space up to this point, the worst result of interest, the "
      "trials cover. One value an objective, in its own unit and direction. Not for csv; JSON is then an "
      "object "
      "with hypervolume, reference_point and best_trials");
  return options;
}

/// Comma-separated finite numbers. Throws UsageError.
Point point_from(std::string_view text, std::size_t n_objectives) {
  Point point;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    double value = 0.0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(value)) {
      throw UsageError(fmt::format("--reference-point: expected numbers between commas, found \"{}\"", text));
    }
    point.push_back(value);
  }
  if (point.size() != n_objectives) {
    throw UsageError(
        fmt::format("--reference-point: the study has {} objective(s), found {} value(s) in \"{}\"",
                    n_objectives, point.size(), text));
  }
  return point;
}

/// The COMPLETE trials of a study and those of them that no other one beats.
struct Front {
  tune::StudyRecord study;
  std::vector<tune::FrozenTrial> complete;
  std::vector<tune::FrozenTrial> best;
};

Front read_front(tune::SqliteReader& reader, tune::StudyRecord study) {
  Front front{std::move(study), {}, {}};
  front.complete = reader.trials(front.study.id, {.state = tune::TrialState::kComplete});
  for (const std::size_t i : tune::pareto_front(front.complete, front.study.directions)) {
    front.best.push_back(front.complete[i]);
  }
  return front;
}

double covered(const Front& front, const Point& reference) {
  return tune::hypervolume(front.complete, front.study.directions, reference);
}

std::string json_answer(const Front& front, const std::optional<Point>& reference) {
  Json trials = Json::array();
  for (const auto& trial : front.best) trials.push_back(trial_json(trial, front.study));
  if (!reference) return to_text(trials);
  return to_text({{"hypervolume", json_number(covered(front, *reference))},
                  {"reference_point", *reference},
                  {"best_trials", std::move(trials)}});
}

std::string table_answer(const Front& front, const std::optional<Point>& reference) {
  std::string text = to_table(trials_table(front.best, front.study, Reader::kPerson), output_width());
  text += fmt::format("{} of {} COMPLETE trial(s)\n", front.best.size(), front.complete.size());
  if (reference) text += fmt::format("hypervolume {}\n", readable(covered(front, *reference)));
  return text;
}

std::string answer(const Front& front, const std::optional<Point>& reference, Format format) {
  switch (format) {
    case Format::kJson:
      return json_answer(front, reference);
    case Format::kCsv:
      return to_csv(trials_table(front.best, front.study, Reader::kProgram));
    case Format::kTable:
      break;
  }
  return table_answer(front, reference);
}

}  // namespace

int best_trials_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto point = text_option(*values, "reference-point");
  if (point && format == Format::kCsv) {
    throw UsageError("--reference-point: csv has no place for the hypervolume; ask for table or json");
  }
  auto reader = open_for_query(*values);
  const Front front = read_front(reader, study_of_query(reader, *values));
  const auto reference =
      point ? std::optional(point_from(*point, front.study.directions.size())) : std::nullopt;
  if (front.best.empty()) {
    say(fmt::format("study \"{}\" has no COMPLETE feasible trial yet", front.study.name));
    return to_int(ExitCode::kFailed);
  }
  fmt::print("{}", answer(front, reference, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
