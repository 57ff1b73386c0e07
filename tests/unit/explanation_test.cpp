#include "tune/analysis/explanation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tune/error.hpp"
#include "tune/history_cursor.hpp"
#include "tune/pruners/hyperband.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/samplers/gp_tpe.hpp"
#include "tune/samplers/grid.hpp"
#include "tune/samplers/qmc.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/tpe.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

SearchSpace conditional_space() {
  SearchSpace space;
  space.add({"optimizer", CategoricalDistribution{{std::string("sgd"), std::string("adam")}}, {}});
  space.add({"momentum", FloatDistribution{0.0, 0.99}, {WhenOneOf{"optimizer", {std::string("sgd")}}}});
  space.add({"lr", FloatDistribution{1e-5, 1e-1, true}, {}});
  space.add({"depth", IntDistribution{1, 3}, {}});
  return space;
}

StudyOptions tpe_study(TpeOptions options = {}) {
  StudyOptions study;
  study.sampler = std::make_shared<const TpeSampler>(options);
  study.pruner = std::make_shared<const HyperbandPruner>();
  study.storage = make_in_memory_storage();
  study.space = conditional_space();
  study.load_if_exists = true;
  study.seed = 3;
  return study;
}

double loss_of(const ParamValues& params) {
  const double lr = std::get<double>(params.at("lr"));
  return std::abs(std::log10(lr) + 3.0) + 0.1 * static_cast<double>(std::get<std::int64_t>(params.at("depth")));
}

void finish(Study& study, Trial trial) {
  const std::int64_t number = trial.number().value;
  if (number % 7 == 3) {
    study.tell(std::move(trial), TrialState::kFail, "as it happens");
    return;
  }
  trial.report(loss_of(trial.params()), 1);
  if (number % 4 == 1) {
    study.tell(std::move(trial), TrialState::kPruned);
  } else {
    study.tell(std::move(trial), loss_of(trial.params()));
  }
}

/// Three trials run at any time and end in another order than they began in.
void run_in_parallel(Study& study, int n_trials) {
  std::vector<Trial> running;
  for (int i = 0; i < n_trials; ++i) {
    running.push_back(study.ask());
    if (running.size() < 3) continue;
    const auto next = running.begin() + i % 3;
    Trial trial = std::move(*next);
    running.erase(next);
    finish(study, std::move(trial));
  }
  for (Trial& trial : running) finish(study, std::move(trial));
}

TEST(Explanation, FindsEverySuggestionOfAParallelStudyAgain) {
  for (const bool group : {false, true}) {
    const StudyOptions options = tpe_study({.group = group});
    Study study = create_study(options);
    run_in_parallel(study, 60);
    const auto trials = study.trials();
    for (const FrozenTrial& trial : trials) {
      const Explanation explanation = explain_suggestion(options, trials, trial.number);
      EXPECT_EQ(explanation.origin, Explanation::Origin::kSuggested) << trial.number.value;
      EXPECT_TRUE(explanation.is_confirmed) << trial.number.value;
      EXPECT_EQ(explanation.n_running,
                trial.number.value < 2 ? static_cast<std::size_t>(trial.number.value) : 2U);
    }
  }
}

TEST(Explanation, ShowsTheCandidatesAndWhatTheyWereHeldAgainst) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 40);
  const auto trials = study.trials();
  const Explanation explanation = explain_suggestion(options, trials, TrialNumber{39});
  ASSERT_FALSE(explanation.reasons.empty());
  const Reason& joint = explanation.reasons.front();
  EXPECT_EQ(joint.parameters, (std::vector<std::string>{"depth", "lr", "optimizer"}));
  ASSERT_TRUE(joint.weighing);
  const Weighing& weighing = *joint.weighing;
  ASSERT_EQ(weighing.log_l.size(), 24U);
  EXPECT_EQ(weighing.below.size(),
            static_cast<std::size_t>(
                std::ceil(0.1 * static_cast<double>(explanation.n_complete + explanation.n_pruned))));
  EXPECT_EQ(weighing.below.size() + weighing.above.size(),
            explanation.n_complete + explanation.n_pruned + explanation.n_running);
  for (std::size_t c = 0; c < weighing.log_l.size(); ++c) {
    EXPECT_LE(weighing.log_l[c] - weighing.log_g[c],
              weighing.log_l[weighing.chosen] - weighing.log_g[weighing.chosen]);
  }
  EXPECT_EQ(weighing.candidates[1][weighing.chosen], trials.back().find_param("lr")->value);
}

TEST(Explanation, OfOneParameterAloneIsItsScore) {
  const StudyOptions options = tpe_study({.multivariate = false});
  Study study = create_study(options);
  run_in_parallel(study, 30);
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{29});
  EXPECT_TRUE(explanation.is_confirmed);
  for (const Reason& reason : explanation.reasons) {
    const Weighing& weighing = reason.weighing.value();
    ASSERT_EQ(weighing.shares.size(), 1U);
    for (std::size_t c = 0; c < weighing.log_l.size(); ++c) {
      EXPECT_NEAR(weighing.shares[0][c], weighing.log_l[c] - weighing.log_g[c], 1e-12);
    }
  }
}

TEST(Explanation, SaysThatAStartupTrialWasDrawnAtRandom) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 5);
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{4});
  ASSERT_FALSE(explanation.reasons.empty());
  EXPECT_FALSE(explanation.reasons.front().weighing);
  EXPECT_NE(explanation.reasons.front().text.find("2 of 10 startup trials"), std::string::npos)
      << explanation.reasons.front().text;
}

TEST(Explanation, OfAnInterruptedTrialIsThatOfItsFirstStart) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 20);
  Trial interrupted = study.ask();
  const TrialNumber number = interrupted.number();
  study.requeue(std::move(interrupted));
  run_in_parallel(study, 5);
  const Explanation explanation = explain_suggestion(options, study.trials(), number);
  EXPECT_TRUE(explanation.is_confirmed);
  EXPECT_EQ(explanation.n_running, 0U);
}

TEST(Explanation, TellsAnEnqueuedConfigurationAndAReplicate) {
  StudyOptions options = tpe_study();
  options.replicates = 2;
  options.points = {{{"optimizer", std::string("adam")}, {"lr", 1e-3}, {"depth", std::int64_t{2}}}};
  Study study = create_study(options);
  run_in_parallel(study, 6);
  const auto trials = study.trials();
  EXPECT_EQ(explain_suggestion(options, trials, TrialNumber{0}).origin, Explanation::Origin::kEnqueued);
  const Explanation replicate = explain_suggestion(options, trials, TrialNumber{5});
  EXPECT_EQ(replicate.origin, Explanation::Origin::kReplicate);
  EXPECT_EQ(replicate.original, TrialNumber{4});
}

TEST(Explanation, OfAPartlyEnqueuedConfigurationKeepsItsPart) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 20);
  (void)study.enqueue_trials({{{"lr", 0.05}}});
  run_in_parallel(study, 1);
  const auto trials = study.trials();
  EXPECT_EQ(trials.back().find_param("lr")->value, 0.05);
  EXPECT_TRUE(explain_suggestion(options, trials, TrialNumber{20}).is_confirmed);
}

TEST(Explanation, IsNotConfirmedAfterTheSearchHasChanged) {
  StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 30);
  options.seed = 4;
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{29});
  EXPECT_FALSE(explanation.is_confirmed);
  EXPECT_TRUE(explanation.reasons.empty());
}

TEST(Explanation, NamesTheParametersOfThePartlyEnqueuedConfigurationAlsoAfterAnInterruption) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 20);
  (void)study.enqueue_trials({{{"lr", 0.05}}});
  study.requeue(study.ask());
  run_in_parallel(study, 2);
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{20});
  EXPECT_TRUE(explanation.is_confirmed);
  EXPECT_EQ(explanation.given, std::vector<std::string>{"lr"});
}

TEST(Explanation, OfAnInterruptedReplicateNamesItsOriginal) {
  StudyOptions options = tpe_study();
  options.replicates = 2;
  Study study = create_study(options);
  run_in_parallel(study, 1);
  study.requeue(study.ask());
  run_in_parallel(study, 1);
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{1});
  EXPECT_EQ(explanation.origin, Explanation::Origin::kReplicate);
  EXPECT_EQ(explanation.original, TrialNumber{0});
}

TEST(Explanation, CoversAGridWithPointsThatStillWait) {
  StudyOptions options = tpe_study();
  options.sampler = std::make_shared<const GridSampler>();
  options.space = {};
  options.space.add({"lr", FloatDistribution{0.1, 0.4, false, 0.1}, {}});
  options.space.add({"depth", IntDistribution{1, 3}, {}});
  options.points = {
      {{"lr", 0.2}}, {{"lr", 0.1}, {"depth", std::int64_t{1}}}, {{"lr", 0.3}, {"depth", std::int64_t{2}}}};
  Study study = create_study(options);
  run_in_parallel(study, 8);
  const auto trials = study.trials();
  EXPECT_TRUE(explain_suggestion(options, trials, TrialNumber{0}).is_confirmed);
  EXPECT_TRUE(explain_suggestion(options, trials, TrialNumber{7}).is_confirmed);
}

TEST(Explanation, SeesATrialOfAnotherProcessAsItWasWhenItHadNoParametersYet) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 12);
  Owner other = this_process();
  other.pid += 1;
  const Reservation open = options.storage->reserve(study.id(), other);
  run_in_parallel(study, 1);
  const Param lr{"lr", 1e-3, FloatDistribution{1e-5, 1e-1, true}};
  options.storage->start(open.claim, {&lr, 1}, {});
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{13});
  EXPECT_TRUE(explanation.is_confirmed);
  EXPECT_EQ(explanation.n_running, 1U);
}

TEST(Explanation, CoversRedrawnAndMovedSuggestions) {
  StudyOptions options = tpe_study();
  options.space = {};
  options.space.add({"lr", FloatDistribution{0.1, 0.4, false, 0.1}, {}});
  options.space.add({"depth", IntDistribution{1, 6}, {}});
  options.duplicates = Duplicates::kAvoid;
  Study study = create_study(options);
  run_in_parallel(study, 24);
  const auto trials = study.trials();
  std::uint64_t n_redraws = 0;
  int n_moved = 0;
  for (const FrozenTrial& trial : trials) {
    const Explanation explanation = explain_suggestion(options, trials, trial.number);
    EXPECT_TRUE(explanation.is_confirmed) << trial.number.value;
    n_redraws += explanation.n_redraws;
    n_moved += explanation.is_moved ? 1 : 0;
  }
  EXPECT_GT(n_redraws, 0U);
  EXPECT_GT(n_moved, 0);
}

TEST(Explanation, ConfirmsSamplersThatLookAtNoOtherTrial) {
  for (const std::shared_ptr<const Sampler>& sampler :
       {std::shared_ptr<const Sampler>(std::make_shared<const RandomSampler>()),
        std::shared_ptr<const Sampler>(std::make_shared<const QmcSampler>())}) {
    StudyOptions options = tpe_study();
    options.sampler = sampler;
    Study study = create_study(options);
    run_in_parallel(study, 10);
    const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{7});
    EXPECT_TRUE(explanation.is_confirmed) << sampler->name();
    ASSERT_FALSE(explanation.reasons.empty()) << sampler->name();
    EXPECT_EQ(explanation.reasons.front().text,
              sampler->name() == "qmc" ? "point 7 of a Sobol sequence" : "drawn at random");
  }
}

TEST(Explanation, SaysHowMuchOfAGridWasTaken) {
  StudyOptions options = tpe_study();
  options.pruner = std::make_shared<const NopPruner>();
  options.sampler = std::make_shared<const GridSampler>();
  options.space = {};
  options.space.add({"depth", IntDistribution{1, 6}, {}});
  Study study = create_study(options);
  for (int i = 0; i < 6; ++i) study.tell(study.ask(), 1.0);
  const Explanation explanation = explain_suggestion(options, study.trials(), TrialNumber{4});
  EXPECT_TRUE(explanation.is_confirmed);
  ASSERT_EQ(explanation.reasons.size(), 1U);
  EXPECT_EQ(explanation.reasons.front().parameters, std::vector<std::string>{"depth"});
  EXPECT_NE(explanation.reasons.front().text.find("4 of 6 were taken"), std::string::npos)
      << explanation.reasons.front().text;
}

TEST(Explanation, TellsWhatAGaussianProcessExpectsOfItsCandidates) {
  StudyOptions options = tpe_study();
  options.pruner = std::make_shared<const NopPruner>();
  options.sampler = std::make_shared<const GpTpeSampler>();
  Study study = create_study(options);
  run_in_parallel(study, 20);
  const auto trials = study.trials();
  const Explanation explanation = explain_suggestion(options, trials, TrialNumber{19});
  EXPECT_TRUE(explanation.is_confirmed);
  ASSERT_EQ(explanation.reasons.size(), 1U);
  const Reason& reason = explanation.reasons.front();
  ASSERT_TRUE(reason.forecast);
  EXPECT_GT(reason.forecast->n_compared, 300U);
  EXPECT_TRUE(std::is_sorted(reason.forecast->score.rbegin(), reason.forecast->score.rend()));
  for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
    EXPECT_EQ(reason.forecast->candidates[d].front(), trials[19].find_param(reason.parameters[d])->value);
  }
  EXPECT_GT(reason.forecast->deviation.front(), 0.0);
}

TEST(Explanation, CoversSpacesThatAreNotDeclared) {
  StudyOptions options = tpe_study();
  options.space = {};
  Study study = create_study(options);
  for (int i = 0; i < 20; ++i) {
    Trial trial = study.ask();
    const double x = trial.suggest_float("x", 0.0, 1.0);
    const double y = x < 0.5 ? trial.suggest_float("y", 0.0, 1.0) : 0.0;
    study.tell(std::move(trial), x + y);
  }
  const auto trials = study.trials();
  for (const FrozenTrial& trial : trials) {
    EXPECT_TRUE(explain_suggestion(options, trials, trial.number).is_confirmed) << trial.number.value;
  }
  EXPECT_TRUE(explain_suggestion(options, trials, TrialNumber{19}).reasons.front().weighing);
}

TEST(Explanation, IsNotThereForTrialsOfOtherPrograms) {
  const StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 12);
  auto trials = study.trials();
  trials.back().system_attrs.erase(std::string(kSuggestionKey));
  EXPECT_EQ(explain_suggestion(options, trials, TrialNumber{11}).origin, Explanation::Origin::kNotRecorded);
  EXPECT_THROW((void)explain_suggestion(options, trials, TrialNumber{12}), InvalidArgument);
}

TEST(SuggestionRecord, IsAFewBytesHoweverLongTheHistoryIs) {
  StudyOptions options = tpe_study();
  Study study = create_study(options);
  run_in_parallel(study, 200);
  EXPECT_LE(study.trials().back().system_attrs.at(std::string(kSuggestionKey)).size(), 64U);
}

TEST(SuggestionRecord, ReadsWhatItWrites) {
  const HistoryCursor cursor{{{0, 37}, {39, 39}, {41, 50}}, {{38, 38}, {40, 40}}, {{51, 51}}, {{52, 60}}};
  const SuggestionRecord record{cursor, {"a \"b\"", "lr"}, 3, true, {{0, 4}, {6, 6}}};
  EXPECT_EQ(to_json(record),
            R"({"finished": "0-37,39,41-50", "running": "38,40", "open": "51", "waiting": "52-60", )"
            R"("given": ["a \"b\"","lr"], "redraws": 3, "moved": true, "costly": "0-4,6"})");
  EXPECT_EQ(suggestion_from_json(to_json(record)), record);
  EXPECT_EQ(suggestion_from_json(to_json(SuggestionRecord{})), SuggestionRecord{});
}

TEST(SuggestionRecord, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "3", R"({"finished": 3})", R"({"finished": "a"})",
                           R"({"finished": "3-1"})", R"({"finished": "1,1"})", R"({"finished": "1-"})",
                           R"({"finished": "1;2"})", R"({"finished": "0", "redraws": "many"})",
                           R"({"costly": "1,0"})", R"({"given": "lr"})", R"({"finished": "5,3"})"}) {
    EXPECT_THROW((void)suggestion_from_json(text), FormatError) << text;
  }
}

}  // namespace
}  // namespace tune
