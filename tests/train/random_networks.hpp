#pragma once

#include <cstdint>
#include <vector>

#include "fmnist/engine.hpp"

namespace train_test {

/// Largest difference, relative to the largest reference value.
double relative_difference(const std::vector<float>& a, const std::vector<float>& reference);

/// The n-th of many dense networks with random settings, for 40 pixels and 5 classes.
fmnist::EngineConfig random_network(std::uint64_t n);

/// Over a batch of a few examples batch norm leaves each unit hardly any gradient but the rounding.
double gradient_tolerance(const fmnist::EngineConfig& config);

/// Between -bound and bound, others for each seed and n.
std::vector<float> random_numbers(std::size_t n, std::uint64_t seed, double bound = 1.0);

/// What bfloat16 keeps of a number: the nearest with 8 bits, of two equally near ones the even one.
double rounded_to_bf16(float value);

/// 0 … n - 1
std::vector<std::uint32_t> first_positions(std::size_t n);

}  // namespace train_test
