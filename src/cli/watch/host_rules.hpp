#pragma once

#include <string>
#include <string_view>

namespace fmnist_tune::watch {

/// Whether a request with this Host header is meant for a server that was told to listen on `listening_host`.
/// A foreign page that lets its own name lead to this machine (DNS rebinding) comes with that name. Addresses
/// in figures, `localhost`, the name listened on and the machine's own name are meant for us; any port, because
/// tunnels change it.
[[nodiscard]] bool is_own_host(std::string_view header, const std::string& listening_host);

}  // namespace fmnist_tune::watch
