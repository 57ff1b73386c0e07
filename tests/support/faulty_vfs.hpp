#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tune::testing {

/// What SQLite asks of a file system.
enum class VfsCall : std::uint8_t {
  kOpen,
  kDelete,
  kAccess,
  kRead,
  kWrite,
  kTruncate,
  kSync,
  kSize,
  kLock,
  kShmMap,
  kShmLock,
};

/// What changed on the disk, as far as a power cut can tell.
struct DiskEvent {
  enum class Kind : std::uint8_t { kCreate, kWrite, kTruncate, kSync, kUnlink, kSyncFolder };
  Kind kind = Kind::kWrite;
  int file = -1;            ///< A file keeps its number under whatever name; a new file has a new one.
  std::string name;         ///< Of kCreate and kUnlink: the path.
  std::int64_t offset = 0;  ///< Of kWrite; the new size of kTruncate.
  std::string bytes;        ///< Of kWrite.
};

/// A file system for SQLite that stands between it and the real one: notes in order what is written and
/// synced, and fails where it is told to. It is the default one of this process while it lives, so that the
/// code under test opens its files as ever. Nothing is really synced: what survives is computed from the notes.
class FaultyVfs {
 public:
  /// SQLITE_OK to let the call through, or the code it fails with. May be called from any thread.
  using Fault = std::function<int(VfsCall)>;

  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  void set_fault(Fault fault);
  /// Calls so far, refused ones included.
  [[nodiscard]] std::int64_t n_calls() const;
  /// How often SQLite has waited for somebody else.
  [[nodiscard]] std::int64_t n_sleeps() const { return n_sleeps_; }
  [[nodiscard]] const std::vector<DiskEvent>& events() const { return events_; }

 private:
  friend struct FaultyVfsCalls;
  int ask(VfsCall call);
  void note(DiskEvent event);
  int number_of(const std::string& path, bool created);

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  Fault fault_;
  std::int64_t n_calls_ = 0;
  std::atomic<std::int64_t> n_sleeps_ = 0;
  std::vector<DiskEvent> events_;
  std::map<std::string, int> files_;  ///< What stands under each name now.
  int next_file_ = 0;
};

}  // namespace tune::testing
