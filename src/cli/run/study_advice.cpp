#include "cli/run/study_advice.hpp"

#include <unistd.h>

#include <chrono>
#include <string>

#include "cli/output/messages.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/run/advice.hpp"
#include "cli/run/summary.hpp"
#include "cli/shell_text.hpp"

namespace fmnist_tune {
namespace {

/// A run ends also when nobody reads its messages.
constexpr std::chrono::milliseconds kPatience{1000};

std::optional<std::int64_t> validation_examples(const StudyConfig& config) {
  constexpr const char* kSetting = "validation_examples";
  const tune::OptionValues& settings = config.objective.settings;
  return settings.has(kSetting) ? std::optional(settings.get_int(kSetting)) : std::nullopt;
}

/// The storage with the options that `confirm` needs for the study.
std::string storage_arguments(tune::SqliteReader& reader, const tune::StudyRecord& study,
                              const Session& session) {
  std::string text = shell_path(session.storage()) + study_argument(reader, study.name);
  const std::filesystem::path& data = session.request().data_dir;
  if (!data.empty()) text += " --data " + shell_path(data);
  const std::string& type = session.config().objective.type;
  return type == "command" || type == "module" ? text + " --trust" : text;
}

AdviceSubject subject_of(tune::SqliteReader& reader, const tune::StudyRecord& study, const Session& session) {
  tune::TrialFilter all;
  all.with_intermediate = true;
  const StudyConfig& config = session.config();
  return {reader.trials(study.id, all), study.directions,
          metric_names(study),          session.parameters(),
          validation_examples(config),  storage_arguments(reader, study, session)};
}

}  // namespace

void say_advice(const Session& session) {
  tune::SqliteReader reader(session.storage());
  const auto study = reader.find_study(session.config().name);
  if (!study) return;
  std::string text;
  for (const std::string& line : advice_on(subject_of(reader, *study, session)))
    text += "fmnist-tune: advice: " + line + "\n";
  static_cast<void>(write_within(STDERR_FILENO, text, kPatience));
}

}  // namespace fmnist_tune
