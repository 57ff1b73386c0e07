#pragma once

#include <span>
#include <string_view>

/// The files of the page, embedded when the program is built.
namespace fmnist_tune::report {

[[nodiscard]] std::string_view page_html();
[[nodiscard]] std::string_view page_css();
/// The page's own scripts, in the order in which they must run.
[[nodiscard]] std::span<const std::string_view> page_scripts();
/// Plotly. Throws tune::Error when the program was built without it.
[[nodiscard]] std::string_view plotly_script();

}  // namespace fmnist_tune::report
