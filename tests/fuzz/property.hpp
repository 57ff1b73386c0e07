#pragma once

#include <cstdio>
#include <cstdlib>

#include "tune/error.hpp"

namespace tune::testing {

/// Ends a fuzz target whose property does not hold.
inline void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

/// Whether the code took what it got. Errors of this library are an answer; anything else that is thrown ends
/// the program.
template <typename Body>
bool is_taken(Body&& body) {
  try {
    body();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace tune::testing
