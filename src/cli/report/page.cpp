#include "cli/report/page.hpp"

#include <fmt/format.h>

#include "cli/report/assets.hpp"

namespace fmnist_tune::report {
namespace {

/// Puts `content` in the place of the marker, which page.html has once.
void fill(std::string& page, std::string_view marker, std::string_view content) {
  page.replace(page.find(marker), marker.size(), content);
}

std::string scripts() {
  std::string text = fmt::format("<script>{}</script>\n", plotly_script());
  for (const std::string_view script : page_scripts()) text += fmt::format("<script>\n{}</script>\n", script);
  return text;
}

}  // namespace

std::string script_safe(std::string_view json) {
  std::string safe;
  safe.reserve(json.size() + json.size() / 64);
  for (const char byte : json) {
    switch (byte) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += byte;
    }
  }
  return safe;
}

std::string html_page(std::string_view data, std::string_view connect) {
  std::string page(page_html());
  fill(page, "@connect@", connect);
  fill(page, "@style@", page_css());
  fill(page, "@scripts@", scripts());
  // Last, and first in the page: what stands in the data is no marker.
  fill(page, "@data@", script_safe(data));
  return page;
}

}  // namespace fmnist_tune::report
