#pragma once

#include <string>
#include <string_view>

namespace fmnist_tune::report {

/// The page as one HTML document that needs nothing else: style, scripts, Plotly, and `data` (JSON, see
/// whole_text) in a block that no text inside can leave. `connect` is what the page may contact, in the words
/// of a Content-Security-Policy: "'none'" for a file, "'self'" for a page that is served.
/// Throws tune::Error when the program was built without Plotly.
[[nodiscard]] std::string html_page(std::string_view data, std::string_view connect);

/// JSON in which no character means anything to HTML: it may stand in a script element.
[[nodiscard]] std::string script_safe(std::string_view json);

}  // namespace fmnist_tune::report
