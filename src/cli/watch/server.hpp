#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace fmnist_tune::watch {

struct ServerOptions {
  std::filesystem::path storage;
  std::string study_name;
  std::string host;        ///< Name or address to listen on.
  std::uint16_t port = 0;  ///< 0: any free one.
};

/// Serves the page of a study, and its changes as server-sent events, until a signal ends it (SIGINT, SIGTERM,
/// SIGHUP unless ignored). Nothing else is served, nothing can be written. `on_ready` gets the page's address
/// when requests are answered. Returns the signal. Throws tune::Error when the address cannot be listened on,
/// and what SqliteReader throws when the storage cannot be read at first.
int serve_study(const ServerOptions& options, const std::function<void(const std::string& address)>& on_ready);

}  // namespace fmnist_tune::watch
