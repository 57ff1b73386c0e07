#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/faulty_vfs.hpp"

namespace tune::testing {

/// What of the things that were not synced is on the disk after a power cut.
enum class Survives : std::uint8_t {
  kNothing,
  kSome,        ///< Any sectors of any writes, and the first so many changes of the folder.
  kAllButLast,  ///< All, but of the last write only the first bytes.
  kAll,         ///< As after a crash of the process alone.
};

/// A disk that events happen to. A write counts once its file was synced; a name, its removal included, once
/// its folder was.
class Disk {
 public:
  void apply(const DiskEvent& event);
  /// The files as they are found after a power cut at this moment: file name (without folder) → bytes.
  [[nodiscard]] std::map<std::string, std::string> after_power_cut(Survives survives,
                                                                   std::mt19937_64& random) const;

 private:
  struct File {
    std::string synced;
    std::vector<DiskEvent> pending;  ///< Writes and truncations since.
  };
  using Names = std::map<std::string, int>;

  static void rename(Names& names, const DiskEvent& event);
  [[nodiscard]] Names names_after(Survives survives, std::mt19937_64& random) const;
  [[nodiscard]] std::string bytes_after(const File& file, Survives survives, std::mt19937_64& random) const;

  std::map<int, File> files_;
  Names names_;  ///< As synced.
  std::vector<DiskEvent> folder_pending_;
  int last_written_ = -1;
};

}  // namespace tune::testing
