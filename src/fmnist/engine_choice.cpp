#include "fmnist/engine_choice.hpp"

#include <utility>

#include "fmnist/dense_network.hpp"

namespace fmnist {
namespace {

constexpr const char* kAutograd = "autograd";

bool may_be_by_hand(const std::string& setting, const std::string& device) {
  return setting != kAutograd && device == "cpu";
}

const char* gemm_name() {
  return dnnl_gemm() != nullptr ? "gemm (oneDNN)" : "gemm (LibTorch)";
}

}  // namespace

bool by_hand(const std::string& setting, const Network& network, const std::string& device) {
  return may_be_by_hand(setting, device) && (setting == "gemm" || dense_layers(network).has_value());
}

const char* engine_name(const std::string& setting, const std::string& device) {
  return may_be_by_hand(setting, device) ? gemm_name() : kAutograd;
}

const char* engine_name(const std::string& setting, const Network& network, const std::string& device) {
  return by_hand(setting, network, device) ? gemm_name() : kAutograd;
}

std::unique_ptr<Engine> make_engine(const std::string& setting, std::shared_ptr<const TrainingData> data,
                                    const EngineConfig& config, const std::string& device) {
  if (!by_hand(setting, config.network, device)) return make_autograd_engine(std::move(data), config, device);
  return make_gemm_engine(std::move(data), config, dnnl_gemm() != nullptr ? dnnl_gemm() : aten_gemm());
}

}  // namespace fmnist
