#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/study_data.hpp"

namespace fmnist_tune::watch {

/// What one look at the file found.
struct Look {
  std::string identity;    ///< Of the file and the study in it: another one has other trials.
  report::StudyData data;  ///< Empty where there is trouble.
  std::string trouble;     ///< Why there is nothing: the file or the study is gone. Else empty.
};

/// Looks at a study again and again, without writing to its file. For one thread.
class StudyWatcher {
 public:
  StudyWatcher(std::filesystem::path path, std::string study_name);

  /// Nothing when the file has not changed since the last look.
  [[nodiscard]] std::optional<Look> look();

 private:
  [[nodiscard]] Look read();

  std::filesystem::path path_;
  std::string study_name_;
  std::string seen_;      ///< Times and sizes of the files at the last look.
  std::string identity_;  ///< Of what `parameters_` belong to.
  report::ParameterList parameters_;
};

/// The study as it was last seen, with a revision for each part, so that anybody who knows an earlier revision
/// can be told what is new. For one thread.
class StudyFeed {
 public:
  /// Takes over a look; returns whether there is something new to tell.
  bool apply(Look look);

  /// Names the newest state, trouble included: who was told of it asks for what came after it.
  [[nodiscard]] std::string revision() const { return named(revision_); }
  /// Names the state of `data()`: a page that shows it asks for what came after it, which is the trouble, too.
  [[nodiscard]] std::string data_revision() const { return named(data_revision_); }
  [[nodiscard]] const report::StudyData& data() const { return data_; }

  /// A server-sent event that brings whoever knows `revision` up to date; empty when it is.
  [[nodiscard]] std::string event_since(const std::string& revision) const;

 private:
  void begin_anew(std::string identity);
  [[nodiscard]] std::string named(std::int64_t revision) const;

  report::StudyData data_;
  std::vector<std::int64_t> trial_revisions_;
  std::string identity_;
  std::string trouble_;
  std::string instance_;  ///< Differs between servers and studies.
  std::int64_t revision_ = 0;
  std::int64_t data_revision_ = 0;  ///< Falls behind `revision_` while there is trouble.
};

}  // namespace fmnist_tune::watch
