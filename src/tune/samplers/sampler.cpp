#include "tune/samplers/sampler.hpp"

#include <algorithm>
#include <utility>

namespace tune {
namespace {

// 0 is the stream of parameters drawn together; stable_hash of a name is never 0 in practice, and two
// equal streams would only correlate two draws of one trial.
constexpr std::uint64_t kRelativeIndex = 0;

// Odd, so that no two attempts share a stream: 2^64 divided by the golden ratio.
constexpr std::uint64_t kAttemptStride = 0x9e3779b97f4a7c15U;

StreamKey key_of(const SamplingContext& context, std::uint64_t index) {
  return {.seed = context.seed,
          .trial = static_cast<std::uint64_t>(context.number.value),
          .purpose = Purpose::kSuggestion,
          .index = index + kAttemptStride * context.attempt};
}

bool is_before(const Param& param, std::string_view name) {
  return param.name < name;
}

}  // namespace

void RelativeSample::add(Param param) {
  const auto place = params.empty() || is_before(params.back(), param.name)
                         ? params.end()
                         : std::lower_bound(params.begin(), params.end(), param.name, is_before);
  params.insert(place, std::move(param));
}

std::vector<std::string> RelativeSample::names() const {
  std::vector<std::string> names;
  for (const Param& param : params) names.push_back(param.name);
  return names;
}

const Param* RelativeSample::find(std::string_view name) const {
  const auto found = std::lower_bound(params.begin(), params.end(), name, is_before);
  return found != params.end() && found->name == name ? &*found : nullptr;
}

RandomStream SamplingContext::relative_stream() const {
  return RandomStream(key_of(*this, kRelativeIndex));
}

RandomStream SamplingContext::independent_stream(std::string_view parameter) const {
  return RandomStream(key_of(*this, stable_hash(parameter)));
}

RelativeSample Sampler::sample_relative(const SamplingContext& /*context*/) const {
  return {};
}

std::optional<std::uint64_t> Sampler::n_remaining(const HistoryView& /*history*/,
                                                  const SearchSpace& /*declared*/) const {
  return std::nullopt;
}

}  // namespace tune
