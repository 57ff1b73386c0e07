#include "cli/run/signals.hpp"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <thread>

namespace fmnist_tune {
namespace {

namespace asio = boost::asio;

/// Threads made while this exists never get the signals that end a run.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ours, signal);
    pthread_sigmask(SIG_BLOCK, &ours, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

class Watcher {
 public:
  Watcher(std::atomic<bool>& stop, const Watch& watch) : stop_(stop), watch_(watch) {
    if (!hang_up_is_ignored()) signals_.add(SIGHUP);
    wait_for_signal();
    wait_for_tick();
  }

  void run() { io_.run(); }
  void finish() {
    asio::post(io_, [this] { io_.stop(); });
  }
  [[nodiscard]] std::optional<int> first_signal() const { return first_; }

 private:
  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      // The shell and the kernel may both tell of one closed terminal.
      if (first_ == SIGHUP && signal == SIGHUP) return wait_for_signal();
      if (first_) {
        watch_.on_second_signal(signal);
        std::quick_exit(128 + signal);
      }
      first_ = signal;
      stop_ = true;
      watch_.on_first_signal(signal);
      wait_for_signal();
    });
  }

  void wait_for_tick() {
    timer_.expires_after(watch_.tick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      watch_.on_tick();
      wait_for_tick();
    });
  }

  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer timer_{io_};
  std::atomic<bool>& stop_;
  const Watch& watch_;
  std::optional<int> first_;
};

}  // namespace

bool hang_up_is_ignored() {
  struct sigaction current {};
  return sigaction(SIGHUP, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

std::optional<int> run_watched(const std::function<void()>& work, std::atomic<bool>& stop, const Watch& watch) {
  Watcher watcher(stop, watch);
  std::exception_ptr error;
  std::thread worker;
  {
    const SignalsBlocked blocked;
    worker = std::thread([&] {
      try {
        work();
      } catch (...) {
        error = std::current_exception();
      }
      watcher.finish();
    });
  }
  watcher.run();
  worker.join();
  if (error) std::rethrow_exception(error);
  return watcher.first_signal();
}

}  // namespace fmnist_tune
