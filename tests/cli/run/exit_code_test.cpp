#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/program.hpp"
#include "cli/run/summary.hpp"

namespace fmnist_tune {
namespace {

using tune::RunEnd;

struct Case {
  RunEnd end;
  int without_signal;
  int with_sigint;
  int with_sigterm;
};

TEST(ExitCode, SaysHowARunEndedAndWhetherASignalCutItShort) {
  const Case cases[] = {
      {RunEnd::kDone, 0, 0, 0},        {RunEnd::kExhausted, 0, 0, 0}, {RunEnd::kInterrupted, 0, 130, 143},
      {RunEnd::kTimeout, 0, 130, 143}, {RunEnd::kFailing, 1, 1, 1},   {RunEnd::kNoDevice, 1, 1, 1},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(static_cast<int>(one.end));
    EXPECT_EQ(exit_code(one.end, std::nullopt), one.without_signal);
    EXPECT_EQ(exit_code(one.end, SIGINT), one.with_sigint);
    EXPECT_EQ(exit_code(one.end, SIGTERM), one.with_sigterm);
  }
}

/// What stands on stderr after `work`, which ends with `code`.
std::string message_of(int code, const std::function<int()>& work) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_guarded(work), code);
  return ::testing::internal::GetCapturedStderr();
}

TEST(ExitCode, OfAnErrorComesWithOneMessage) {
  EXPECT_EQ(message_of(0, [] { return 0; }), "");
  EXPECT_EQ(message_of(2, []() -> int { throw UsageError("no such thing"); }), "fmnist-tune: no such thing\n");
  EXPECT_EQ(message_of(1, []() -> int { throw std::runtime_error("disk full"); }), "fmnist-tune: disk full\n");
}

TEST(ExitCode, OfSomethingThrownThatIsNoExceptionIsOne) {
  EXPECT_EQ(message_of(1, []() -> int { throw 42; }), "fmnist-tune: ended by an error of unknown kind\n");
}

}  // namespace
}  // namespace fmnist_tune
