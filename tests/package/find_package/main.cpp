#include <iostream>
#include <tune/study.hpp>

int main() {
  tune::Study study = tune::create_study({.study_name = "quadratic", .seed = 42});
  study.optimize(
      [](tune::Trial& trial) {
        const double x = trial.suggest_float("x", -10.0, 10.0);
        return (x - 2.0) * (x - 2.0);
      },
      100);
  const tune::FrozenTrial best = study.best_trial();
  std::cout << "x = " << best.params.at(0).value << ", value = " << best.values.at(0) << '\n';
  return best.values.at(0) < 0.1 ? 0 : 1;
}
