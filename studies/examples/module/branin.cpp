// An objective of one's own as a shared library: Branin's function, found by fmnist-tune in branin.json.
#include <cmath>
#include <memory>
#include <numbers>
#include <tune/objective.hpp>

namespace {

using tune::OptionKind;

const tune::ObjectiveManifest& manifest() {
  static const tune::ObjectiveManifest kManifest{
      .type = "branin",
      .parameters =
          {{.name = "x", .default_value = 0.0, .low = -5.0, .high = 10.0, .description = "First coordinate."},
           {.name = "y", .default_value = 0.0, .low = 0.0, .high = 15.0, .description = "Second coordinate."}},
      .settings = {{.name = "offset", .default_value = 0.0, .description = "Added to every value."}},
      .metrics = {{.name = "value", .description = "The function's value; its minimum is 0.397887."}}};
  return kManifest;
}

class Branin final : public tune::Objective {
 public:
  explicit Branin(const tune::ObjectiveConfig& config) : offset_(config.settings.get_float("offset")) {}

  tune::TrialResult run(tune::TrialContext& trial) override {
    constexpr double kPi = std::numbers::pi;
    const tune::OptionValues params(trial.params());
    const double x = params.get_float("x");
    const double y = params.get_float("y");
    const double valley = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
    tune::TrialResult result;
    result.values = {valley * valley + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10 + offset_};
    return result;
  }

 private:
  double offset_;
};

}  // namespace

extern "C" const tune::ObjectiveModule tune_objective_module{
    .manifest = &manifest,
    .create = [](const tune::ObjectiveConfig& config) -> std::unique_ptr<tune::Objective> {
      return std::make_unique<Branin>(config);
    },
    .devices = [] { return std::vector<std::string>{"cpu"}; },
};
