#include "support/faulty_vfs.hpp"

#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace tune::testing {
namespace {

constexpr const char* kName = "tune-faulty";

/// SQLite allocates it with room for the real file behind it.
struct FaultyFile {
  sqlite3_file base;  ///< Must be first.
  FaultyVfs* vfs;
  int number;
  bool syncs_folder;  ///< As the real one does at the first sync of a journal or log.
};

FaultyFile& faulty(sqlite3_file* file) {
  return *reinterpret_cast<FaultyFile*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(FaultyFile));
}

const sqlite3_io_methods& real_methods(sqlite3_file* file) {
  return *real(file)->pMethods;
}

}  // namespace

/// The functions that SQLite calls.
struct FaultyVfsCalls {
  using Kind = DiskEvent::Kind;

  static int ask(sqlite3_file* file, VfsCall call) { return faulty(file).vfs->ask(call); }

  static int close(sqlite3_file* file) { return real_methods(file).xClose(real(file)); }

  static int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
    const int refused = ask(file, VfsCall::kRead);
    return refused != SQLITE_OK ? refused : real_methods(file).xRead(real(file), data, size, offset);
  }

  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    const int refused = ask(file, VfsCall::kWrite);
    if (refused != SQLITE_OK) {
      return refused;
    }
    faulty(file).vfs->note({Kind::kWrite,
                            faulty(file).number,
                            {},
                            offset,
                            std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
    return real_methods(file).xWrite(real(file), data, size, offset);
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int refused = ask(file, VfsCall::kTruncate);
    if (refused != SQLITE_OK) {
      return refused;
    }
    faulty(file).vfs->note({Kind::kTruncate, faulty(file).number, {}, size, {}});
    return real_methods(file).xTruncate(real(file), size);
  }

  static int sync(sqlite3_file* file, int) {
    const int refused = ask(file, VfsCall::kSync);
    if (refused != SQLITE_OK) {
      return refused;
    }
    faulty(file).vfs->note({Kind::kSync, faulty(file).number, {}, 0, {}});
    if (std::exchange(faulty(file).syncs_folder, false)) {
      faulty(file).vfs->note({Kind::kSyncFolder, -1, {}, 0, {}});
    }
    return SQLITE_OK;
  }

  static int size(sqlite3_file* file, sqlite3_int64* size) {
    const int refused = ask(file, VfsCall::kSize);
    return refused != SQLITE_OK ? refused : real_methods(file).xFileSize(real(file), size);
  }

  static int lock(sqlite3_file* file, int level) {
    const int refused = ask(file, VfsCall::kLock);
    return refused != SQLITE_OK ? refused : real_methods(file).xLock(real(file), level);
  }
  static int unlock(sqlite3_file* file, int level) { return real_methods(file).xUnlock(real(file), level); }
  static int check_lock(sqlite3_file* file, int* result) {
    return real_methods(file).xCheckReservedLock(real(file), result);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return real_methods(file).xFileControl(real(file), operation, argument);
  }
  static int sector_size(sqlite3_file* file) { return real_methods(file).xSectorSize(real(file)); }
  static int characteristics(sqlite3_file* file) {
    return real_methods(file).xDeviceCharacteristics(real(file));
  }

  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** data) {
    const int refused = ask(file, VfsCall::kShmMap);
    return refused != SQLITE_OK ? refused : real_methods(file).xShmMap(real(file), page, size, extend, data);
  }
  static int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
    // Letting go never fails.
    const int refused = (flags & SQLITE_SHM_UNLOCK) != 0 ? SQLITE_OK : ask(file, VfsCall::kShmLock);
    return refused != SQLITE_OK ? refused : real_methods(file).xShmLock(real(file), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* file) { real_methods(file).xShmBarrier(real(file)); }
  static int shm_unmap(sqlite3_file* file, int remove) {
    return real_methods(file).xShmUnmap(real(file), remove);
  }

  /// Version 2: without mapping the file into memory, so that every byte passes here.
  static constexpr sqlite3_io_methods kMethods = {
      2,         close,      read,    write,       truncate,        sync,    size,     lock,
      unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
      shm_unmap, nullptr,    nullptr};

  static FaultyVfs& self(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    FaultyVfs& here = self(vfs);
    file->pMethods = nullptr;
    const int refused = here.ask(VfsCall::kOpen);
    if (refused != SQLITE_OK) {
      return refused;
    }
    int was_there = 0;
    if (name != nullptr) {
      here.real_->xAccess(here.real_, name, SQLITE_ACCESS_EXISTS, &was_there);
    }
    const int code = here.real_->xOpen(here.real_, name, real(file), flags, out_flags);
    if (code != SQLITE_OK) {
      return code;
    }
    const bool is_log = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    FaultyFile& opened = faulty(file);
    opened.vfs = &here;
    opened.number = here.number_of(name == nullptr ? std::string() : std::string(name), was_there == 0);
    opened.syncs_folder = is_log && (flags & SQLITE_OPEN_CREATE) != 0;
    file->pMethods = &kMethods;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    FaultyVfs& here = self(vfs);
    const int refused = here.ask(VfsCall::kDelete);
    if (refused != SQLITE_OK) {
      return refused;
    }
    const int code = here.real_->xDelete(here.real_, name, 0);
    if (code == SQLITE_OK) {
      here.note({Kind::kUnlink, -1, name, 0, {}});
      if (sync_folder != 0) {
        here.note({Kind::kSyncFolder, -1, {}, 0, {}});
      }
    }
    return code;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    const int refused = self(vfs).ask(VfsCall::kAccess);
    return refused != SQLITE_OK ? refused : self(vfs).real_->xAccess(self(vfs).real_, name, flags, result);
  }
  static int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return self(vfs).real_->xFullPathname(self(vfs).real_, name, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return self(vfs).real_->xRandomness(self(vfs).real_, size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    ++self(vfs).n_sleeps_;
    return self(vfs).real_->xSleep(self(vfs).real_, microseconds);
  }
  static int time(sqlite3_vfs* vfs, double* now) { return self(vfs).real_->xCurrentTime(self(vfs).real_, now); }
  static int last_error(sqlite3_vfs* vfs, int size, char* out) {
    return self(vfs).real_->xGetLastError(self(vfs).real_, size, out);
  }
};

FaultyVfs::FaultyVfs() : real_(sqlite3_vfs_find(nullptr)) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + real_->szOsFile;
  vfs_.mxPathname = real_->mxPathname;
  vfs_.zName = kName;
  vfs_.pAppData = this;
  vfs_.xOpen = FaultyVfsCalls::open;
  vfs_.xDelete = FaultyVfsCalls::remove;
  vfs_.xAccess = FaultyVfsCalls::access;
  vfs_.xFullPathname = FaultyVfsCalls::full_path;
  vfs_.xRandomness = FaultyVfsCalls::randomness;
  vfs_.xSleep = FaultyVfsCalls::sleep;
  vfs_.xCurrentTime = FaultyVfsCalls::time;
  vfs_.xGetLastError = FaultyVfsCalls::last_error;
  if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) {
    throw std::runtime_error("SQLite refuses another file system");
  }
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyVfs::set_fault(Fault fault) {
  const std::scoped_lock lock(mutex_);
  fault_ = std::move(fault);
}

std::int64_t FaultyVfs::n_calls() const {
  const std::scoped_lock lock(mutex_);
  return n_calls_;
}

int FaultyVfs::ask(VfsCall call) {
  const std::scoped_lock lock(mutex_);
  ++n_calls_;
  return fault_ ? fault_(call) : SQLITE_OK;
}

void FaultyVfs::note(DiskEvent event) {
  const std::scoped_lock lock(mutex_);
  if (event.kind == DiskEvent::Kind::kUnlink) {
    files_.erase(event.name);
  }
  events_.push_back(std::move(event));
}

int FaultyVfs::number_of(const std::string& path, bool created) {
  const std::scoped_lock lock(mutex_);
  const auto known = files_.find(path);
  if (known != files_.end() && !created) {
    return known->second;
  }
  const int number = next_file_++;
  files_[path] = number;
  events_.push_back({DiskEvent::Kind::kCreate, number, path, 0, {}});
  return number;
}

}  // namespace tune::testing
