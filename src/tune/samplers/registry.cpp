#include "tune/samplers/registry.hpp"

#include <algorithm>

#include "tune/error.hpp"
#include "tune/samplers/gp_tpe.hpp"
#include "tune/samplers/grid.hpp"
#include "tune/samplers/none.hpp"
#include "tune/samplers/qmc.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/tpe.hpp"

namespace tune {

const std::vector<SamplerEntry>& sampler_registry() {
  static const std::vector<SamplerEntry> entries{tpe_sampler_entry(),    gp_tpe_sampler_entry(),
                                                 random_sampler_entry(), qmc_sampler_entry(),
                                                 grid_sampler_entry(),   none_sampler_entry()};
  return entries;
}

std::shared_ptr<const Sampler> make_sampler(std::string_view name,
                                            const std::map<std::string, ParamValue, std::less<>>& options) {
  std::string known;
  for (const SamplerEntry& entry : sampler_registry()) {
    if (entry.name == name) {
      return entry.make(with_defaults(entry.options, options));
    }
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidArgument("unknown sampler \"" + std::string(name) + "\"; known samplers: " + known);
}

}  // namespace tune
