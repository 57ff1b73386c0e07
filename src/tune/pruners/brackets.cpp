#include "tune/pruners/brackets.hpp"

#include <boost/crc.hpp>
#include <cmath>
#include <string>

namespace tune::pruners {
namespace {

// The C library's logarithm on purpose: where the quotient should be whole, its last bit decides, and Python
// asks the same library (243 = 3^5 gives 4).
std::int64_t last_bracket(double resource_ratio, double reduction_factor) {
  return static_cast<std::int64_t>(std::floor(std::log(resource_ratio) / std::log(reduction_factor)));
}

}  // namespace

Brackets::Brackets(std::int64_t min_resource, std::int64_t max_resource, std::int64_t reduction_factor) {
  const auto factor = static_cast<double>(reduction_factor);
  const std::int64_t last =
      last_bracket(static_cast<double>(max_resource) / static_cast<double>(min_resource), factor);
  for (std::int64_t s = last; s >= 0; --s) {
    double share = static_cast<double>(last + 1);
    for (std::int64_t i = 0; i < s; ++i) {
      share *= factor;
    }
    budgets_.push_back(static_cast<std::int64_t>(std::ceil(share / static_cast<double>(s + 1))));
    total_ += budgets_.back();
  }
}

std::uint32_t Brackets::bracket_of(std::string_view study_name, std::int64_t number) const {
  if (budgets_.empty()) {
    return 0;
  }
  const std::string label = "_" + std::to_string(number);
  boost::crc_32_type crc;
  crc.process_bytes(study_name.data(), study_name.size());
  crc.process_bytes(label.data(), label.size());
  std::int64_t place = static_cast<std::int64_t>(crc.checksum()) % total_;
  std::uint32_t bracket = 0;
  while (place >= budgets_[bracket]) {
    place -= budgets_[bracket++];
  }
  return bracket;
}

}  // namespace tune::pruners
