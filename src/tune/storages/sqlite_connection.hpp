#pragma once

#include <SQLiteCpp/Database.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "tune/error.hpp"

struct sqlite3_stmt;

/// How to talk to SQLite: statements, transactions, waiting for others, errors. Knows no table.
namespace tune::storages {

/// A prepared statement in use. It goes back to the connection, reset, at the end of its scope.
class SqliteQuery {
 public:
  SqliteQuery(const std::filesystem::path& path, sqlite3_stmt* statement)
      : path_(&path), statement_(statement) {}
  ~SqliteQuery();
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;

  /// Binds the next parameter; texts are copied.
  SqliteQuery& bind(std::int64_t value);
  SqliteQuery& bind(double value);
  SqliteQuery& bind(std::string_view value);
  SqliteQuery& bind_null();
  SqliteQuery& bind(const std::optional<std::string>& value);
  SqliteQuery& bind(const std::optional<double>& value);

  /// Makes the statement ready to be bound and run again.
  SqliteQuery& restart();
  /// Goes to the next row; false at the end.
  bool next();
  /// Runs a statement that gives no rows and makes it ready to be bound again.
  void run();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  /// Valid until the next row. NULL is the empty text.
  [[nodiscard]] std::string_view text(int column) const;

 private:
  void check(int code) const;

  const std::filesystem::path* path_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

enum class OpenMode : std::uint8_t { kReadOnly, kImmutable, kReadWrite };
/// What a commit survives: kFull power loss, kNormal a crash of the process.
enum class Durability : std::uint8_t { kNormal, kFull };

/// One connection to one file. Not synchronised. Errors of SQLite come out as StorageError with the path, the
/// reason and what to do, or as StorageBusy after `busy_timeout`. A FormatError of a transaction's body gets
/// the path put before it.
class SqliteConnection {
 public:
  /// kReadWrite creates the file.
  SqliteConnection(std::filesystem::path path, OpenMode mode, std::chrono::milliseconds busy_timeout);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// The statement of that text, prepared once. `sql` must be a literal or outlive the connection.
  [[nodiscard]] SqliteQuery query(const char* sql);
  /// Runs texts without parameters or rows.
  void execute(const std::string& sql);
  /// Waits, while others hold the file, for as long as the busy time-out says.
  void execute_patiently(const std::string& sql);
  [[nodiscard]] std::int64_t last_insert_id() const;
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changed_rows() const;

  /// A number that is another one after somebody else's commit (PRAGMA data_version), as of the last
  /// transaction or refresh.
  [[nodiscard]] std::int64_t data_version() const { return data_version_; }
  void refresh_data_version();

  /// Runs `body` between BEGIN IMMEDIATE and COMMIT; anything thrown rolls back. Waiting is done here, so
  /// `body` runs once.
  template <typename Body>
  auto write(Durability durability, Body&& body) {
    begin_write(durability);
    return within(std::forward<Body>(body));
  }
  /// Runs `body` on one state of the file.
  template <typename Body>
  auto read(Body&& body) {
    query("BEGIN").run();
    return within(std::forward<Body>(body));
  }

  /// Writes the database as it is now into a new file, durably. Throws StorageError and leaves no file when
  /// that fails.
  void copy_to(const std::filesystem::path& target);

  /// While on, closing leaves a write-ahead log as it is: for files that may turn out not to be ours.
  void keep_log_on_close(bool keep);
  /// Forgets the prepared statements.
  void finalize_statements();
  /// Makes the connection give up at once when somebody else is in.
  void stop_waiting();

 private:
  template <typename Body>
  auto within(Body&& body) {
    Transaction transaction(*this);
    refresh_data_version();  // The first look at the file: from here on its state stands still.
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        transaction.commit();
      } else {
        auto result = body();
        transaction.commit();
        return result;
      }
    } catch (const FormatError& error) {
      throw FormatError(path_.string() + ": " + error.what());
    }
  }

  class Transaction {
   public:
    explicit Transaction(SqliteConnection& connection) : connection_(connection) {}
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    SqliteConnection& connection_;
    bool committed_ = false;
  };

  void begin_write(Durability durability);
  /// The same for a statement that is run often; a literal.
  void run_patiently(const char* sql);

  std::filesystem::path path_;
  std::chrono::milliseconds busy_timeout_;
  std::unique_ptr<SQLite::Database> database_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  std::optional<Durability> durability_;
  std::int64_t data_version_ = 0;
};

}  // namespace tune::storages
