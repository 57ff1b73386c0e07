#include "cli/watch/study_feed.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <chrono>
#include <random>
#include <utility>

#include "cli/output/table.hpp"
#include "tune/error.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune::watch {
namespace {

/// File systems round times; a change right after the look might carry the time that was looked at.
constexpr double kSettledSeconds = 0.1;

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Times and sizes of the file and its log; empty when they changed so lately that they may change unseen.
std::string files_seen(const std::filesystem::path& path) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::string text;
  for (const char* ending : {"", "-wal"}) {
    struct stat file {};
    if (stat((path.string() + ending).c_str(), &file) != 0) {
      text += "none ";
      continue;
    }
    if (seconds(now) - seconds(file.st_mtim) < kSettledSeconds) return {};
    text += fmt::format("{} {} {}.{} ", file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
  }
  return text;
}

std::string file_identity(const std::filesystem::path& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? fmt::format("{}:{}", file.st_dev, file.st_ino) : "none";
}

std::string event(std::string_view kind, const std::string& id, std::string_view data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", kind, id, data);
}

}  // namespace

StudyWatcher::StudyWatcher(std::filesystem::path path, std::string study_name)
    : path_(std::move(path)), study_name_(std::move(study_name)) {}

std::optional<Look> StudyWatcher::look() {
  std::string now = files_seen(path_);
  if (!now.empty() && now == seen_) return std::nullopt;
  seen_ = std::move(now);
  try {
    return read();
  } catch (const std::exception& error) {
    seen_.clear();
    return Look{{}, {}, error.what()};
  }
}

Look StudyWatcher::read() {
  // Opened anew each time: a connection would go on with a file that was deleted or replaced.
  tune::SqliteReader reader(path_);
  const auto study = reader.find_study(study_name_);
  if (!study) {
    return {
        {}, {}, fmt::format("The study \"{}\" is not in {} any more.", printable(study_name_), path_.string())};
  }
  std::string identity = fmt::format("{} {}", file_identity(path_), study->id.value);
  if (identity != identity_) parameters_ = {};
  identity_ = identity;
  const auto trials = reader.trials(study->id, {.with_intermediate = true});
  return {std::move(identity), report::study_data(*study, trials, parameters_), {}};
}

void StudyFeed::begin_anew(std::string identity) {
  identity_ = std::move(identity);
  std::random_device random;
  instance_ = fmt::format("{:08x}{:08x}", random(), random());
  data_ = {};
  trial_revisions_.clear();
}

bool StudyFeed::apply(Look look) {
  const bool had_trouble = !trouble_.empty();
  if (!look.trouble.empty()) {
    if (look.trouble == trouble_) return false;
    trouble_ = std::move(look.trouble);
    ++revision_;
    return true;
  }
  // Trials are never taken away from a study.
  const bool is_other = look.identity != identity_ || look.data.trials.size() < data_.trials.size();
  if (is_other) begin_anew(std::move(look.identity));
  trouble_.clear();
  const std::int64_t next = revision_ + 1;
  bool is_new = is_other || had_trouble || look.data.head != data_.head;
  trial_revisions_.resize(look.data.trials.size(), next);
  for (std::size_t i = 0; i < look.data.trials.size(); ++i) {
    if (i < data_.trials.size() && data_.trials[i] == look.data.trials[i]) continue;
    trial_revisions_[i] = next;
    is_new = true;
  }
  data_ = std::move(look.data);
  if (is_new) data_revision_ = revision_ = next;
  return is_new;
}

std::string StudyFeed::named(std::int64_t revision) const {
  return fmt::format("{}-{}", instance_, revision);
}

std::string StudyFeed::event_since(const std::string& revision) const {
  if (revision == this->revision()) return {};
  const std::size_t dash = revision.find('-');
  std::int64_t known = -1;
  if (dash != std::string::npos)
    std::from_chars(revision.data() + dash + 1, revision.data() + revision.size(), known);
  if (known < 0 || known > revision_ || revision.compare(0, dash, instance_) != 0)
    return event("reload", this->revision(), "{}");
  if (!trouble_.empty()) {
    return event("trouble", this->revision(),
                 Json(trouble_).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  std::string trials;
  for (std::size_t i = 0; i < data_.trials.size(); ++i) {
    if (trial_revisions_[i] <= known) continue;
    trials += (trials.empty() ? "" : ",") + data_.trials[i];
  }
  return event("change", this->revision(),
               fmt::format("{},\"trials\":[{}]}}",
                           std::string_view(data_.head).substr(0, data_.head.size() - 1), trials));
}

}  // namespace fmnist_tune::watch
