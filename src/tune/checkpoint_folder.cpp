#include "tune/checkpoint_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <system_error>
#include <vector>

#include "tune/checkpoint_file.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"
#include "tune/storages/storage.hpp"
#include "tune/whole_file.hpp"

namespace tune {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::size_t kHashDigits = 16;

/// A study's name may hold anything; its hash is a plain file name.
std::string hash_text(std::string_view study_name) {
  return fmt::format("{:016x}", stable_hash(study_name));
}

struct FileName {
  std::string study_hash;
  TrialNumber trial;
};

/// Nothing for a file that is none of ours.
std::optional<FileName> parse(const std::string& name) {
  if (name.size() <= kHashDigits + 1 + kSuffix.size() || name[kHashDigits] != '-' || !name.ends_with(kSuffix))
    return std::nullopt;
  const char* begin = name.data() + kHashDigits + 1;
  const char* end = name.data() + name.size() - kSuffix.size();
  FileName parsed{name.substr(0, kHashDigits), {}};
  const auto [stop, error] = std::from_chars(begin, end, parsed.trial.value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return parsed;
}

/// A folder that is not there has no entries.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    entries.push_back(it->path());
  }
  return entries;
}

using UnfinishedByHash = std::map<std::string, const std::set<TrialNumber>*>;

bool is_orphan(const FileName& name, const UnfinishedByHash& unfinished) {
  const auto study = unfinished.find(name.study_hash);
  return study == unfinished.end() || !study->second->contains(name.trial);
}

}  // namespace

UnfinishedTrials unfinished_trials(Storage& storage) {
  UnfinishedTrials unfinished;
  for (const StudyRecord& study : storage.studies()) {
    std::set<TrialNumber>& trials = unfinished[study.name];
    for (const FrozenTrial& trial : storage.changes_since(study.id, {}).trials) {
      if (!is_finished(trial.state)) trials.insert(trial.number);
    }
  }
  return unfinished;
}

CheckpointFolder::CheckpointFolder(fs::path folder, std::string study_name, const CheckpointOptions& options)
    : folder_(std::move(folder)), study_name_(std::move(study_name)), options_(options) {}

fs::path CheckpointFolder::beside(const fs::path& storage) {
  return storage.string() + ".checkpoints";
}

fs::path CheckpointFolder::file_of(TrialNumber trial) const {
  return folder_ / fmt::format("{}-{}{}", hash_text(study_name_), trial.value, kSuffix);
}

FoundCheckpoint CheckpointFolder::look(TrialNumber trial, const std::string_view* fingerprint) const {
  try {
    // A limit that was lowered since refuses no file.
    const auto bytes =
        read_whole_file(file_of(trial), std::max(options_.max_bytes, CheckpointOptions{}.max_bytes));
    if (!bytes) return {};
    CheckpointFile file = decode_checkpoint(*bytes);
    if (file.study_name != study_name_ || file.trial != trial) return {std::nullopt, "it is of another trial"};
    if (fingerprint != nullptr && file.fingerprint != *fingerprint)
      return {std::nullopt, "it was made with other parameters or seeds"};
    return {std::move(file.checkpoint), {}};
  } catch (const std::exception& error) {
    return {std::nullopt, error.what()};
  }
}

FoundCheckpoint CheckpointFolder::load(TrialNumber trial, std::string_view fingerprint) const {
  return look(trial, &fingerprint);
}

std::optional<std::int64_t> CheckpointFolder::kept_step(TrialNumber trial) const {
  const FoundCheckpoint found = look(trial, nullptr);
  return found.checkpoint ? std::optional(found.checkpoint->step) : std::nullopt;
}

std::uint64_t CheckpointFolder::bytes_of_others(const fs::path& file) const {
  std::uint64_t bytes = 0;
  for (const fs::path& entry : entries_of(folder_)) {
    std::error_code gone;
    const std::uintmax_t size = entry == file ? 0 : fs::file_size(entry, gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

std::optional<std::string> CheckpointFolder::save(TrialNumber trial, std::string_view fingerprint,
                                                  const Checkpoint& checkpoint) {
  try {
    const auto bytes = encode_checkpoint({study_name_, trial, std::string(fingerprint), checkpoint});
    const fs::path file = file_of(trial);
    const std::scoped_lock lock(writing_);
    const std::uint64_t others = bytes_of_others(file);
    if (others > options_.max_bytes || bytes.size() > options_.max_bytes - others) {
      return fmt::format("with its {} bytes the checkpoints would exceed their limit of {} bytes", bytes.size(),
                         options_.max_bytes);
    }
    replace_whole_file(file, bytes);
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

void CheckpointFolder::remove(TrialNumber trial) {
  const std::scoped_lock lock(writing_);
  std::error_code ignored;  // What cannot be removed is an orphan; a folder with files in it stays.
  if (fs::remove(file_of(trial), ignored)) fs::remove(folder_, ignored);
}

std::vector<fs::path> CheckpointFolder::orphans(const std::function<UnfinishedTrials()>& unfinished) const {
  std::map<fs::path, FileName> checkpoints;
  for (const fs::path& entry : entries_of(folder_)) {
    if (auto name = parse(entry.filename().string())) checkpoints.emplace(entry, std::move(*name));
  }
  if (checkpoints.empty()) return {};
  const UnfinishedTrials trials = unfinished();
  UnfinishedByHash by_hash;
  for (const auto& [study, numbers] : trials) by_hash.emplace(hash_text(study), &numbers);
  std::vector<fs::path> found;
  for (const auto& [file, name] : checkpoints) {
    if (is_orphan(name, by_hash)) found.push_back(file);
  }
  return found;
}

std::size_t CheckpointFolder::collect_orphans(const std::function<UnfinishedTrials()>& unfinished) {
  std::size_t n_removed = 0;
  for (const fs::path& entry : entries_of(folder_)) {
    const bool is_ours = parse(entry.stem().stem().string()).has_value();
    if (is_ours && entry.extension() == kUnfinishedSuffix) n_removed += remove_if_abandoned(entry) ? 1 : 0;
  }
  std::error_code ignored;  // As in remove.
  for (const fs::path& file : orphans(unfinished)) n_removed += fs::remove(file, ignored) ? 1 : 0;
  const std::scoped_lock lock(writing_);
  if (fs::is_directory(folder_, ignored)) fs::remove(folder_, ignored);
  return n_removed;
}

}  // namespace tune
