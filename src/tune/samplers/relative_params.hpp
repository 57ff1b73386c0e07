#pragma once

#include <optional>
#include <string_view>

#include "tune/frozen_trial.hpp"
#include "tune/search_space.hpp"

/// How define-by-run workers, Optuna's among them, tell each other which parameters a running trial will take
/// before it has asked for them: a JSON object cut into system attributes `tpe:relative_params:0`, `:1`, …
namespace tune::samplers {

/// The attributes that announce `params`.
[[nodiscard]] Attributes relative_params_attributes(const ParamValues& params);

/// What such attributes announce. Empty when there are none or when they are not (yet) a whole JSON object:
/// their writer may be in the middle of it.
[[nodiscard]] ParamValues relative_params(const Attributes& attributes);

/// The announced value in internal representation; nothing when it is absent or does not fit.
[[nodiscard]] std::optional<double> decided_value(const ParamValues& decided, std::string_view name,
                                                  const Distribution& distribution);

}  // namespace tune::samplers
