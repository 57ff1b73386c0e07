#include "command/objective.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "command/command_template.hpp"
#include "command/command_trial.hpp"
#include "command/devices.hpp"
#include "command/manifest.hpp"
#include "command/program_facts.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/random.hpp"

namespace command {
namespace {

namespace fs = std::filesystem;

/// Removes folders, at the latest when the process ends by std::quick_exit, which destroys nothing. One for the
/// process, because handlers of that exit get no argument.
class FolderSweeper {
 public:
  static void add(const fs::path& folder) {
    FolderSweeper& sweeper = instance();
    const std::scoped_lock lock(sweeper.mutex_);
    sweeper.folders_.insert(folder);
  }
  static void sweep(const fs::path& folder) {
    FolderSweeper& sweeper = instance();
    const std::scoped_lock lock(sweeper.mutex_);
    sweeper.folders_.erase(folder);
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

 private:
  FolderSweeper() {
    std::at_quick_exit([] {
      FolderSweeper& sweeper = instance();
      const std::scoped_lock lock(sweeper.mutex_);
      std::error_code ignored;
      for (const fs::path& folder : sweeper.folders_) fs::remove_all(folder, ignored);
    });
  }
  static FolderSweeper& instance() {
    static FolderSweeper sweeper;
    return sweeper;
  }

  std::mutex mutex_;
  std::set<fs::path> folders_;
};

/// A folder that goes with this object, or with the process, readable by nobody else.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "fmnist-tune-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw tune::Error(fmt::format("cannot make a folder {}: {}", name, std::strerror(errno)));
    }
    path_ = name;
    FolderSweeper::add(path_);
  }
  ~TemporaryFolder() { FolderSweeper::sweep(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// A file that exists as long as this object.
class TemporaryFile {
 public:
  TemporaryFile(fs::path path, const std::string& text) : path_(std::move(path)) {
    std::ofstream stream(path_);
    stream << text << "\n";
    stream.close();
    if (!stream) throw tune::Error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// 0 to 2^31 − 1, which every program's random numbers take: another one for each trial, the same for the same
/// trial.
std::string seed_of(const tune::TrialContext& trial) {
  constexpr std::uint64_t kSeeds = std::uint64_t{1} << 31;
  tune::RandomStream stream({trial.training_seed(), trial.training_trial(), tune::Purpose::kProgramSeed, 0});
  return std::to_string(stream.below(kSeeds));
}

/// Other characters would make a variable that shells cannot name.
bool is_variable_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

class Objective final : public tune::Objective {
 public:
  explicit Objective(const tune::ObjectiveConfig& config)
      : config_(config),
        command_(command_from_json(config.settings.get_string(kCommandSetting))),
        program_(find_program(filled(command_.front(), {}).value_or(""), config.folder)) {
    const auto& settings = config.settings;
    rules_.n_values = config.metrics.size();
    rules_.grace = std::chrono::duration<double>(settings.get_float(kGraceSetting));
    if (settings.has(kTimeoutSetting)) {
      rules_.timeout = std::chrono::duration<double>(settings.get_float(kTimeoutSetting));
    }
  }

  tune::TrialResult run(tune::TrialContext& trial) override {
    const TemporaryFile params(params_.path() / fmt::format("slot-{}.json", trial.slot().number),
                               tune::format::params_to_json(trial.params()));
    TrialLog log(log_path(trial.number()), log_bytes());
    return CommandTrial(trial, rules_, log).run(start_of(trial, params.path()));
  }

  [[nodiscard]] tune::Attributes provenance() const override {
    return program_facts(program_, command_, config_.folder, config_.devices);
  }

 private:
  [[nodiscard]] fs::path log_path(tune::TrialNumber number) const {
    return config_.log_dir.empty() ? fs::path() : config_.log_dir / fmt::format("{}.log", number.value);
  }
  [[nodiscard]] std::uint64_t log_bytes() const {
    return static_cast<std::uint64_t>(config_.settings.get_int(kLogSetting)) << 20U;
  }

  [[nodiscard]] ProgramStart start_of(const tune::TrialContext& trial, const fs::path& params) const {
    Values values = {{kTrialNumber, std::to_string(trial.number().value)},
                     {kStudyName, config_.study_name},
                     {kSeed, seed_of(trial)},
                     {kDevice, trial.slot().device},
                     {kSlot, std::to_string(trial.slot().number)},
                     {kParamsFile, params.string()}};
    ProgramStart start{program_, {}, config_.folder, device_environment(trial.slot().device)};
    start.environment.insert(values.begin(), values.end());
    for (const auto& [name, value] : trial.params()) {
      if (is_variable_name(name)) start.environment["TUNE_PARAM_" + name] = tune::to_text(value);
      values.emplace(name, tune::to_text(value));
    }
    start.arguments = filled({command_.begin() + 1, command_.end()}, values);
    return start;
  }

  tune::ObjectiveConfig config_;
  std::vector<std::string> command_;
  fs::path program_;
  TrialRules rules_;
  TemporaryFolder params_;
};

}  // namespace

const tune::ObjectiveModule& objective_module() {
  static const tune::ObjectiveModule kModule{
      .manifest = &manifest,
      .create = [](const tune::ObjectiveConfig& config) -> std::unique_ptr<tune::Objective> {
        return std::make_unique<Objective>(config);
      },
      .devices = &available_devices,
  };
  return kModule;
}

}  // namespace command
