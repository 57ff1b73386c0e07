#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tune/samplers/registry.hpp"

namespace tune::testing {

/// A sampler with options that take other paths through it than the defaults.
struct SamplerVariant {
  std::string name;  ///< Of the sampler where the options are the defaults.
  std::string sampler;
  std::map<std::string, ParamValue, std::less<>> options{};
  bool needs_finite_space = false;
};

inline void PrintTo(const SamplerVariant& variant, std::ostream* out) {
  *out << variant.name;
}

/// Every registered sampler, and those with options.
inline std::vector<SamplerVariant> sampler_variants() {
  std::vector<SamplerVariant> variants;
  for (const SamplerEntry& entry : sampler_registry()) {
    variants.push_back({entry.name, entry.name, {}, entry.needs_finite_space});
  }
  variants.push_back({"tpe_group", "tpe", {{"group", true}}});
  variants.push_back({"tpe_univariate", "tpe", {{"multivariate", false}}});
  variants.push_back({"tpe_at_once", "tpe", {{"n_startup_trials", std::int64_t{0}}}});
  variants.push_back({"gp_tpe_at_once", "gp_tpe", {{"n_startup_trials", std::int64_t{0}}}});
  variants.push_back({"qmc_scrambled", "qmc", {{"scramble", true}}});
  return variants;
}

inline std::shared_ptr<const Sampler> make_variant(const SamplerVariant& variant) {
  return make_sampler(variant.sampler, variant.options);
}

}  // namespace tune::testing
