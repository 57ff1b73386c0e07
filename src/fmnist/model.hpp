#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/network.hpp"
#include "tune/model.hpp"
#include "tune/model_file.hpp"
#include "tune/option.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// What a network was trained from: enough to make it again.
struct ModelOrigin {
  tune::OptionValues settings;  ///< Of the objective, complete.
  tune::ParamValues params;     ///< Of the trial, complete.
  Shape image;                  ///< [1, height, width]
  Normalization normalization;
};

/// As its metadata keep it, with the network's weights and statistics as tensors under the names that
/// Network::tensors gives them. `engine` has trained it.
[[nodiscard]] tune::ModelFile model_file(const ModelOrigin& origin, const Network& network,
                                         const Engine& engine);

/// A trained network, tested and used by an engine of the kind that trained it.
class Model final : public tune::Model {
 public:
  /// Throws FormatError for metadata of no network, and for tensors that are not the network's.
  Model(const tune::ModelFile& file, std::string device);

  [[nodiscard]] std::uint64_t parameter_count() const override { return network_.parameter_count(); }
  [[nodiscard]] tune::ClassifierTest test(const std::filesystem::path& data_dir) override;
  [[nodiscard]] tune::Predictions predict(const std::filesystem::path& images) override;

  [[nodiscard]] const ModelOrigin& origin() const { return origin_; }
  [[nodiscard]] const Network& network() const { return network_; }

 private:
  [[nodiscard]] std::unique_ptr<Engine> engine_over(std::shared_ptr<const TrainingData> data) const;
  /// The examples as the network sees them. Throws Error for images of another size.
  [[nodiscard]] std::shared_ptr<const TrainingData> seen_by_network(Examples examples,
                                                                    const std::string& source) const;

  ModelOrigin origin_;
  std::size_t n_classes_;
  Network network_;
  std::string device_;
  std::vector<float> parameters_, buffers_;
};

}  // namespace fmnist
