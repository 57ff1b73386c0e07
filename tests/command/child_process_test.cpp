#include "command/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "tune/error.hpp"

namespace command {
namespace {

using std::chrono::milliseconds;

ProgramStart shell(const std::string& script) {
  return {"/bin/sh", {"-c", script}, "/", {}};
}

struct Heard {
  std::string output;
  std::string errors;
};

/// How this process takes a signal while this exists.
class Disposition {
 public:
  Disposition(int signal, void (*handler)(int)) : signal_(signal), before_(::signal(signal, handler)) {}
  ~Disposition() { ::signal(signal_, before_); }
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

/// Everything until nobody can write any more and the program has ended, which are two things: who closes its
/// output first would be killed in between.
Heard hear_out(ChildProcess& child) {
  Heard heard;
  while (!child.is_silent() || !child.has_ended()) {
    child.read(milliseconds(1000), [&](ChildProcess::Stream stream, std::string_view text) {
      (stream == ChildProcess::Stream::kOutput ? heard.output : heard.errors) += text;
    });
  }
  return heard;
}

TEST(ChildProcess, HandsOverBothOutputsAndHowItEnded) {
  ChildProcess child(shell("echo out; echo err >&2; exit 3"));
  const Heard heard = hear_out(child);
  EXPECT_EQ(heard.output, "out\n");
  EXPECT_EQ(heard.errors, "err\n");
  const ProgramEnd end = child.finish();
  EXPECT_EQ(end.text(), "exited with status 3");
  EXPECT_FALSE(end.is_success());
}

TEST(ChildProcess, GetsItsArgumentsWithoutAShell) {
  ChildProcess child({"/usr/bin/printf", {"%s|", "$HOME", "a b", "", "*"}, "/", {}});
  EXPECT_EQ(hear_out(child).output, "$HOME|a b||*|");
  EXPECT_TRUE(child.finish().is_success());
}

TEST(ChildProcess, WorksInItsFolderWithItsEnvironmentAndAnEmptyInput) {
  ProgramStart start = shell("pwd; echo $TUNE_PARAM_lr; cat; echo ${HOME:+inherited}");
  start.folder = "/usr";
  start.environment = {{"TUNE_PARAM_lr", "0.5"}, {"HOME", "/nowhere"}};
  ChildProcess child(start);
  EXPECT_EQ(hear_out(child).output, "/usr\n0.5\ninherited\n");
}

TEST(ChildProcess, SaysWhyAProgramCannotBeStarted) {
  ProgramStart start = shell("true");
  start.program = "/does/not/exist";
  EXPECT_THROW(ChildProcess child(start), tune::Error);
  start = shell("true");
  start.folder = "/does/not/exist";
  EXPECT_THROW(ChildProcess child(start), tune::Error);
}

TEST(ChildProcess, ReachesTheWholeGroupWithItsSignals) {
  ChildProcess child(shell("sleep 1000 & echo started; wait"));
  std::string output;
  while (output.empty()) {
    child.read(milliseconds(1000), [&](ChildProcess::Stream, std::string_view text) { output += text; });
  }
  EXPECT_FALSE(child.has_ended());
  child.terminate();
  hear_out(child);  // Ends only when the sleeping one has ended too.
  EXPECT_EQ(child.finish().signal, SIGTERM);
}

TEST(ChildProcess, DoesNotInheritBlockedOrIgnoredSignals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGUSR1}) sigaddset(&blocked, signal);
  const Disposition quit(SIGQUIT, SIG_IGN);
  const Disposition user(SIGUSR2, SIG_IGN);
  const Disposition real_time(SIGRTMAX, SIG_IGN);
  std::thread([&] {
    pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    ChildProcess child({"/bin/grep", {"-E", "Sig(Blk|Ign)", "/proc/self/status"}, "/", {}});
    EXPECT_EQ(hear_out(child).output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  }).join();
}

TEST(ChildProcess, TellsHowItEndedInAProcessThatWasBornWithSigchldIgnored) {
  const Disposition ignored(SIGCHLD, SIG_IGN);
  ChildProcess child(shell("exit 3"));
  hear_out(child);
  EXPECT_EQ(child.finish().text(), "exited with status 3");
}

TEST(ChildProcess, HasEndedWithoutSuccessWhenSomebodyElseHasWaitedForIt) {
  ChildProcess child(shell("exit 0"));
  hear_out(child);
  ASSERT_EQ(::waitpid(child.pid(), nullptr, 0), child.pid());
  EXPECT_TRUE(child.has_ended());
  const ProgramEnd end = child.finish();
  EXPECT_FALSE(end.is_success());
  EXPECT_NE(end.text().find("does not tell"), std::string::npos);
}

TEST(ChildProcess, GetsNoFilesOfThisProcess) {
  const int file = ::open("/dev/null", O_RDONLY);  // Without O_CLOEXEC.
  ASSERT_GT(file, 2);
  ChildProcess child(shell("for f in 3 4 5 6 7 8 9 " + std::to_string(file) +
                           "; do test -e /proc/$$/fd/$f && readlink /proc/$$/fd/$f; done; echo end"));
  EXPECT_EQ(hear_out(child).output, "end\n");
  ::close(file);
}

TEST(ChildProcess, KillsWhoeverIgnoresTheRequestToEnd) {
  pid_t group = 0;
  {
    ChildProcess child(shell("trap '' TERM; sleep 1000 & echo ready; wait; sleep 1000"));
    std::string output;
    while (output.empty()) {
      child.read(milliseconds(1000), [&](ChildProcess::Stream, std::string_view text) { output += text; });
    }
    child.terminate();
    group = child.pid();
    EXPECT_EQ(child.finish().signal, SIGKILL);
  }
  // Killed ones may still be waited for by init.
  for (int i = 0; i < 10'000 && ::kill(-group, 0) == 0; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_NE(::kill(-group, 0), 0);
}

TEST(ChildProcess, ManyAtOnceKeepTheirOutputsApart) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (int n = 0; n < 10; ++n) {
        const std::string text = std::to_string(i) + "." + std::to_string(n);
        ChildProcess child(shell("echo " + text));
        EXPECT_EQ(hear_out(child).output, text + "\n");
        EXPECT_TRUE(child.finish().is_success());
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace command
