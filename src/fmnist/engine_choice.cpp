#include "fmnist/engine_choice.hpp"

#include <algorithm>
#include <utility>

#include "fmnist/dense_network.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/params.hpp"
#include "fmnist/torch_part.hpp"

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

bool without_libtorch(const std::string& setting, const tune::ParamValues& common,
                      const std::vector<std::string>& devices) {
  if (dnnl_gemm() == nullptr) return false;
  const auto family = common.find("family");
  if (family == common.end() || !is_dense(get_string(common, "family"))) return false;
  return std::all_of(devices.begin(), devices.end(),
                     [&](const std::string& device) { return may_be_by_hand(setting, device); });
}

std::unique_ptr<Engine> make_engine(const std::string& setting, std::shared_ptr<const TrainingData> data,
                                    const EngineConfig& config, const std::string& device) {
  if (!by_hand(setting, config.network, device))
    return torch_part().make_engine(std::move(data), config, device);
  if (dnnl_gemm() != nullptr) return make_gemm_engine(std::move(data), config, dnnl_gemm());
  torch_part().use_one_thread();
  return make_gemm_engine(std::move(data), config, torch_part().gemm);
}

}  // namespace fmnist
