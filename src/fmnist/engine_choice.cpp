#include "fmnist/engine_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fmnist/dense_network.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/params.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"
#include "fmnist/torch_part.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

constexpr const char* kAutograd = "autograd";
constexpr const char* kTensor = "tensor";
/// As most studies have them.
constexpr std::size_t kLargeBatch = 128;

bool may_be_by_hand(const std::string& setting, const std::string& device) {
  return setting != kAutograd && setting != kTensor && device == "cpu";
}

/// By hand too, but over LibTorch's operations.
bool may_be_tensors(const std::string& setting, const std::string& device) {
  return setting == kTensor || (setting == "auto" && device != "cpu");
}

bool by_tensors(const std::string& setting, const Network& network, const std::string& device) {
  return may_be_tensors(setting, device) && (setting == kTensor || dense_layers(network).has_value());
}

std::string gemm_name(Precision precision, std::size_t max_batch) {
  if (precision == Precision::kBf16) return fmt::format("gemm (bf16, {})", tile_kernels().front()->name);
  const char* library = dnnl_gemm() != nullptr ? "oneDNN" : "LibTorch";
  if (product_kernels() == nullptr) return fmt::format("gemm ({})", library);
  const TileKernels* tiles = piece_kernels(max_batch);
  return fmt::format("gemm (own{}, {})", tiles != nullptr ? fmt::format(", {}", tiles->name) : "", library);
}

/// Which the parameters in common have in that place; empty when it is searched.
std::string text_of(const tune::ParamValues& common, const char* name) {
  return common.contains(name) ? get_string(common, name) : std::string();
}

bool all_dense(const tune::ParamValues& common) {
  const std::string family = text_of(common, "family");
  return !family.empty() && is_dense(family);
}

bool none_dense(const tune::ParamValues& common) {
  const std::string family = text_of(common, "family");
  return !family.empty() && !is_dense(family);
}

bool is_bf16(const tune::ParamValues& common) {
  return text_of(common, "precision") == name_of(Precision::kBf16, precision_names());
}

/// oneDNN's products or, in a build without it, LibTorch's, which the calling thread computes on one core then.
Gemm library_gemm() {
  if (dnnl_gemm() != nullptr) return dnnl_gemm();
  torch_part().use_one_thread();
  return torch_part().gemm;
}

/// Whether that is gemm. Throws InvalidArgument for a precision that no engine has there.
bool by_hand(const std::string& setting, const EngineConfig& config, const std::string& device) {
  if (may_be_by_hand(setting, device) && (setting == "gemm" || dense_layers(config.network).has_value()))
    return true;
  if (config.precision == Precision::kFp32) return false;
  throw tune::InvalidArgument(
      fmt::format("precision: expected fp32 where the engine is autograd or tensor, found {}; bf16 is for "
                  "networks of dense layers on the CPU and the engine gemm or auto",
                  name_of(config.precision, precision_names())));
}

}  // namespace

std::string engine_name(const std::string& setting, const tune::ParamValues& common,
                        const std::string& device) {
  if (setting == kTensor || (may_be_tensors(setting, device) && all_dense(common))) return kTensor;
  if (setting == "auto" && none_dense(common)) return kAutograd;
  return may_be_by_hand(setting, device) ? gemm_name(Precision::kFp32, kLargeBatch) : kAutograd;
}

std::string engine_name(const std::string& setting, const EngineConfig& config, const std::string& device) {
  if (by_hand(setting, config, device)) return gemm_name(config.precision, config.max_batch);
  return by_tensors(setting, config.network, device) ? kTensor : kAutograd;
}

bool may_be_bf16(const tune::ParamValues& common) {
  return is_bf16(common) || !common.contains("precision");
}

bool without_libtorch(const std::string& setting, const tune::ParamValues& common,
                      const std::vector<std::string>& devices) {
  if (dnnl_gemm() == nullptr && !is_bf16(common)) return false;
  if (!all_dense(common)) return false;
  return std::all_of(devices.begin(), devices.end(),
                     [&](const std::string& device) { return may_be_by_hand(setting, device); });
}

std::unique_ptr<Engine> make_engine(const std::string& setting, std::shared_ptr<const TrainingData> data,
                                    const EngineConfig& config, const std::string& device) {
  if (!by_hand(setting, config, device)) {
    const TorchPart& torch = torch_part();
    const auto make =
        by_tensors(setting, config.network, device) ? torch.make_tensor_engine : torch.make_engine;
    return make(std::move(data), config, device);
  }
  if (config.precision == Precision::kBf16)
    return make_tile_engine(std::move(data), config, *tile_kernels().front());
  const Gemm library = library_gemm();
  if (product_kernels() == nullptr) return make_gemm_engine(std::move(data), config, library);
  return make_lane_engine(std::move(data), config,
                          {product_kernels(), library, piece_kernels(config.max_batch)});
}

std::uint64_t memory_estimate(const std::string& setting, const EngineConfig& config, const std::string& device,
                              const PassSizes& passes) {
  if (by_hand(setting, config, device)) return gemm_memory_bytes(config);
  if (by_tensors(setting, config.network, device)) return tensor_memory_bytes(config, passes);
  return autograd_memory_bytes(config, device == "cpu", passes);
}

}  // namespace fmnist
