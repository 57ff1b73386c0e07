#include "cli/run/diagnosis.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <system_error>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/run/devices.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/storage_place.hpp"
#include "cli/shell_text.hpp"
#include "tune/error.hpp"
#include "tune/running_trial.hpp"
#include "tune/storages/network_file.hpp"
#include "tune/storages/sqlite_check.hpp"

namespace fmnist_tune {
namespace {

using Verdict = Diagnosis::Verdict;

constexpr double kGib = 1024.0 * 1024.0 * 1024.0;
/// LibTorch, the data set and a network of common size.
constexpr double kEnoughMemoryGib = 1.0;
/// A study of 100,000 trials with ten reports each.
constexpr double kEnoughDiskGib = 1.0;

/// The value behind the first "name : value" or "name: value" of a file in /proc.
std::string proc_value(const char* file, std::string_view name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(name)) continue;
    const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

Diagnosis processor() {
  const std::string model = proc_value("/proc/cpuinfo", "model name");
  return {"processor", Verdict::kFine,
          fmt::format("{}; {} core(s) for this process, so as many trials at a time",
                      model.empty() ? "of unknown kind" : model, usable_cores()),
          ""};
}

Diagnosis memory() {
  const std::string text = proc_value("/proc/meminfo", "MemAvailable");
  const double gib = text.empty() ? 0.0 : std::strtod(text.c_str(), nullptr) * 1024.0 / kGib;
  if (gib == 0.0) return {"memory", Verdict::kNote, "cannot be told: /proc/meminfo has no MemAvailable", ""};
  const bool is_enough = gib >= kEnoughMemoryGib;
  return {"memory", is_enough ? Verdict::kFine : Verdict::kNote, fmt::format("{:.1f} GiB available", gib),
          is_enough ? "" : "end other programs, or run with fewer --jobs and small networks"};
}

/// The facts that the objective keeps with a study are JSON texts.
std::string fact(const tune::Attributes& facts, const char* name) {
  const auto found = facts.find(name);
  if (found == facts.end()) return "unknown";
  const Json value = json_of_attribute(found->second);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What trains dense networks on that device.
std::string engine_on(const std::string& device, const tune::Attributes& facts) {
  const Json engines = Json::parse(fact(facts, "engines"), nullptr, false);
  return engines.is_object() ? engines.value(device, "unknown") : "unknown";
}

/// With networks that need LibTorch, so that its facts are there.
StudyConfig usual_study(const Manifests& manifests) {
  constexpr const char* kText = R"({"name": "doctor", "objective": {"type": "fmnist"},
    "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}],
    "space": {"family": {"type": "categorical", "choices": ["mlp", "cnn"]}}})";
  return parse_study_text(kText, "the study file of doctor", manifests);
}

Diagnosis speed(const tune::Objective& objective, const std::vector<tune::OptionSpec>& parameters,
                const std::string& device) {
  const double seconds =
      objective.seconds_per_epoch(tune::complete_params({}, {}, parameters), {.device = device});
  return {"speed", Verdict::kFine,
          fmt::format("an epoch of the default network takes {} s on {}", readable(seconds), device), ""};
}

Diagnosis blas(const tune::Attributes& facts) {
  const std::string name = fact(facts, "blas");
  const bool is_known = name != "unknown";
  return {"BLAS", is_known ? Verdict::kFine : Verdict::kNote,
          fmt::format("{}; oneDNN {}; own kernels: {}; dense networks on the CPU: {}",
                      is_known ? name : "not OpenBLAS and not MKL", fact(facts, "dnnl_version"),
                      fact(facts, "kernels"), engine_on("cpu", facts)),
          is_known ? "" : "the reference BLAS is slow: install OpenBLAS (Debian: libopenblas0)"};
}

std::vector<Diagnosis> facts_of(const tune::Objective& objective, const std::vector<std::string>& devices) {
  const tune::Attributes facts = objective.provenance();
  const std::string available = fmt::format("{}", fmt::join(devices, ", "));
  return {
      {"LibTorch", Verdict::kFine,
       fmt::format("{}, vector instructions {}", fact(facts, "torch_version"), fact(facts, "cpu_capability")),
       ""},
      blas(facts),
      {"devices", Verdict::kFine, devices.size() > 1 ? available : available + "; no GPU that LibTorch can use",
       ""},
      {"data set", Verdict::kFine, fmt::format("read, checksum {}", fact(facts, "data_crc32")), ""}};
}

Diagnosis space_on_disk(const std::filesystem::path& folder) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (error) return {"disk", Verdict::kProblem, fmt::format("{}: {}", folder.string(), error.message()), ""};
  const double gib = static_cast<double>(space.available) / kGib;
  const bool is_enough = gib >= kEnoughDiskGib;
  return {"disk", is_enough ? Verdict::kFine : Verdict::kNote,
          fmt::format("{:.1f} GiB free in {}", gib, folder.string()),
          is_enough ? "" : "make room, or keep studies elsewhere with --storage"};
}

Diagnosis file_system(const std::filesystem::path& folder) {
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return {"folder", Verdict::kProblem, fmt::format("{} cannot be written", folder.string()),
            "name another place with --storage"};
  }
  const auto network = tune::storages::network_file_system_of(folder / "x");
  if (!network)
    return {"folder", Verdict::kFine, fmt::format("{} is local and can be written", folder.string()), ""};
  return {"folder", Verdict::kNote,
          fmt::format("{} is on a network file system ({})", folder.string(), *network),
          "run studies from one host at a time, or keep them on a local disk"};
}

Diagnosis existing_storage(const std::filesystem::path& file) {
  try {
    auto findings = tune::check_sqlite_file(file, {});
    std::erase_if(findings, [](const tune::Finding& finding) { return finding.is_note; });
    if (findings.empty()) return {"storage", Verdict::kFine, fmt::format("{} is sound", file.string()), ""};
    return {
        "storage", Verdict::kProblem,
        fmt::format("{}: {} finding(s), the first: {}", file.string(), findings.size(), findings.front().what),
        "run: fmnist-tune check " + shell_path(file)};
  } catch (const tune::Error& error) {
    return {"storage", Verdict::kProblem, error.what(), ""};
  }
}

}  // namespace

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFine:
      return "ok";
    case Verdict::kNote:
      return "note";
    case Verdict::kProblem:
      return "problem";
  }
  return "";
}

std::vector<Diagnosis> examine_machine() {
  return {processor(), memory()};
}

std::vector<Diagnosis> examine_environment() {
  constexpr std::array kNames{"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS",
                              "OMP_NUM_THREADS", "MKL_NUM_THREADS"};
  std::string set;
  for (const char* name : kNames) {
    if (const char* value = std::getenv(name))
      set += fmt::format("{}{}={}", set.empty() ? "" : ", ", name, value);
  }
  if (set.empty()) return {{"environment", Verdict::kFine, "presets nothing of the numeric libraries", ""}};
  return {{"environment", Verdict::kNote, set,
           "nothing: this program sets its own threads and kernels; other programs may run slower for it"}};
}

std::vector<Diagnosis> examine_training(const std::filesystem::path& data_dir) {
  const Manifests manifests = known_manifests();
  const StudyConfig config = usual_study(manifests);
  try {
    const LoadedObjective loaded(config, {});
    const auto devices = loaded.module().devices();
    const auto objective = loaded.module().create(loaded.objective_config(config, data_dir, devices));
    auto all = facts_of(*objective, devices);
    objective->prepare_worker({});
    for (const std::string& device : devices)
      all.push_back(speed(*objective, loaded.manifest().parameters, device));
    return all;
  } catch (const std::exception& error) {
    // Whatever a library throws: that training is impossible here is the answer.
    return {{"training", Verdict::kProblem, error.what(), ""}};
  }
}

std::vector<Diagnosis> examine_storage(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return {{"folder", Verdict::kProblem, fmt::format("there is no folder {}", folder.string()),
             "run: mkdir -p " + shell_path(folder)}};
  }
  std::vector<Diagnosis> all{file_system(folder), space_on_disk(folder)};
  if (is_there(file)) all.push_back(existing_storage(file));
  return all;
}

}  // namespace fmnist_tune
