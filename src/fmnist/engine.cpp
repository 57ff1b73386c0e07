#include "fmnist/engine.hpp"

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

}  // namespace fmnist
