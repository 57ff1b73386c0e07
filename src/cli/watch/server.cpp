#include "cli/watch/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <csignal>
#include <list>
#include <memory>
#include <utility>

#include "cli/output/trial_output.hpp"
#include "cli/report/page.hpp"
#include "cli/run/signals.hpp"
#include "cli/version.hpp"
#include "cli/watch/session.hpp"
#include "cli/watch/study_feed.hpp"
#include "tune/error.hpp"

namespace fmnist_tune::watch {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::seconds kKeepAliveEvery{15};
/// Looking at a study may take one part in so many of a core: trials need it more.
constexpr int kLookShare = 20;
constexpr std::size_t kMostSessions = 64;

class Server {
 public:
  explicit Server(const ServerOptions& options)
      : options_(options), watcher_(options.storage, options.study_name), acceptor_(io_) {
    auto first = watcher_.look();
    if (first && !first->trouble.empty()) throw tune::StorageError(first->trouble);
    if (first) feed_.apply(std::move(*first));
    // Made once at the start, so that a program without Plotly says so now.
    static_cast<void>(page());
    open();
  }

  [[nodiscard]] std::string address() const {
    const auto local = acceptor_.local_endpoint();
    const bool is_any = local.address().is_unspecified();
    const std::string host = is_any ? "localhost" : local.address().to_string();
    return fmt::format("http://{}:{}/", local.address().is_v6() && !is_any ? "[" + host + "]" : host,
                       local.port());
  }

  int run() {
    if (!hang_up_is_ignored()) signals_.add(SIGHUP);
    int ended_by = 0;
    signals_.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error) return;
      ended_by = signal;
      // A second signal ends the process at once: nothing can be lost.
      signals_.clear();
      io_.stop();
    });
    accept();
    look_again(kLookEvery);
    keep_alive();
    io_.run();
    lookers_.join();
    return ended_by;
  }

 private:
  void open() {
    boost::system::error_code error;
    const auto found = tcp::resolver(io_).resolve(options_.host, std::to_string(options_.port), error);
    if (error || found.empty()) throw tune::Error(fmt::format("--host {}: {}", options_.host, error.message()));
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
      throw tune::Error(
          fmt::format("port {} of {} is in use by another program; choose another one with --port, or "
                      "any free one with --port 0",
                      options_.port, options_.host));
    }
    if (error)
      throw tune::Error(
          fmt::format("cannot listen on port {} of {}: {}", options_.port, options_.host, error.message()));
  }

  [[nodiscard]] std::string page() const {
    const Json facts = {{"source", options_.storage.string()},
                        {"time", to_iso_text(tune::now())},
                        {"version", kVersion},
                        {"live", true},
                        {"revision", feed_.data_revision()}};
    return report::html_page(report::whole_text(facts, feed_.data()), "'self'");
  }

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) {
        // Too many open files, say: soon there may be fewer.
        retry_.expires_after(kLookEvery);
        retry_.async_wait([this](const boost::system::error_code& stopped) {
          if (!stopped) accept();
        });
        return;
      }
      sessions_.remove_if([](const std::weak_ptr<Session>& session) { return session.expired(); });
      if (sessions_.size() < kMostSessions) {
        auto session = std::make_shared<Session>(std::move(socket), site_);
        sessions_.push_back(session);
        session->start();
      }
      accept();
    });
  }

  /// The file is read in a thread of its own: requests and signals do not wait for it.
  void look_again(Clock::duration pause) {
    timer_.expires_after(pause);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      asio::post(lookers_, [this] {
        const auto begin = Clock::now();
        auto look = watcher_.look();
        const auto cost = Clock::now() - begin;
        asio::post(io_, [this, look = std::move(look), cost]() mutable {
          if (look && feed_.apply(std::move(*look))) for_each_session(&Session::update);
          look_again(std::max<Clock::duration>(kLookEvery, kLookShare * cost));
        });
      });
    });
  }

  void keep_alive() {
    keeper_.expires_after(kKeepAliveEvery);
    keeper_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for_each_session(&Session::keep_alive);
      keep_alive();
    });
  }

  void for_each_session(void (Session::*action)()) {
    for (const auto& entry : sessions_) {
      if (const auto session = entry.lock()) (session.get()->*action)();
    }
  }

  ServerOptions options_;
  StudyWatcher watcher_;
  StudyFeed feed_;
  Site site_{feed_, options_.host, [this] { return page(); }};
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer timer_{io_};
  asio::steady_timer keeper_{io_};
  asio::steady_timer retry_{io_};
  std::list<std::weak_ptr<Session>> sessions_;
  asio::thread_pool lookers_{1};
};

}  // namespace

int serve_study(const ServerOptions& options, const std::function<void(const std::string& address)>& on_ready) {
  Server server(options);
  on_ready(server.address());
  return server.run();
}

}  // namespace fmnist_tune::watch
