#include "tune/storages/sqlite_index.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tune/storages/claims.hpp"
#include "tune/storages/cursors.hpp"

namespace tune::storages {

StudyLoad StudyIndex::load() const {
  const auto n_running = static_cast<std::int64_t>(running_.size());
  const auto n_waiting = static_cast<std::int64_t>(waiting_.size());
  return {size() - n_running - n_waiting, static_cast<std::int64_t>(owned_.size()), size(), n_waiting > 0};
}

std::optional<TrialId> StudyIndex::first_waiting() const {
  return waiting_.empty() ? std::nullopt : std::optional(ids_[static_cast<std::size_t>(*waiting_.begin())]);
}

std::vector<TrialNumber> StudyIndex::unfinished() const {
  std::vector<TrialNumber> numbers;
  for (const std::int64_t number : running_) {
    numbers.push_back({number});
  }
  for (const std::int64_t number : waiting_) {
    numbers.push_back({number});
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<TrialId> StudyIndex::running() const {
  std::vector<TrialId> trials;
  for (const std::int64_t number : running_) {
    trials.push_back(ids_[static_cast<std::size_t>(number)]);
  }
  return trials;
}

std::optional<TrialId> StudyIndex::first_finished() const {
  const std::size_t n_unfinished = running_.size() + waiting_.size();
  if (n_unfinished >= ids_.size()) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  while (running_.contains(number) || waiting_.contains(number)) {
    ++number;
  }
  return ids_[static_cast<std::size_t>(number)];
}

void StudyIndex::set(const Entry& entry, std::int64_t version) {
  const std::int64_t number = entry.number.value;
  if (number < 0 || number > size()) {
    throw FormatError(
        fmt::format("trial numbers have a gap: {} stands where at most {} is expected; the file is damaged",
                    number, size()));
  }
  const auto place = static_cast<std::size_t>(number);
  ids_.resize(std::max(ids_.size(), place + 1));
  changed_at_.resize(ids_.size());
  ids_[place] = entry.id;
  changed_at_[place] = version;
  running_.erase(number);
  owned_.erase(number);
  waiting_.erase(number);
  if (entry.state == TrialState::kWaiting) {
    waiting_.insert(number);
  } else if (entry.state == TrialState::kRunning) {
    running_.insert(number);
    if (entry.has_owner) {
      owned_.insert(number);
    }
  }
}

StudyIndex& StorageIndex::sync(StudyId study) {
  notice_others();
  StudyIndex& index = studies_[study];
  if (index.stale_) {
    refresh(study, index);
  }
  return index;
}

void StorageIndex::notice_others() {
  if (seen_data_version_ == connection_.data_version()) {
    return;
  }
  seen_data_version_ = connection_.data_version();
  version_of_others_ = ++version_;
  for (auto& [study, index] : studies_) {
    index.stale_ = true;
  }
}

/// What an entry is made of.
#define TUNE_ENTRY_COLUMNS                                                                     \
  "SELECT t.number, t.trial_id, t.state, CASE t.state WHEN 'RUNNING' THEN (SELECT "            \
  "a.value_json FROM trial_system_attributes a WHERE a.trial_id = t.trial_id AND a.\"key\" = " \
  "'tune:owner') END FROM trials t "
#define TUNE_NEW_ENTRIES "WHERE t.study_id = ? AND t.trial_id > ? ORDER BY t.trial_id"

namespace {

[[noreturn]] void throw_made_anew(StudyId study) {
  throw StudyNotFound(
      fmt::format("the study with the id {} was deleted, and another one made that has its id; open that one",
                  study.value));
}

TrialState state_of(const SqliteQuery& row) {
  try {
    return trial_state_from_string(row.text(2));
  } catch (const FormatError& error) {
    throw FormatError(fmt::format("trial {}: {}", row.integer(0), error.what()));
  }
}

}  // namespace

StudyIndex::Entry StorageIndex::entry_of(const SqliteQuery& row) {
  if (row.is_null(0)) {
    throw FormatError(fmt::format("the trial with id {} has no number", row.integer(1)));
  }
  const auto mark = row.is_null(3) ? std::nullopt : owner_mark_from_json(row.text(3));
  return {{row.integer(0)}, {row.integer(1)}, state_of(row), mark.has_value() && mark->owner.has_value()};
}

void StorageIndex::refresh(StudyId study, StudyIndex& index) {
  SqliteQuery exists = connection_.query("SELECT 1 FROM studies WHERE study_id = ?");
  exists.bind(study.value);
  if (!exists.next()) {
    begin(study);
    throw_no_study(study);
  }
  if (is_another_one(study, index)) {
    begin(study);
    throw_made_anew(study);
  }
  SqliteQuery one = connection_.query(TUNE_ENTRY_COLUMNS "WHERE t.study_id = ? AND t.trial_id = ?");
  const auto look_at = [&](TrialId id) {
    one.restart().bind(study.value).bind(id.value);
    return one.next();
  };
  for (const TrialNumber number : index.unfinished()) {
    const TrialId id = index.ids_[static_cast<std::size_t>(number.value)];
    if (look_at(id)) {
      index.set(entry_of(one), version_);
    }
  }
  const bool by_scan = index.ids_.empty() && faster_walk(connection_, study) == RowWalk::kScan;
  SqliteQuery rows = connection_.query(by_scan ? TUNE_ENTRY_COLUMNS "NOT INDEXED " TUNE_NEW_ENTRIES
                                               : TUNE_ENTRY_COLUMNS TUNE_NEW_ENTRIES);
  rows.bind(study.value).bind(index.ids_.empty() ? std::int64_t{-1} : index.ids_.back().value);
  while (rows.next()) {
    index.set(entry_of(rows), version_);
  }
  index.distributions_.clear();
  index.stale_ = false;
}

void StorageIndex::remember(StudyId study) {
  const auto finished = witnesses_.contains(study) ? std::nullopt : studies_.at(study).first_finished();
  if (finished) {
    witnesses_.emplace(study, Witness{*finished, finished_row(study, *finished)});
  }
}

std::string StorageIndex::finished_row(StudyId study, TrialId trial) {
  SqliteQuery row = connection_.query(
      "SELECT number || ' ' || datetime_complete FROM trials WHERE trial_id = ? AND study_id = ?");
  row.bind(trial.value).bind(study.value);
  return row.next() ? std::string(row.text(0)) : std::string();
}

/// Trials do not go, and finished ones do not change.
bool StorageIndex::is_another_one(StudyId study, const StudyIndex& index) {
  const auto witness = witnesses_.find(study);
  if (witness != witnesses_.end() && finished_row(study, witness->second.id) != witness->second.row) {
    return true;
  }
  if (index.ids_.empty()) {
    return false;
  }
  SqliteQuery last = connection_.query("SELECT 1 FROM trials WHERE trial_id = ? AND study_id = ?");
  last.bind(index.ids_.back().value).bind(study.value);
  return !last.next();
}

void StorageIndex::begin(StudyId study) {
  studies_.erase(study);
  witnesses_.erase(study);
  began_at_[study] = version_of_others_ = ++version_;
}

void StorageIndex::set(StudyId study, const FrozenTrial& trial) {
  StudyIndex& index = studies_.at(study);
  index.set({trial.number, trial.id, trial.state, claim_of(trial).has_value()}, ++version_);
  if (trial.state == TrialState::kWaiting) {
    index.distributions_.clear();  // The parameters it gave up may have been the only ones of their name.
  }
  for (const Param& param : trial.params) {
    index.distributions_.emplace(param.name, param.distribution);
  }
}

void StorageIndex::touch(StudyId study, TrialNumber number) {
  StudyIndex& index = studies_.at(study);
  if (number.value < 0 || number.value >= index.size()) {
    throw FormatError(fmt::format(
        "trial {} is found by its id, but not among those of its study: the file is damaged", number.value));
  }
  index.changed_at_[static_cast<std::size_t>(number.value)] = ++version_;
}

void StorageIndex::meet(StudyId study) {
  notice_others();
  if (is_another_one(study, studies_[study])) {
    begin(study);
  }
}

void StorageIndex::forget(StudyId study) {
  begin(study);
}

void StorageIndex::forget_all() {
  studies_.clear();
  version_of_others_ = ++version_;
}

void StorageIndex::check_distributions(StudyId study, std::span<const Param> params) {
  StudyIndex& index = studies_.at(study);
  for (const Param& param : params) {
    auto known = index.distributions_.find(param.name);
    if (known == index.distributions_.end()) {
      SqliteQuery first = connection_.query(
          "SELECT p.distribution_json FROM trials t JOIN trial_params p ON p.trial_id = t.trial_id "
          "WHERE t.study_id = ? AND p.param_name = ? LIMIT 1");
      first.bind(study.value).bind(std::string_view(param.name));
      const Distribution& stored = first.next() ? reader_.distribution(first.text(0)) : param.distribution;
      known = index.distributions_.emplace(param.name, stored).first;
    }
    check_compatible(param.name, known->second, param.distribution);
  }
}

bool StorageIndex::is_current(const Cursor& cursor) {
  notice_others();
  return cursor.version == version_;
}

const StudyIndex* StorageIndex::find_current(StudyId study) const {
  const auto found = studies_.find(study);
  return found == studies_.end() || found->second.stale_ ? nullptr : &found->second;
}

std::vector<TrialRange> StorageIndex::changed_since(StudyId study, const Cursor& cursor,
                                                    std::span<const TrialNumber> except) const {
  const auto began_at = began_at_.find(study);
  if (began_at != began_at_.end() && read_at(cursor).value_or(began_at->second) < began_at->second) {
    throw_made_anew(study);
  }
  const StudyIndex& index = studies_.at(study);
  const bool unsure = cursor.version < version_of_others_;
  std::vector<TrialRange> ranges;
  std::int64_t last_number = -2;
  const auto look_at = [&](std::int64_t number) {
    const auto place = static_cast<std::size_t>(number);
    const bool is_known = !unsure && number < index.size() && index.changed_at_[place] <= cursor.version;
    if (number >= index.size() || is_known ||
        std::find(except.begin(), except.end(), TrialNumber{number}) != except.end()) {
      return;
    }
    if (number == last_number + 1) {
      ranges.back().last = index.ids_[place];
    } else {
      ranges.push_back({index.ids_[place], index.ids_[place], 0});
    }
    ++ranges.back().n_trials;
    last_number = number;
  };
  for (const TrialNumber number : cursor.unfinished) {
    look_at(number.value);
  }
  for (std::int64_t number = cursor.known; number < index.size(); ++number) {
    look_at(number);
  }
  return ranges;
}

}  // namespace tune::storages
