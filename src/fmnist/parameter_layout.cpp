#include "fmnist/parameter_layout.hpp"

#include <utility>

namespace fmnist {

ParameterLayout::ParameterLayout(std::vector<DenseLayer> layers, std::size_t n_parameters, WeightOrder order)
    : layers_(std::move(layers)), n_parameters_(n_parameters) {
  if (order == WeightOrder::kByOutput) {
    lists_.push_back({.rows = 1, .cols = n_parameters, .row_stride = n_parameters, .column_stride = 1});
    size_ = n_parameters;
    return;
  }
  for (DenseLayer& layer : layers_) {
    const std::size_t row = lane_row(layer.out);
    layer.weight_count = layer.in * row;
    place_next(layer.weight, {.rows = layer.out, .cols = layer.in, .row_stride = 1, .column_stride = row},
               layer.weight_count);
    const List of_outputs{.rows = 1, .cols = layer.out, .row_stride = row, .column_stride = 1};
    place_next(layer.bias, of_outputs, row);
    if (!layer.batch_norm) continue;
    place_next(layer.gamma, of_outputs, row);
    place_next(layer.beta, of_outputs, row);
  }
}

/// To the end of what is stored so far.
void ParameterLayout::place_next(std::size_t& offset, List list, std::size_t size) {
  list.placed = std::exchange(offset, size_);
  list.stored = size_;
  lists_.push_back(list);
  size_ += size;
}

template <typename Visit>
void ParameterLayout::for_each_number(const Visit& visit) const {
  for (const List& list : lists_) {
    for (std::size_t i = 0; i < list.rows; ++i) {
      for (std::size_t j = 0; j < list.cols; ++j)
        visit(list.placed + i * list.cols + j, list.stored + i * list.row_stride + j * list.column_stride);
    }
  }
}

AlignedFloats ParameterLayout::stored(std::span<const float> placed) const {
  AlignedFloats numbers(placed.empty() ? 0 : size_);
  if (!placed.empty()) for_each_number([&](std::size_t from, std::size_t to) { numbers[to] = placed[from]; });
  return numbers;
}

std::vector<float> ParameterLayout::placed(std::span<const float> stored) const {
  std::vector<float> numbers(stored.empty() ? 0 : n_parameters_);
  if (!stored.empty()) for_each_number([&](std::size_t to, std::size_t from) { numbers[to] = stored[from]; });
  return numbers;
}

}  // namespace fmnist
