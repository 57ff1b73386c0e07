#include "support/disk.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tune::testing {
namespace {

using Kind = DiskEvent::Kind;
constexpr std::size_t kSectorBytes = 512;

bool coin(std::mt19937_64& random) {
  return (random() & 1U) != 0;
}

void put(std::string& content, std::size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) {
    content.resize(offset + bytes.size(), '\0');
  }
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

void happen(std::string& content, const DiskEvent& event) {
  const auto offset = static_cast<std::size_t>(event.offset);
  if (event.kind == Kind::kTruncate) {
    content.resize(offset, '\0');
  } else {
    put(content, offset, event.bytes);
  }
}

void happen_in_part(std::string& content, const DiskEvent& event, std::mt19937_64& random) {
  if (event.kind == Kind::kTruncate) {
    if (coin(random)) {
      happen(content, event);
    }
    return;
  }
  const std::string_view bytes = event.bytes;
  for (std::size_t first = 0; first < bytes.size(); first += kSectorBytes) {
    if (coin(random)) {
      put(content, static_cast<std::size_t>(event.offset) + first, bytes.substr(first, kSectorBytes));
    }
  }
}

}  // namespace

void Disk::apply(const DiskEvent& event) {
  switch (event.kind) {
    case Kind::kCreate:
      files_[event.file];
      folder_pending_.push_back(event);
      return;
    case Kind::kUnlink:
      folder_pending_.push_back(event);
      return;
    case Kind::kSyncFolder:
      for (const DiskEvent& change : folder_pending_) {
        rename(names_, change);
      }
      folder_pending_.clear();
      return;
    case Kind::kSync: {
      File& file = files_[event.file];
      for (const DiskEvent& change : file.pending) {
        happen(file.synced, change);
      }
      file.pending.clear();
      return;
    }
    case Kind::kWrite:
    case Kind::kTruncate:
      files_[event.file].pending.push_back(event);
      last_written_ = event.file;
      return;
  }
}

void Disk::rename(Names& names, const DiskEvent& event) {
  const std::string name = std::filesystem::path(event.name).filename().string();
  if (event.kind == Kind::kCreate) {
    names[name] = event.file;
  } else {
    names.erase(name);
  }
}

Disk::Names Disk::names_after(Survives survives, std::mt19937_64& random) const {
  std::size_t n_kept = survives == Survives::kNothing ? 0 : folder_pending_.size();
  if (survives == Survives::kSome) {
    n_kept = random() % (folder_pending_.size() + 1);
  }
  Names names = names_;
  for (std::size_t i = 0; i < n_kept; ++i) {
    rename(names, folder_pending_[i]);
  }
  return names;
}

std::string Disk::bytes_after(const File& file, Survives survives, std::mt19937_64& random) const {
  std::string content = file.synced;
  if (survives == Survives::kNothing) {
    return content;
  }
  for (const DiskEvent& event : file.pending) {
    survives == Survives::kSome ? happen_in_part(content, event, random) : happen(content, event);
  }
  return content;
}

std::map<std::string, std::string> Disk::after_power_cut(Survives survives, std::mt19937_64& random) const {
  std::map<std::string, std::string> found;
  for (const auto& [name, number] : names_after(survives, random)) {
    File file = files_.at(number);
    const bool torn = survives == Survives::kAllButLast && number == last_written_ && !file.pending.empty();
    if (torn && file.pending.back().kind == Kind::kWrite) {
      std::string& bytes = file.pending.back().bytes;
      bytes.resize(random() % (bytes.size() + 1));
    }
    found[name] = bytes_after(file, survives, random);
  }
  return found;
}

}  // namespace tune::testing
