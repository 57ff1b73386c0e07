#include "cli/run/provenance.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/run/study_check.hpp"

namespace fmnist_tune {
namespace {

using Json = nlohmann::ordered_json;

StudyConfig config_with(const std::string& engine) {
  StudyConfig config;
  config.objective.settings = tune::OptionValues({{"engine", engine}});
  return config;
}

tune::StudyRecord study_with(const std::string& facts) {
  tune::StudyRecord study;
  study.name = "s";
  if (!facts.empty()) study.system_attrs[kProvenanceKey] = facts;
  return study;
}

tune::StudyRecord study_on(const std::string& engines) {
  return study_with("{\"torch_version\": \"2.1\", \"data_crc32\": \"aa\", \"engines\": " + engines + "}");
}

tune::Attributes facts_on(const std::string& engines) {
  return {{"torch_version", "\"2.1\""}, {"data_crc32", "\"aa\""}, {"engines", engines}};
}

std::string refusal(const tune::StudyRecord& stored, const tune::Attributes& now, const StudyConfig& config) {
  try {
    static_cast<void>(review_provenance(stored, now, config));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

const std::string kGemm = R"j({"cpu": "gemm (oneDNN)"})j";

TEST(Provenance, ThatIsTheSameHasNoRemarks) {
  const auto review = review_provenance(study_on(kGemm), facts_on(kGemm), config_with("auto"));
  EXPECT_TRUE(review.remarks.empty());
}

TEST(Provenance, OfANewerLibraryIsRemarkedAndKept) {
  auto now = facts_on(kGemm);
  now["torch_version"] = "\"2.2\"";
  now["kernels"] = "\"avx2\"";
  const auto review = review_provenance(study_on(kGemm), now, config_with("auto"));
  EXPECT_EQ(review.remarks, (std::vector<std::string>{R"j(torch_version: "2.1" is now "2.2")j",
                                                      R"j(kernels: not known is now "avx2")j"}));
  EXPECT_EQ(Json::parse(review.json)["torch_version"], "2.2");
}

TEST(Provenance, OfOtherDataIsRefused) {
  auto now = facts_on(kGemm);
  now["data_crc32"] = "\"bb\"";
  EXPECT_NE(refusal(study_on(kGemm), now, config_with("gemm")).find("\"aa\" is now \"bb\""), std::string::npos);
}

TEST(Provenance, WithAnotherEngineIsRefusedUnlessTheStudyFileNamesOne) {
  for (const std::string other : {R"j({"cpu": "autograd"})j", R"j({"cuda:0": "autograd"})j",
                                  R"j({"cpu": "gemm (oneDNN)", "cuda:0": "autograd"})j"}) {
    const std::string message = refusal(study_on(kGemm), facts_on(other), config_with("auto"));
    EXPECT_NE(message.find("gemm (oneDNN)"), std::string::npos) << message;
    EXPECT_NE(message.find(R"("objective": {"engine": "autograd"})"), std::string::npos) << message;
    EXPECT_EQ(refusal(study_on(kGemm), facts_on(other), config_with("autograd")), "");
  }
}

TEST(Provenance, WithOtherProductsOfTheSameEngineSaysHowToGoOn) {
  const std::string own = R"j({"cpu": "gemm (own)"})j";
  const std::string message = refusal(study_on(kGemm), facts_on(own), config_with("auto"));
  EXPECT_NE(message.find(R"("objective": {"engine": "gemm"})"), std::string::npos) << message;
  EXPECT_NE(message.find("autograd"), std::string::npos) << message;
  EXPECT_EQ(message.find("--devices"), std::string::npos) << message;
  const std::string with_gpu = R"j({"cpu": "gemm (own)", "cuda:0": "autograd"})j";
  EXPECT_NE(refusal(study_on(kGemm), facts_on(with_gpu), config_with("auto")).find("--devices"),
            std::string::npos);
  EXPECT_EQ(refusal(study_on(kGemm), facts_on(own), config_with("gemm")), "");
}

TEST(Provenance, KeepsTheEnginesOfDevicesThatThisRunDoesNotUse) {
  const std::string both = R"j({"cpu": "gemm (oneDNN)", "cuda:0": "autograd"})j";
  auto now = facts_on(kGemm);
  now["torch_version"] = "\"2.2\"";
  const auto review = review_provenance(study_on(both), now, config_with("auto"));
  EXPECT_EQ(Json::parse(review.json)["engines"], Json::parse(both));
  EXPECT_EQ(review.remarks.size(), 1U);
}

TEST(Provenance, OfSeveralKindsIsRefusedInAReproducibleStudy) {
  StudyConfig config = config_with("auto");
  const std::string both = R"j({"cpu": "gemm (oneDNN)", "cuda:0": "autograd"})j";
  const std::string autograd = R"j({"cpu": "autograd", "cuda:0": "autograd"})j";
  EXPECT_NO_THROW(check_one_engine(config, facts_on(both)));
  config.reproducible_window = 2;
  EXPECT_THROW(check_one_engine(config, facts_on(both)), UsageError);
  EXPECT_THROW(check_one_engine(config, facts_on(autograd)), UsageError) << "processors round otherwise";
  EXPECT_NO_THROW(check_one_engine(config, facts_on(R"j({"cuda:0": "autograd", "cuda:1": "autograd"})j")));
}

TEST(Provenance, OfAnotherDeviceWithTheSameEngineIsAccepted) {
  const auto review = review_provenance(study_on(R"j({"cuda:0": "autograd"})j"),
                                        facts_on(R"j({"cuda:1": "autograd"})j"), config_with("auto"));
  EXPECT_EQ(review.remarks.size(), 1U);
}

TEST(Provenance, OfAStudyMadeElsewhereHasNothingToCompare) {
  for (const std::string facts : {"", "not JSON", "[]"}) {
    const auto review = review_provenance(study_with(facts), facts_on(kGemm), config_with("auto"));
    EXPECT_TRUE(review.remarks.empty());
    EXPECT_EQ(Json::parse(review.json)["engines"], Json::parse(kGemm));
  }
}

TEST(EngineToKeep, IsTheStudysWhereTheRuleWouldChooseAnother) {
  const std::string autograd = R"j({"cuda:0": "autograd"})j";
  EXPECT_EQ(engine_to_keep(study_on(autograd), facts_on(kGemm), config_with("auto")), "autograd");
  EXPECT_EQ(engine_to_keep(study_on(kGemm), facts_on(autograd), config_with("auto")), "gemm");
}

TEST(EngineToKeep, IsLeftToTheRuleOrTheStudyFileWhereThatFits) {
  EXPECT_EQ(engine_to_keep(study_on(kGemm), facts_on(kGemm), config_with("auto")), std::nullopt);
  EXPECT_EQ(engine_to_keep(study_on(R"j({"cpu": "autograd"})j"), facts_on(kGemm), config_with("gemm")),
            std::nullopt);
  EXPECT_EQ(engine_to_keep(study_with(""), facts_on(kGemm), config_with("auto")), std::nullopt);
  const std::string both = R"j({"cpu": "gemm (oneDNN)", "cuda:0": "autograd"})j";
  const std::string other = R"j({"cpu": "gemm (LibTorch)"})j";
  EXPECT_EQ(engine_to_keep(study_on(both), facts_on(other), config_with("auto")), std::nullopt);
}

}  // namespace
}  // namespace fmnist_tune
