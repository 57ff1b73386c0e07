#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"
#include "fmnist/pair_kernels.hpp"
#include "fmnist/product_kernels.hpp"

namespace fmnist {

/// What tests with these for parameters are called.
void PrintTo(const ProductKernels* kernels, std::ostream* out);
void PrintTo(const PairKernels* kernels, std::ostream* out);

}  // namespace fmnist

namespace train_test {

using MakeEngine = std::function<std::unique_ptr<fmnist::Engine>(
    const std::shared_ptr<const fmnist::TrainingData>& data, const fmnist::EngineConfig& config)>;

struct NamedEngine {
  std::string name;
  MakeEngine make;
};

/// Each that is written by hand over products of floats, those that studies use on this processor last.
const std::vector<NamedEngine>& gemm_engines();

/// Each that trains dense networks on the CPU: those, bf16, tensor, autograd.
const std::vector<NamedEngine>& cpu_engines();

/// The products in lanes that this processor has, if any.
std::vector<const fmnist::ProductKernels*> lane_kernels();

/// Those of pairs.
std::vector<const fmnist::PairKernels*> pair_kernels();

/// Over random networks, after some steps of both.
void expect_evaluates_as_autograd(const MakeEngine& make);

}  // namespace train_test
