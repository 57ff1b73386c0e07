#include "tune/storages/sqlite_connection.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "tune/error.hpp"

namespace tune::storages {
namespace {

using Clock = std::chrono::steady_clock;

/// How long SQLite itself waits before the loop here looks at the clock again. SQLite's waiting is unfair, so
/// one wait is never the last word.
constexpr std::chrono::milliseconds kOneWait{1000};

/// The longest text or row that is read or written. A few bytes of a hostile file can ask for gigabytes.
constexpr int kMaxValueBytes = 1 << 28;

/// A file may come from anybody: its rows count, and nothing that its schema would do is done.
void distrust_schema(sqlite3* database) {
  for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0}}) {
    sqlite3_db_config(database, option, value, nullptr);
  }
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
}

bool is_busy(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

std::string advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full; make room and run the same command again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "the file or its folder cannot be written; check the permissions";
    case SQLITE_CANTOPEN:
      return "it cannot be opened; check that path and permissions are right";
    case SQLITE_IOERR:
      return "reading or writing failed; check the disk, quotas and limits on the size of files";
    case SQLITE_TOOBIG:
      return fmt::format("a value is longer than {} MiB; shorten it", kMaxValueBytes >> 20);
    case SQLITE_CORRUPT:
      return "the file is damaged, perhaps its end is missing; restore a copy or recover it with `sqlite3 FILE "
             ".recover`";
    case SQLITE_NOTADB:
      return "this is not a SQLite file; name another file";
    default:
      return "SQLite refused";
  }
}

[[noreturn]] void throw_error(const std::filesystem::path& path, int code, const std::string& message) {
  if (is_busy(code)) {
    throw StorageBusy(fmt::format(
        "{}: another program has kept the file for too long; end it or try again later", path.string()));
  }
  throw StorageError(fmt::format("{}: {} ({})", path.string(), advice(code), message));
}

/// The path as a URI, for the one option that only URIs have.
std::string immutable_uri(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    const bool special = c == '?' || c == '#' || c == '%';
    uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri + "?immutable=1";
}

/// A name such as `:memory:` or `file:x` is a file like any other here.
std::string plain_name(const std::filesystem::path& path) {
  return path.is_absolute() ? path.string() : (std::filesystem::path(".") / path).string();
}

/// Without SQLite's own locks around each call: a connection here is used by one thread at a time.
std::unique_ptr<SQLite::Database> open(const std::filesystem::path& path, OpenMode mode) {
  const int read = SQLite::OPEN_NOMUTEX | SQLite::OPEN_READONLY;
  const int write = SQLite::OPEN_NOMUTEX | SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  switch (mode) {
    case OpenMode::kReadOnly:
      return std::make_unique<SQLite::Database>(plain_name(path), read);
    case OpenMode::kImmutable:
      return std::make_unique<SQLite::Database>(immutable_uri(path), read | SQLite::OPEN_URI);
    case OpenMode::kReadWrite:
      break;
  }
  return std::make_unique<SQLite::Database>(plain_name(path), write);
}

}  // namespace

SqliteQuery::~SqliteQuery() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqliteQuery::check(int code) const {
  if (code != SQLITE_OK) {
    throw_error(*path_, code, sqlite3_errmsg(sqlite3_db_handle(statement_)));
  }
}

SqliteQuery& SqliteQuery::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

SqliteQuery& SqliteQuery::bind(double value) {
  check(sqlite3_bind_double(statement_, ++bound_, value));
  return *this;
}

SqliteQuery& SqliteQuery::bind(std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  check(sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteQuery& SqliteQuery::bind_null() {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

SqliteQuery& SqliteQuery::bind(const std::optional<std::string>& value) {
  return value ? bind(std::string_view(*value)) : bind_null();
}

SqliteQuery& SqliteQuery::bind(const std::optional<double>& value) {
  return value ? bind(*value) : bind_null();
}

bool SqliteQuery::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  check(code == SQLITE_DONE ? SQLITE_OK : code);
  return false;
}

void SqliteQuery::run() {
  next();
  restart();
}

SqliteQuery& SqliteQuery::restart() {
  check(sqlite3_reset(statement_));
  bound_ = 0;
  return *this;
}

bool SqliteQuery::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t SqliteQuery::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteQuery::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view SqliteQuery::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string_view() : std::string_view(data, size);
}

SqliteConnection::SqliteConnection(std::filesystem::path path, OpenMode mode,
                                   std::chrono::milliseconds busy_timeout)
    : path_(std::move(path)), busy_timeout_(busy_timeout) {
  try {
    database_ = open(path_, mode);
    database_->setBusyTimeout(static_cast<int>(std::min(kOneWait, busy_timeout_).count()));
  } catch (const SQLite::Exception& error) {
    throw_error(path_, error.getErrorCode(), error.what());
  }
  sqlite3_extended_result_codes(database_->getHandle(), 1);
  distrust_schema(database_->getHandle());
}

SqliteConnection::~SqliteConnection() {
  finalize_statements();
}

SqliteQuery SqliteConnection::query(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(database_->getHandle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      throw_error(path_, code, sqlite3_errmsg(database_->getHandle()));
    }
  }
  return {path_, statement};
}

void SqliteConnection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_->getHandle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    throw_error(path_, code, sqlite3_errmsg(database_->getHandle()));
  }
}

void SqliteConnection::execute_patiently(const std::string& sql) {
  const Clock::time_point deadline = Clock::now() + busy_timeout_;
  int code = SQLITE_OK;
  do {
    code = sqlite3_exec(database_->getHandle(), sql.c_str(), nullptr, nullptr, nullptr);
    if (is_busy(code)) {
      sqlite3_sleep(1);  // Some kinds of BUSY come at once, without SQLite's own waiting.
    }
  } while (is_busy(code) && Clock::now() < deadline);
  if (code != SQLITE_OK) {
    throw_error(path_, code, sqlite3_errmsg(database_->getHandle()));
  }
}

void SqliteConnection::run_patiently(const char* sql) {
  const Clock::time_point deadline = Clock::now() + busy_timeout_;
  for (;;) {
    try {
      query(sql).run();
      return;
    } catch (const StorageBusy&) {
      if (Clock::now() >= deadline) {
        throw;
      }
      sqlite3_sleep(1);  // Some kinds of BUSY come at once, without SQLite's own waiting.
    }
  }
}

void SqliteConnection::refresh_data_version() {
  const Clock::time_point deadline = Clock::now() + busy_timeout_;
  for (;;) {
    try {
      SqliteQuery statement = query("PRAGMA data_version");
      data_version_ = statement.next() ? statement.integer(0) : 0;
      return;
    } catch (const StorageBusy&) {
      if (Clock::now() >= deadline) {
        throw;
      }
    }
  }
}

std::int64_t SqliteConnection::last_insert_id() const {
  return sqlite3_last_insert_rowid(database_->getHandle());
}

std::int64_t SqliteConnection::changed_rows() const {
  return sqlite3_changes64(database_->getHandle());
}

void SqliteConnection::copy_to(const std::filesystem::path& target) {
  // Under another name until it is whole: a copy that was cut short must not be taken for one.
  const std::filesystem::path unfinished = target.string() + ".part";
  std::error_code ignored;
  std::filesystem::remove(unfinished, ignored);
  try {
    SQLite::Database copy(plain_name(unfinished), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup backup(copy, *database_);
    const Clock::time_point deadline = Clock::now() + busy_timeout_;
    int code = backup.executeStep();
    while (is_busy(code) && Clock::now() < deadline) code = backup.executeStep();
    if (code != SQLITE_DONE) throw SQLite::Exception("the copy was not finished", code);
  } catch (const SQLite::Exception& error) {
    std::filesystem::remove(unfinished, ignored);
    throw_error(target, error.getErrorCode(), error.what());
  }
  std::filesystem::rename(unfinished, target);
}

void SqliteConnection::keep_log_on_close(bool keep) {
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

void SqliteConnection::finalize_statements() {
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  statements_.clear();
}

void SqliteConnection::stop_waiting() {
  busy_timeout_ = std::chrono::milliseconds(0);
  sqlite3_busy_timeout(database_->getHandle(), 0);
}

void SqliteConnection::begin_write(Durability durability) {
  if (durability_ != durability) {
    // The level cannot be changed inside a transaction.
    execute(durability == Durability::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    durability_ = durability;
  }
  run_patiently("BEGIN IMMEDIATE");
}

SqliteConnection::Transaction::~Transaction() {
  if (!committed_ && sqlite3_get_autocommit(connection_.database_->getHandle()) == 0) {
    sqlite3_exec(connection_.database_->getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void SqliteConnection::Transaction::commit() {
  connection_.run_patiently("COMMIT");
  committed_ = true;
}

}  // namespace tune::storages
