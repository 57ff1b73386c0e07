#include "tune/pruners/registry.hpp"

#include "tune/error.hpp"
#include "tune/pruners/median.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/pruners/percentile.hpp"

namespace tune {

const std::vector<PrunerEntry>& pruner_registry() {
  static const std::vector<PrunerEntry> entries{median_pruner_entry(), percentile_pruner_entry(),
                                                nop_pruner_entry()};
  return entries;
}

std::shared_ptr<const Pruner> make_pruner(std::string_view name,
                                          const std::map<std::string, ParamValue, std::less<>>& options) {
  std::string known;
  for (const PrunerEntry& entry : pruner_registry()) {
    if (entry.name == name) {
      return entry.make(with_defaults(entry.options, options));
    }
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidArgument("unknown pruner \"" + std::string(name) + "\"; known pruners: " + known);
}

}  // namespace tune
