#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <vector>

namespace tune::testing {

/// A process that runs `body` and writes numbers to this one. Started before this process opens a storage.
class Child {
 public:
  using Send = std::function<void(std::int64_t)>;

  explicit Child(const std::function<void(const Send&)>& body) {
    int ends[2];
    if (pipe(ends) != 0) {
      throw std::runtime_error("no pipe");
    }
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      _exit(run(body, ends[1]));
    }
    close(ends[1]);
    input_ = ends[0];
  }
  ~Child() {
    close(input_);
    if (!waited_) {
      kill_now();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next number, or -1 when the child is gone.
  std::int64_t receive() {
    std::int64_t number = -1;
    return read(input_, &number, sizeof number) == static_cast<ssize_t>(sizeof number) ? number : -1;
  }
  std::vector<std::int64_t> receive_rest() {
    std::vector<std::int64_t> numbers;
    for (std::int64_t number = receive(); number != -1; number = receive()) {
      numbers.push_back(number);
    }
    return numbers;
  }
  void kill_now() {
    kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    waited_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  static int run(const std::function<void(const Send&)>& body, int output) {
    try {
      body([output](std::int64_t number) {
        if (write(output, &number, sizeof number) != static_cast<ssize_t>(sizeof number)) {
          throw std::runtime_error("the reader is gone");
        }
      });
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      return 1;
    }
  }

  pid_t pid_ = 0;
  int input_ = -1;
  bool waited_ = false;
};

}  // namespace tune::testing
