#include "cli/output/candidate_values.hpp"

#include <cmath>

namespace fmnist_tune {

tune::ParamValue external(const ExplainedTrial& explained, const std::string& parameter, double internal) {
  const tune::ParameterDeclaration* declared = explained.space.find(parameter);
  return declared == nullptr ? tune::ParamValue(internal) : tune::to_external(declared->distribution, internal);
}

double score(const tune::Weighing& weighing, std::size_t candidate) {
  return weighing.log_l[candidate] - weighing.log_g[candidate];
}

Cell value_cell(const ExplainedTrial& explained, const std::string& parameter, double internal) {
  return std::isnan(internal) ? Cell() : Cell(external(explained, parameter, internal));
}

}  // namespace fmnist_tune
