#include "tune/storages/network_file.hpp"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace tune::storages {
namespace {

struct FileSystem {
  long number;
  std::string_view name;
};

/// Numbers as in linux/magic.h and the file systems' own sources.
constexpr std::array kNetworkFileSystems = {
    FileSystem{0x6969, "NFS"},       FileSystem{0xFF534D42, "CIFS"},   FileSystem{0xFE534D42, "SMB"},
    FileSystem{0x517B, "SMB"},       FileSystem{0x00C36400, "Ceph"},   FileSystem{0x0BD00BD0, "Lustre"},
    FileSystem{0x47504653, "GPFS"},  FileSystem{0x19830326, "BeeGFS"}, FileSystem{0x5346414F, "AFS"},
    FileSystem{0x6B414653, "AFS"},   FileSystem{0x73757245, "Coda"},   FileSystem{0x01161970, "GFS2"},
    FileSystem{0x7461636F, "OCFS2"}, FileSystem{0x01021997, "9P"},     FileSystem{0x65735546, "FUSE"},
};

}  // namespace

std::optional<std::string_view> network_file_system(long number) {
  // The kernel's number has 32 bits, with or without a sign.
  const auto bits = static_cast<std::uint32_t>(number);
  const auto found = std::find_if(kNetworkFileSystems.begin(), kNetworkFileSystems.end(),
                                  [&](const FileSystem& one) { return one.number == static_cast<long>(bits); });
  return found == kNetworkFileSystems.end() ? std::nullopt : std::optional(found->name);
}

std::optional<std::string_view> network_file_system_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto resolved = std::filesystem::weakly_canonical(file, error);
  const auto folder = (error ? file : resolved).parent_path();
  struct statfs facts {};
  if (statfs(folder.empty() ? "." : folder.c_str(), &facts) != 0) return std::nullopt;
  return network_file_system(static_cast<long>(facts.f_type));
}

std::optional<std::string> other_host_among(std::span<const Holder> holders) {
  constexpr std::chrono::seconds kSilence{60};
  const std::string here = this_process().host;
  for (const Holder& holder : holders) {
    const Owner& owner = holder.claim.owner;
    if (owner.host == here || now() - holder.last_seen > kSilence) continue;
    return fmt::format("process {} on host {} runs trial {} of it", owner.pid, owner.host,
                       holder.claim.number.value);
  }
  return std::nullopt;
}

}  // namespace tune::storages
