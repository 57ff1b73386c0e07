#include "tune/math/scratch.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace tune::math {
namespace {

TEST(Scratch, IsTakenAgainByTheThreadThatGaveItBack) {
  double* first = nullptr;
  {
    const Scratch scratch(1000);
    first = scratch.data();
    const Scratch other(1000);
    EXPECT_NE(other.data(), first);
  }
  const Scratch again(1000);
  const Scratch once_more(600);  // Rounded up to the same size.
  EXPECT_TRUE(again.data() == first || once_more.data() == first);
}

TEST(Scratch, HoldsWhatItWasAskedForWhenMoved) {
  std::optional<Scratch> given(Scratch(100));
  for (int i = 0; i < 100; ++i) given->data()[i] = i;
  const Scratch taken = std::move(*given);
  given.reset();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(taken.data()[i], i);
}

TEST(Scratch, MayBeGivenBackByAnotherThread) {
  std::vector<Scratch> blocks;
  for (std::size_t i = 0; i < 30; ++i) blocks.emplace_back(std::size_t{1} << (i % 20));
  std::thread([&] { blocks.clear(); }).join();
  EXPECT_NE(Scratch(5).data(), nullptr);
}

}  // namespace
}  // namespace tune::math
