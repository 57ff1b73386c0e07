#include "tune/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "tune/error.hpp"

namespace tune {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), path.string());
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

struct stat facts_of(const Descriptor& file, const fs::path& path) {
  struct stat facts {};
  if (fstat(file.number(), &facts) != 0) fail(path);
  return facts;
}

void make_durable(const fs::path& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || fsync(opened.number()) != 0) fail(folder);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void make_folder(const fs::path& folder) {
  if (fs::create_directory(folder)) make_durable(folder_of(folder));
}

/// A name that was not there before, nor will be again; should it be there all the same, it is passed over.
fs::path unfinished_name(const fs::path& path) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return path.string() + fmt::format(".{}-{}{}", getpid(), now, kUnfinishedSuffix);
}

/// Locks the file for as long as it is open. False when somebody removed it just before.
bool lock(const Descriptor& file, const fs::path& path) {
  if (flock(file.number(), LOCK_EX) != 0) fail(path);
  return facts_of(file, path).st_nlink > 0;
}

struct UnfinishedFile {
  fs::path path;
  Descriptor file;
};

/// The lock says that the writer lives. Others may take away the folder as long as it is empty, and the file
/// until it is locked: then again.
UnfinishedFile create_unfinished(const fs::path& path) {
  constexpr int kMostAttempts = 1000;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    fs::path name = unfinished_name(path);
    Descriptor file(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file.is_open()) {
      if (lock(file, name)) return {std::move(name), std::move(file)};
    } else if (errno == ENOENT) {
      make_folder(folder_of(path));
    } else if (errno != EEXIST) {
      fail(name);
    }
  }
  throw std::system_error(EAGAIN, std::generic_category(), path.string());
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(file.number(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::optional<std::vector<std::byte>> read_whole_file(const fs::path& path, std::uint64_t max_bytes) {
  // Without O_NONBLOCK a pipe of that name would be waited for.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  if (!file.is_open() && errno == ELOOP) throw FormatError("this is a link, not a file");
  if (!file.is_open()) fail(path);
  const struct stat facts = facts_of(file, path);
  if (!S_ISREG(facts.st_mode)) throw FormatError("this is not a regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size > max_bytes) throw FormatError(fmt::format("it has {} bytes, more than {}", size, max_bytes));
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(file.number(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void replace_whole_file(const fs::path& path, std::span<const std::byte> bytes) {
  const UnfinishedFile unfinished = create_unfinished(path);
  try {
    write_all(unfinished.file, bytes, unfinished.path);
    if (fsync(unfinished.file.number()) != 0) fail(unfinished.path);
    fs::rename(unfinished.path, path);
  } catch (...) {
    std::error_code ignored;  // What was wrong before matters more; a file that stays is an orphan.
    fs::remove(unfinished.path, ignored);
    throw;
  }
  make_durable(folder_of(path));
}

bool remove_if_abandoned(const fs::path& unfinished) {
  const Descriptor file(open(unfinished.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open() || flock(file.number(), LOCK_EX | LOCK_NB) != 0) return false;
  std::error_code ignored;  // Whoever may not remove it leaves it to others.
  return fs::remove(unfinished, ignored);
}

}  // namespace tune
