#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tune/storages/sqlite_connection.hpp"
#include "tune/storages/sqlite_rows.hpp"
#include "tune/storages/trial_rules.hpp"

/// What one process remembers of a file between two transactions, so that no call reads all trials again:
/// ids, states of the unfinished, counts, and when each trial changed.
namespace tune::storages {

class StudyIndex {
 public:
  [[nodiscard]] StudyLoad load() const;
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }
  [[nodiscard]] std::optional<TrialId> first_waiting() const;
  [[nodiscard]] std::vector<TrialNumber> unfinished() const;
  [[nodiscard]] std::vector<TrialId> running() const;
  [[nodiscard]] std::optional<TrialId> first_finished() const;

 private:
  friend class StorageIndex;
  struct Entry {
    TrialNumber number;
    TrialId id;
    TrialState state = TrialState::kRunning;
    bool has_owner = false;  ///< Carries our mark, with an owner.
  };
  void set(const Entry& entry, std::int64_t version);

  std::vector<TrialId> ids_;              ///< By number.
  std::vector<std::int64_t> changed_at_;  ///< By number: version of the last change known by number.
  std::set<std::int64_t> running_;        ///< Numbers.
  std::set<std::int64_t> owned_;          ///< Those of them that have an owner.
  std::set<std::int64_t> waiting_;
  std::map<std::string, Distribution, std::less<>> distributions_;
  bool stale_ = true;  ///< Somebody else wrote since.
};

/// The indices of all studies of one connection. Finished trials never change, so after somebody else's
/// commit only the unfinished and the new ones are looked at.
class StorageIndex {
 public:
  StorageIndex(SqliteConnection& connection, TrialReader& reader) : connection_(connection), reader_(reader) {}

  /// The index as of the current transaction. Throws StudyNotFound, also when somebody else has deleted the
  /// study and made one that got its id: the first time it is noticed, and from then on for cursors of before.
  StudyIndex& sync(StudyId study);
  /// Notes by what the study is known again. When `sync` has been called and no transaction of one's own may
  /// fail.
  void remember(StudyId study);
  /// For a reader who has not read the study that has the id now, so that nothing known of another one counts.
  /// In a transaction.
  void meet(StudyId study);
  /// Notes that from now on the id stands for a new study.
  void begin(StudyId study);
  /// Notes a trial that was written; a new one must be the next.
  void set(StudyId study, const FrozenTrial& trial);
  /// Notes that something inside a running trial was written.
  void touch(StudyId study, TrialNumber number);
  void forget(StudyId study);
  /// After a transaction that failed.
  void forget_all();

  /// Throws InvalidArgument when one of them does not fit what the study stores under that name.
  void check_distributions(StudyId study, std::span<const Param> params);

  /// Counts changes, one's own and, as far as they have been noticed, those of others.
  [[nodiscard]] std::int64_t version() const { return version_; }
  /// Whether nothing changed since the cursor was made, given the connection's data version.
  [[nodiscard]] bool is_current(const Cursor& cursor);
  /// The index when nobody else wrote since it was made, else null. After `is_current`.
  [[nodiscard]] const StudyIndex* find_current(StudyId study) const;
  /// The trials that are new or may have changed, but for `except`. After `sync`. Throws StudyNotFound for a
  /// cursor of another study that had the id.
  [[nodiscard]] std::vector<TrialRange> changed_since(StudyId study, const Cursor& cursor,
                                                      std::span<const TrialNumber> except) const;

 private:
  [[nodiscard]] static StudyIndex::Entry entry_of(const SqliteQuery& row);
  /// A finished trial, which never changes: where it is another one, so is the study.
  struct Witness {
    TrialId id;
    std::string row;
  };

  void notice_others();
  void refresh(StudyId study, StudyIndex& index);
  [[nodiscard]] std::string finished_row(StudyId study, TrialId trial);
  [[nodiscard]] bool is_another_one(StudyId study, const StudyIndex& index);

  SqliteConnection& connection_;
  TrialReader& reader_;
  std::map<StudyId, StudyIndex> studies_;
  std::map<StudyId, Witness> witnesses_;
  std::map<StudyId, std::int64_t> began_at_;  ///< Versions before say nothing of the study that has the id now.
  std::int64_t version_ = 0;
  std::int64_t version_of_others_ = 0;  ///< Changes up to here are not known by trial.
  std::optional<std::int64_t> seen_data_version_;
};

}  // namespace tune::storages
