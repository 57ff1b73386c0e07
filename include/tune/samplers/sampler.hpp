#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/history.hpp"
#include "tune/random.hpp"
#include "tune/samplers/reasons.hpp"
#include "tune/search_space.hpp"

namespace tune {

/// Whether a trial with these parameters, external values, would be run, not rejected for what it costs. Every
/// parameter of a declared space that exists is among them. Equal parameters give equal answers.
using AffordableCheck = std::function<bool(const ParamValues&)>;

/// All a sampler is given for one suggestion.
struct SamplingContext {
  HistoryView history;
  TrialNumber number;           ///< The trial that asks; it stands in the history as RUNNING.
  std::uint64_t seed = 0;       ///< The study's seed.
  const SearchSpace& declared;  ///< Empty for define-by-run.
  /// How many configurations were drawn for this trial before and turned down as duplicates.
  std::uint64_t attempt = 0;
  std::vector<Reason>* reasons = nullptr;  ///< Where the sampler says why, when somebody wants to know.
  /// For a sampler that leaves out what would be rejected; null: nothing would be, or nobody knows. Which
  /// questions a sampler asks, and in which order, may depend on the rest of the context and the answers alone:
  /// the answers are kept, and the suggestion is computed again from them.
  const AffordableCheck* is_affordable = nullptr;

  /// The stream for parameters drawn together.
  [[nodiscard]] RandomStream relative_stream() const;
  /// The stream for one parameter drawn alone; independent of the order of suggestion.
  [[nodiscard]] RandomStream independent_stream(std::string_view parameter) const;
};

/// Parameters decided together and what must be stored with them.
struct RelativeSample {
  std::vector<Param> params;  ///< By name, each once, with the distribution that it was drawn from.
  Attributes system_attrs;

  /// Takes a parameter that is not among them, in any order of names.
  void add(Param param);
  [[nodiscard]] std::vector<std::string> names() const;
  /// The parameter of that name, or null. O(log n).
  [[nodiscard]] const Param* find(std::string_view name) const;
};

/// Whether a configuration that another trial has may be suggested again.
enum class Duplicates : std::uint8_t {
  kAllow,  ///< As Optuna does.
  kAvoid,  ///< It is drawn again, and if need be replaced by the nearest one that no trial has.
};

/// Suggests parameters. Follows Optuna's BaseSampler, without its state: everything a decision needs comes
/// in through the context, everything it wants to remember goes out through the attributes. Hence a resumed
/// study continues exactly, and one sampler may serve any number of threads.
///
/// A trial asks `sample_relative` once, then `sample_independent` for each parameter that the relative
/// sample did not decide (or decided for another distribution). Whatever comes back lies inside the domain.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The name in the study file: "tpe", "random".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Decides any number of parameters at once; the default decides none.
  [[nodiscard]] virtual RelativeSample sample_relative(const SamplingContext& context) const;

  /// Decides one parameter alone, in internal representation.
  [[nodiscard]] virtual double sample_independent(const SamplingContext& context, std::string_view name,
                                                  const Distribution& distribution) const = 0;

  /// Whether a suggestion depends on other trials: only then a study stores what it could see of them.
  [[nodiscard]] virtual bool uses_history() const { return true; }

  /// What a study does about duplicates unless it is told.
  [[nodiscard]] virtual Duplicates default_duplicates() const { return Duplicates::kAllow; }

  /// How many further configurations can be suggested, for a sampler with a finite plan: those that no finished
  /// and no running trial has. Nothing when there is no end. Enqueued trials run all the same. `declared` is
  /// empty for define-by-run.
  [[nodiscard]] virtual std::optional<std::uint64_t> n_remaining(const HistoryView& history,
                                                                 const SearchSpace& declared) const;
};

}  // namespace tune
