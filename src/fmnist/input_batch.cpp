#include "fmnist/input_batch.hpp"

#include <numeric>

#include "fmnist/kernels.hpp"

namespace fmnist {

ImageRows InputBatch::images(std::span<const std::uint32_t> positions, bool training) {
  if (!training || !augmenter_.changes_images())
    return {data_->examples.pixels.data(), positions.data(), positions.size()};
  augment(positions);
  return {changed_.data(), in_order_.data(), positions.size()};
}

void InputBatch::gather(std::span<const std::uint32_t> positions, bool training, float* inputs) {
  const ImageRows batch = images(positions, training);
  kernels().gather(batch.pixels, data_->examples.features, batch.rows, batch.count, data_->normalization.scale,
                   data_->normalization.shift, inputs);
}

void InputBatch::augment(std::span<const std::uint32_t> positions) {
  const Examples& examples = data_->examples;
  // And no more: what a trial takes does not depend on where it was resumed.
  changed_.reserve(positions.size() * examples.features);
  in_order_.reserve(positions.size());
  changed_.resize(positions.size() * examples.features);
  in_order_.resize(positions.size());
  std::iota(in_order_.begin(), in_order_.end(), 0U);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    augmenter_.apply(examples.row(positions[i]), positions[i], examples.height,
                     examples.features / examples.height, changed_.data() + i * examples.features);
  }
}

}  // namespace fmnist
