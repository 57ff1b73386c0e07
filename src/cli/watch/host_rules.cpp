#include "cli/watch/host_rules.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <cctype>

namespace fmnist_tune::watch {
namespace {

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// The header without its port; empty when it is none that a browser sends.
std::string name_of(std::string_view header) {
  const bool is_bracketed = header.starts_with('[');
  const std::size_t end = is_bracketed ? header.find(']') : header.find(':');
  const std::string_view name = header.substr(is_bracketed ? 1 : 0, is_bracketed ? end - 1 : end);
  if (is_bracketed && end == std::string_view::npos) return {};
  const std::string_view rest =
      end == std::string_view::npos ? "" : header.substr(end + (is_bracketed ? 1 : 0));
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
  return lower_case(name);
}

bool is_address(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

}  // namespace

bool is_own_host(std::string_view header, const std::string& listening_host) {
  const std::string name = name_of(header);
  if (name.empty()) return false;
  if (is_address(name) || name == "localhost" || name == lower_case(listening_host)) return true;
  boost::system::error_code error;
  return name == lower_case(boost::asio::ip::host_name(error)) && !error;
}

}  // namespace fmnist_tune::watch
