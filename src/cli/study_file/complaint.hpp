#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tune/error.hpp"

namespace fmnist_tune {

/// One thing that is wrong with a study file.
struct Complaint {
  std::size_t line = 0;    ///< From 1; 0 when the file could not be read at all.
  std::size_t column = 0;  ///< From 1, in characters (code points), not bytes.
  std::string pointer;     ///< JSON pointer (RFC 6901); empty for the whole document.
  std::string expected;
  std::string found;

  friend bool operator==(const Complaint&, const Complaint&) = default;
};

/// `studies/mlp.json:12:17: /space/lr/low: expected a number > 0 because log is true, found -1`
[[nodiscard]] std::string to_text(const Complaint& complaint, std::string_view source);

/// Everything that is wrong with a study file, in the order of the file. `what()` has a line for each
/// complaint.
class StudyFileError : public tune::InvalidArgument {
 public:
  StudyFileError(std::string_view source, std::vector<Complaint> complaints);
  [[nodiscard]] const std::vector<Complaint>& complaints() const { return complaints_; }

 private:
  std::vector<Complaint> complaints_;
};

/// " (did you mean "depth"?)" for a known name that differs by a slip or two, else nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

/// `"a", "b" or "c"`; with `quoted` false without the quotes.
[[nodiscard]] std::string listed(const std::vector<std::string>& names, bool quoted = true);

}  // namespace fmnist_tune
