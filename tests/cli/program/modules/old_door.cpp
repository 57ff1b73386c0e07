#include <cstdint>

/// What begins as an objective module of an interface that this program never had.
extern "C" const struct { std::uint32_t abi_version; } tune_objective_module{999};
