#include "fmnist/engine.hpp"

#include <utility>

#include "tune/error.hpp"

namespace fmnist {

void check_state(const EngineState& state, const EngineConfig& config) {
  const std::size_t n = config.network.parameter_count();
  const OptimizerState& optimizer = state.optimizer;
  if (state.parameters.size() != n || state.buffers.size() != config.network.buffer_count())
    throw tune::FormatError("it is of a network of another shape");
  if (optimizer.first.size() != (uses_first(config.optimizer) ? n : 0) ||
      optimizer.second.size() != (uses_second(config.optimizer) ? n : 0) || optimizer.steps < 0)
    throw tune::FormatError("it is of another optimizer");
}

void Engine::begin_pass(std::span<const std::uint32_t> positions, bool training) {
  pass_ = positions;
  is_training_ = training;
  finished_.clear();
}

void Engine::start(std::size_t begin, std::size_t n) {
  const auto positions = pass_.subspan(begin, n);
  finished_.push_back(is_training_ ? train_step(positions) : evaluate(positions));
}

std::vector<BatchSums> Engine::finish() {
  return std::exchange(finished_, {});
}

}  // namespace fmnist
