#include "cli/name_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"

namespace fmnist_tune {

std::vector<std::string> names_between_commas(std::string_view option, const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (names.empty()) {
    throw UsageError(fmt::format("{}: expected words between commas, found \"{}\"", option, text));
  }
  return names;
}

}  // namespace fmnist_tune
