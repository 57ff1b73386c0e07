#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/in_memory.hpp"

/// Random operations on a storage and on the in-memory one must have the same effects and the same errors.
namespace tune::testing {

/// What to do and with what; each number is reduced to the range it needs.
struct Operation {
  unsigned kind = 0;
  unsigned which = 0;
  unsigned value = 0;
};

inline void showValue(const Operation& operation, std::ostream& out) {
  out << operation.kind % 12 << ' ' << operation.which << ' ' << operation.value;
}

}  // namespace tune::testing

template <>
struct rc::Arbitrary<tune::testing::Operation> {
  static Gen<tune::testing::Operation> arbitrary() {
    using tune::testing::Operation;
    constexpr unsigned kEnd = 27720;  // A multiple of all the numbers it is reduced by.
    return gen::build<Operation>(gen::set(&Operation::kind, gen::inRange(0U, kEnd)),
                                 gen::set(&Operation::which, gen::inRange(0U, kEnd)),
                                 gen::set(&Operation::value, gen::inRange(0U, kEnd)));
  }
};

namespace tune::testing {
namespace {

/// One storage under test with the handles it gave out; handles of both sides stand at the same places.
class Subject {
 public:
  Subject(std::shared_ptr<Storage> storage, const std::string& name)
      : storage_(std::move(storage)),
        studies_{make_study(*storage_, name + " a"),
                 make_study(*storage_, name + " b", {Direction::kMaximize, Direction::kMinimize})} {}

  /// The visible result, or the kind of error.
  std::string apply(const Operation& operation) {
    try {
      return apply_unchecked(operation);
    } catch (const StaleClaim&) {
      return "stale";
    } catch (const InvalidArgument& error) {
      return std::string("invalid: ") + error.what();
    }
  }

  std::string state() {
    return describe(all_trials(*storage_, studies_[0])) + describe(all_trials(*storage_, studies_[1]));
  }

 private:
  std::string apply_unchecked(const Operation& operation) {
    const StudyId study = studies_[operation.which % 2];
    switch (operation.kind % 12) {
      case 0:
      case 1:
      case 2:
        return reserve(study, operation);
      case 3:
        return enqueue(study, operation);
      case 4:
        return add(study, operation);
      case 5:
        return requeue_dead(study, operation);
      case 6:
        return deltas(operation.which % 2);
      case 11:
        return heartbeat();
      default:
        return claims_.empty() ? "nothing" : write(claims_[operation.which % claims_.size()], operation);
    }
  }

  std::string write(const Claim& claim, const Operation& operation) {
    const double value = operation.value % 7;
    switch (operation.kind % 12) {
      case 7:
        storage_->start(claim, params(operation), {{"cursor", std::to_string(operation.value % 3)}});
        return "started";
      case 8:
        storage_->report(claim, {operation.value % 4, value},
                         {{"completed_rung_" + std::to_string(operation.value % 3), std::to_string(value)}});
        return "reported";
      case 9:
        storage_->tell(claim, outcome(operation));
        return "told";
      default:
        storage_->requeue(
            claim, operation.value % 5 == 4 ? std::nullopt : std::optional<std::int64_t>(operation.value % 5));
        return "requeued";
    }
  }

  std::string reserve(StudyId study, const Operation& operation) {
    const auto limit =
        operation.value % 3 == 0 ? std::nullopt : std::optional<std::int64_t>(operation.value % 9);
    const Owner owner =
        operation.value % 5 == 0 ? Owner{} : owner_named(operation.value % 2 == 0 ? "alive" : "dead");
    const Reservation reservation = storage_->reserve(study, owner, limit, operation.value % 4 != 0);
    if (reservation.status != ReserveStatus::kReserved) {
      return std::to_string(static_cast<int>(reservation.status));
    }
    claims_.push_back(reservation.claim);
    return describe(reservation.trial) + " epoch " + std::to_string(reservation.claim.epoch);
  }

  std::string enqueue(StudyId study, const Operation& operation) {
    const std::string fixed = operation.value % 2 == 0 ? R"({"x": 0.5, "ü": null})" : "{}";
    const auto numbers = storage_->enqueue(study, std::vector<NewTrial>{{fixed, {}, {{"n", "1"}}}, {}});
    return std::to_string(numbers.front().value);
  }

  std::string add(StudyId study, const Operation& operation) {
    FrozenTrial trial;
    trial.state = operation.value % 3 == 0 ? TrialState::kWaiting : TrialState::kComplete;
    if (trial.state == TrialState::kComplete) {
      trial.values.assign(study == studies_[0] ? 1 : 2, operation.value % 5);
    }
    trial.params = params(operation);
    trial.intermediate = {{0, 1.0}, {operation.value % 3, 2.0}};
    return std::to_string(storage_->add_trial(study, trial).value);
  }

  std::string requeue_dead(StudyId study, const Operation& operation) {
    Takeover takeover = takeover_from("dead");
    takeover.kept_step = [&](TrialNumber) { return std::optional<std::int64_t>(operation.value % 4); };
    takeover.max_deaths = 2;
    const TakenOver taken = storage_->requeue_dead(study, takeover);
    return "requeued" + numbers_text(taken.requeued) + " failed" + numbers_text(taken.failed);
  }

  std::string heartbeat() { return "lost" + numbers_text(storage_->heartbeat(claims_)); }

  static std::string numbers_text(const std::vector<TrialNumber>& numbers) {
    std::string text;
    for (const TrialNumber number : numbers) {
      text += " " + std::to_string(number.value);
    }
    return text;
  }

  /// Applies a delta to what was known and checks that this gives the whole.
  std::string deltas(std::size_t which) {
    const Changes changes = storage_->changes_since(studies_[which], cursors_[which]);
    cursors_[which] = changes.cursor;
    for (const FrozenTrial& trial : changes.trials) {
      const auto place = static_cast<std::size_t>(trial.number.value);
      known_[which].resize(std::max(known_[which].size(), place + 1));
      known_[which][place] = trial;
    }
    RC_ASSERT(describe(known_[which]) == describe(all_trials(*storage_, studies_[which])));
    return "seen";
  }

  static std::vector<Param> params(const Operation& operation) {
    const double value = operation.value % 4;
    switch (operation.value % 6) {
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
  std::array<StudyId, 2> studies_;
  std::vector<Claim> claims_;
  std::array<Cursor, 2> cursors_;
  std::array<std::vector<FrozenTrial>, 2> known_;
};

TEST(StorageModel, EveryStorageDoesWhatTheInMemoryOneDoes) {
  const TemporaryFolder folder;
  for (const StorageKind& kind : storage_kinds()) {
    // Open over all cases, because opening a file costs more than many operations.
    const auto storage = kind.open(folder.path());
    int n_cases = 0;
    EXPECT_TRUE(rc::check(kind.name, [&] {
      const auto operations = *rc::gen::resize(40, rc::gen::arbitrary<std::vector<Operation>>());
      Subject model(make_in_memory_storage(), "study");
      Subject tested(storage, std::to_string(++n_cases));
      for (const Operation& operation : operations) {
        RC_ASSERT(tested.apply(operation) == model.apply(operation));
      }
      RC_ASSERT(tested.state() == model.state());
    }));
  }
}

}  // namespace
}  // namespace tune::testing
