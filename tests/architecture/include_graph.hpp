#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tune::architecture {

/// A source file and the names in its include lines. `path` is relative to the top folder, `/`-separated;
/// an include of a file beside it is resolved to the folder's name as other files would write it.
struct SourceFile {
  std::string path;
  std::vector<std::string> includes;
};

/// Something that must not be, as a person should read it.
using Complaints = std::vector<std::string>;

[[nodiscard]] std::vector<std::string> include_names(std::string_view text);

/// Every .hpp, .cpp and .inl below `root / folder`, sorted by path.
[[nodiscard]] std::vector<SourceFile> read_sources(const std::filesystem::path& root,
                                                   const std::filesystem::path& folder);

/// Files below `include/` that include a library the user of the headers need not have.
[[nodiscard]] Complaints foreign_includes_in_public_headers(const std::vector<SourceFile>& files);

/// Includes against the direction values ← samplers, pruners, storages ← study, trial, objective, executor,
/// and between samplers, pruners and storages.
[[nodiscard]] Complaints includes_against_the_layers(const std::vector<SourceFile>& files);

/// Files of the search library that include the program or the objective.
[[nodiscard]] Complaints library_includes_of_programs(const std::vector<SourceFile>& files);

/// Files outside src/fmnist that include LibTorch.
[[nodiscard]] Complaints torch_includes_outside_fmnist(const std::vector<SourceFile>& files);

}  // namespace tune::architecture
