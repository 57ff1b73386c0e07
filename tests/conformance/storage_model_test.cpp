#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/cursors.hpp"
#include "tune/storages/in_memory.hpp"

/// Random operations on a storage and on the in-memory one must have the same effects and the same errors.
namespace tune::testing {

/// What is done to a storage.
enum class OperationKind : std::uint8_t {
  kReserve,
  kEnqueue,
  kAddTrial,
  kRequeueDead,
  kHeartbeat,
  kStart,
  kReport,
  kSetTrialAttributes,
  kTell,
  kRequeue,
  kCreateStudy,
  kDeleteStudy,
  kSetStudyAttributes,
  kListStudies,
  kReadChanges,
};

/// What to do and with what; each number is reduced to the range it needs.
struct Operation {
  OperationKind kind = OperationKind::kReserve;
  unsigned which = 0;
  unsigned value = 0;
};

inline void showValue(const Operation& operation, std::ostream& out) {
  out << static_cast<int>(operation.kind) << ' ' << operation.which << ' ' << operation.value;
}

}  // namespace tune::testing

template <>
struct rc::Arbitrary<tune::testing::Operation> {
  static Gen<tune::testing::Operation> arbitrary() {
    using tune::testing::Operation;
    using Kind = tune::testing::OperationKind;
    constexpr unsigned kEnd = 27720;  // A multiple of all the numbers it is reduced by.
    const auto kind = gen::weightedElement<Kind>({{6, Kind::kReserve},
                                                  {2, Kind::kEnqueue},
                                                  {2, Kind::kAddTrial},
                                                  {2, Kind::kRequeueDead},
                                                  {2, Kind::kHeartbeat},
                                                  {2, Kind::kStart},
                                                  {2, Kind::kReport},
                                                  {2, Kind::kSetTrialAttributes},
                                                  {2, Kind::kTell},
                                                  {2, Kind::kRequeue},
                                                  {2, Kind::kCreateStudy},
                                                  {1, Kind::kDeleteStudy},
                                                  {1, Kind::kSetStudyAttributes},
                                                  {1, Kind::kListStudies},
                                                  {8, Kind::kReadChanges}});
    return gen::build<Operation>(gen::set(&Operation::kind, kind),
                                 gen::set(&Operation::which, gen::inRange(0U, kEnd)),
                                 gen::set(&Operation::value, gen::inRange(0U, kEnd)));
  }
};

namespace tune::testing {
namespace {

/// One storage under test with the handles it gave out; handles of both sides stand at the same places.
class Subject {
 public:
  /// Others may have studies in the storage whose names begin otherwise.
  Subject(std::shared_ptr<Storage> storage, std::string name)
      : storage_(std::move(storage)), name_(std::move(name)) {
    for (std::size_t place = 0; place < studies_.size(); ++place) {
      NewStudy study;
      study.name = name_of(place);
      study.directions = directions_of(place);
      studies_[place] = TestedStudy{storage_->create_study(study)};
    }
  }

  /// The visible result, or the kind of error.
  std::string apply(const Operation& operation) {
    try {
      return apply_unchecked(operation);
    } catch (const StaleClaim&) {
      return "stale";
    } catch (const StudyExists&) {
      return "exists";
    } catch (const StudyNotFound&) {
      return "no study";
    } catch (const InvalidArgument& error) {
      return std::string("invalid: ") + error.what();
    }
  }

  std::string state() {
    std::string text = list_studies();
    for (auto& study : studies_) {
      if (study) {
        (void)read_changes(*study, false);
      }
      text += study ? describe(study->trials) : "no study\n";
    }
    return text;
  }

 private:
  /// What the caller knows of a study.
  struct TestedStudy {
    StudyId id;
    std::vector<Claim> claims{};
    Cursor cursor{};
    std::vector<FrozenTrial> trials{};           ///< As the deltas told.
    std::set<TrialNumber> in_hand{};             ///< Trials that run or were ended here.
    std::set<TrialNumber> left_out_of_deltas{};  ///< Those of them that a delta was told to leave out.
  };

  std::string apply_unchecked(const Operation& operation) {
    const std::size_t place = operation.which % studies_.size();
    if (operation.kind == OperationKind::kCreateStudy) {
      return create_study(place, operation);
    }
    if (operation.kind == OperationKind::kListStudies) {
      return list_studies();
    }
    if (!studies_[place]) {
      return "nothing";
    }
    TestedStudy& study = *studies_[place];
    switch (operation.kind) {
      case OperationKind::kReserve:
        return reserve(study, operation);
      case OperationKind::kEnqueue:
        return enqueue(study.id, operation);
      case OperationKind::kAddTrial:
        return std::to_string(storage_->add_trial(study.id, trial_to_add(place, operation.value)).value);
      case OperationKind::kRequeueDead:
        return requeue_dead(study, operation);
      case OperationKind::kHeartbeat:
        return "lost" + numbers_text(storage_->heartbeat(study.claims));
      case OperationKind::kDeleteStudy:
        return delete_study(place, operation);
      case OperationKind::kSetStudyAttributes:
        storage_->set_study_attributes(study.id, attribute_kind(operation), attributes(operation));
        return "set";
      case OperationKind::kReadChanges:
        return read_changes(study, operation.value % 2 == 0);
      default:
        return study.claims.empty() ? "nothing" : write(study, claim_of(study, operation), operation);
    }
  }

  /// One of the last, most of which hold.
  static Claim claim_of(const TestedStudy& study, const Operation& operation) {
    const std::size_t n_last = std::min<std::size_t>(study.claims.size(), 5);
    return study.claims[study.claims.size() - 1 - operation.which / 2 % n_last];
  }

  std::string write(TestedStudy& study, const Claim& claim, const Operation& operation) {
    const double value = operation.value % 7;
    switch (operation.kind) {
      case OperationKind::kStart:
        storage_->start(claim, params(operation.value), {{"cursor", std::to_string(operation.value % 3)}},
                        operation.value % 5 == 0);
        return "started";
      case OperationKind::kReport:
        storage_->report(claim, {operation.value % 4, value},
                         {{"completed_rung_" + std::to_string(operation.value % 3), std::to_string(value)}});
        return "reported";
      case OperationKind::kSetTrialAttributes:
        storage_->set_trial_attributes(claim, attribute_kind(operation), attributes(operation));
        return "set";
      case OperationKind::kTell:
        storage_->tell(claim, outcome(operation));
        return "told";
      default:
        storage_->requeue(
            claim, operation.value % 5 == 4 ? std::nullopt : std::optional<std::int64_t>(operation.value % 5));
        lose(study, claim.number);
        return "requeued";
    }
  }

  std::string reserve(TestedStudy& study, const Operation& operation) {
    const auto limit =
        operation.value % 3 == 0 ? std::nullopt : std::optional<std::int64_t>(operation.value % 9);
    const auto max_size =
        operation.value % 4 == 0 ? std::optional<std::int64_t>(operation.value % 11) : std::nullopt;
    const Owner owner =
        operation.value % 5 == 0 ? Owner{} : owner_named(operation.value % 2 == 0 ? "alive" : "dead");
    const Reservation reservation = storage_->reserve(study.id, owner, limit, max_size);
    if (reservation.status != ReserveStatus::kReserved) {
      return std::to_string(static_cast<int>(reservation.status));
    }
    study.claims.push_back(reservation.claim);
    if (owner != Owner{}) {
      study.in_hand.insert(reservation.claim.number);
    }
    return describe(reservation.trial) + " epoch " + std::to_string(reservation.claim.epoch);
  }

  std::string enqueue(StudyId study, const Operation& operation) {
    const auto numbers = storage_->enqueue(study, std::vector<NewTrial>{queue_entry(operation.value), {}});
    return std::to_string(numbers.front().value);
  }

  std::string requeue_dead(TestedStudy& study, const Operation& operation) {
    Takeover takeover = takeover_from("dead");
    takeover.kept_step = [&](TrialNumber) { return std::optional<std::int64_t>(operation.value % 4); };
    takeover.max_deaths = 2;
    const TakenOver taken = storage_->requeue_dead(study.id, takeover);
    for (const auto* numbers : {&taken.requeued, &taken.failed}) {
      std::for_each(numbers->begin(), numbers->end(), [&](TrialNumber number) { lose(study, number); });
    }
    return "requeued" + numbers_text(taken.requeued) + " failed" + numbers_text(taken.failed);
  }

  /// The caller has the trial no longer. What deltas left out it must read again.
  static void lose(TestedStudy& study, TrialNumber number) {
    study.in_hand.erase(number);
    if (study.left_out_of_deltas.contains(number)) {
      study.cursor = storages::read_again(study.cursor);
      study.left_out_of_deltas.clear();
    }
  }

  std::string create_study(std::size_t place, const Operation& operation) {
    NewStudy study;
    study.name = name_of(place);
    study.directions = directions_of(place);
    study.user_attrs = {{"a", std::to_string(operation.value % 3)}};
    study.system_attrs = {{"b", "null"}};
    for (unsigned i = 0; i < operation.value % 4; ++i) {
      study.trials.push_back(trial_to_add(place, operation.value + i));
    }
    for (unsigned i = 0; i < operation.value % 3; ++i) {
      study.queue.push_back(queue_entry(operation.value + i));
    }
    studies_[place] = TestedStudy{storage_->create_study(study)};
    return "created";
  }

  std::string delete_study(std::size_t place, const Operation& operation) {
    const TestedStudy deleted = *studies_[place];
    const bool is_meant = operation.value % 4 != 0;
    const std::string name = is_meant ? name_of(place) : name_of(place + 1);
    storage_->delete_study(deleted.id, operation.value % 4 == 1 ? std::string() : name);
    studies_[place].reset();
    RC_ASSERT(storage_->heartbeat(deleted.claims).size() == deleted.claims.size());
    for (const Cursor& cursor : {Cursor{}, deleted.cursor}) {
      RC_ASSERT_THROWS_AS((void)storage_->changes_since(deleted.id, cursor), StudyNotFound);
    }
    RC_ASSERT_THROWS_AS((void)storage_->enqueue(deleted.id, std::vector<NewTrial>(1)), StudyNotFound);
    return "deleted";
  }

  /// In order, each as it is found by its name.
  std::string list_studies() {
    std::string text;
    for (StudyRecord study : storage_->studies()) {
      if (!study.name.starts_with(name_)) {
        continue;
      }
      const auto found = storage_->find_study(study.name);
      RC_ASSERT(found.has_value() && found->id == study.id && describe(*found) == describe(study));
      study.name.erase(0, name_.size());
      text += describe(study);
    }
    return text;
  }

  static std::string numbers_text(const std::vector<TrialNumber>& numbers) {
    std::string text;
    for (const TrialNumber number : numbers) {
      text += " " + std::to_string(number.value);
    }
    return text;
  }

  /// Applies a delta to what was known and checks that this gives the whole; it may leave out the trials that
  /// the caller knows better.
  std::string read_changes(TestedStudy& study, bool leaves_out) {
    std::vector<TrialNumber> except;
    if (leaves_out) {
      except.assign(study.in_hand.begin(), study.in_hand.end());
    }
    const Changes changes = storage_->changes_since(study.id, study.cursor, except);
    study.cursor = changes.cursor;
    const std::vector<FrozenTrial> stored = all_trials(*storage_, study.id);
    study.trials.resize(stored.size());
    const auto place_of = [](TrialNumber number) { return static_cast<std::size_t>(number.value); };
    for (const FrozenTrial& trial : changes.trials) {
      study.trials.at(place_of(trial.number)) = trial;
    }
    for (const TrialNumber number : except) {
      study.trials.at(place_of(number)) = stored.at(place_of(number));
    }
    study.left_out_of_deltas.insert(except.begin(), except.end());
    RC_ASSERT(describe(study.trials) == describe(stored));
    return "seen";
  }

  [[nodiscard]] std::string name_of(std::size_t place) const { return name_ + (place % 2 == 0 ? "a" : "b"); }

  static std::vector<Direction> directions_of(std::size_t place) {
    return place == 0 ? std::vector{Direction::kMinimize}
                      : std::vector{Direction::kMaximize, Direction::kMinimize};
  }

  static NewTrial queue_entry(unsigned value) {
    return {value % 2 == 0 ? R"({"x": 0.5, "ü": null})" : "{}", {}, {{"n", "1"}}};
  }

  static FrozenTrial trial_to_add(std::size_t place, unsigned value) {
    FrozenTrial trial;
    trial.state = value % 3 == 0 ? TrialState::kWaiting : TrialState::kComplete;
    if (trial.state == TrialState::kComplete) {
      trial.values.assign(directions_of(place).size(), value % 5);
    }
    trial.params = params(value);
    trial.intermediate = {{0, 1.0}, {value % 3, 2.0}};
    return trial;
  }

  static AttributeKind attribute_kind(const Operation& operation) {
    return operation.value % 2 == 0 ? AttributeKind::kUser : AttributeKind::kSystem;
  }

  /// One in five is refused.
  static Attributes attributes(const Operation& operation) {
    return {{"key " + std::to_string(operation.value % 3), R"(["☃", NaN])"},
            {"other", operation.value % 5 == 0 ? "{" : std::to_string(operation.value % 7)}};
  }

  static std::vector<Param> params(unsigned operand) {
    const double value = operand % 4;
    switch (operand % 6) {
      case 0:
        return {};
      case 1:
        return {{"x", value, IntDistribution{0, 9}}};
      case 2:
        return {{"y", 0, CategoricalDistribution{{std::string("a"), ParamValue()}}},
                {"x", value, FloatDistribution{0, 9}}};
      case 3:
        return {{"y", value, CategoricalDistribution{{std::string("a"), ParamValue()}}}};
      default:
        return {{"x", value, FloatDistribution{0, 9}}, {"z", value, IntDistribution{0, 9}}};
    }
  }

  static Outcome outcome(const Operation& operation) {
    const double value = operation.value % 7;
    switch (operation.value % 5) {
      case 0:
        return {TrialState::kFail, {}, {}, {{"tune:reason", "\"broken\""}}};
      case 1:
        return {TrialState::kPruned, {}, {}, {}};
      case 2:
        return {TrialState::kComplete, {value, value}, {}, {}};
      default:
        return {TrialState::kComplete, {value}, {{"u", "1"}}, {}};
    }
  }

  std::shared_ptr<Storage> storage_;
  std::string name_;
  std::array<std::optional<TestedStudy>, 2> studies_;
};

class StorageModel : public ::testing::TestWithParam<StorageKind> {};

INSTANTIATE_TEST_SUITE_P(Storages, StorageModel, ::testing::ValuesIn(all_storage_kinds(11)),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(StorageModel, DoesWhatTheInMemoryOneDoes) {
  const TemporaryFolder folder;
  // Open over all cases, to spend the time on operations.
  const auto storage = GetParam().open(folder.path());
  int n_cases = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto operations = *rc::gen::resize(80, rc::gen::arbitrary<std::vector<Operation>>());
    Subject model(make_in_memory_storage(), "study ");
    Subject tested(storage, std::to_string(++n_cases) + " ");
    for (const Operation& operation : operations) {
      RC_ASSERT(tested.apply(operation) == model.apply(operation));
    }
    RC_ASSERT(tested.state() == model.state());
  }));
}

}  // namespace
}  // namespace tune::testing
