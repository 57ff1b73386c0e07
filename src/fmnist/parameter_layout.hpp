#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/dense_network.hpp"

namespace fmnist {

/// Whether the weights by which one output is computed lie side by side, [out, in] as the network places them,
/// or those of one input, [in, lane_row(out)].
enum class WeightOrder { kByOutput, kByInput };

/// Numbers from the weights of one input to those of the next: whole cache lines.
[[nodiscard]] constexpr std::size_t lane_row(std::size_t out) {
  constexpr std::size_t kLine = kCacheLineBytes / sizeof(float);
  return (out + kLine - 1) / kLine * kLine;
}

/// Where an engine keeps the parameters of dense layers, and all else that there is one of for each parameter.
/// By input each list of them begins with a cache line, and what is between them is zero.
class ParameterLayout {
 public:
  /// `layers` as dense_layers gives them, of a network with so many parameters.
  ParameterLayout(std::vector<DenseLayer> layers, std::size_t n_parameters, WeightOrder order);

  /// With the offsets of this layout.
  [[nodiscard]] const std::vector<DenseLayer>& layers() const { return layers_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// From the network's order to this one, and back. An empty list stays empty.
  [[nodiscard]] AlignedFloats stored(std::span<const float> placed) const;
  [[nodiscard]] std::vector<float> placed(std::span<const float> stored) const;

 private:
  /// Number (i, j) of a list, i < rows, j < cols, is placed at i·cols + j and stored at i·row_stride +
  /// j·column_stride, both from where the list begins.
  struct List {
    std::size_t rows, cols, row_stride, column_stride;
    std::size_t placed = 0;
    std::size_t stored = 0;
  };

  void place_next(std::size_t& offset, List list, std::size_t size);
  template <typename Visit>
  void for_each_number(const Visit& visit) const;

  std::vector<DenseLayer> layers_;
  std::vector<List> lists_;
  std::size_t n_parameters_;
  std::size_t size_ = 0;
};

}  // namespace fmnist
