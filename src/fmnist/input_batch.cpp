#include "fmnist/input_batch.hpp"

#include <numeric>

#include "fmnist/kernels.hpp"

namespace fmnist {

void InputBatch::gather(std::span<const std::uint32_t> positions, bool training, float* inputs) {
  const Examples& examples = data_->examples;
  const std::uint8_t* pixels = examples.pixels.data();
  const std::uint32_t* rows = positions.data();
  if (training && augmenter_.changes_images()) {
    augment(positions);
    pixels = changed_.data();
    rows = in_order_.data();
  }
  kernels().gather(pixels, examples.features, rows, positions.size(), data_->normalization.scale,
                   data_->normalization.shift, inputs);
}

void InputBatch::augment(std::span<const std::uint32_t> positions) {
  const Examples& examples = data_->examples;
  changed_.resize(positions.size() * examples.features);
  in_order_.resize(positions.size());
  std::iota(in_order_.begin(), in_order_.end(), 0U);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    augmenter_.apply(examples.row(positions[i]), positions[i], examples.height,
                     examples.features / examples.height, changed_.data() + i * examples.features);
  }
}

}  // namespace fmnist
