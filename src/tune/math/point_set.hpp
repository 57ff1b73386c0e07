#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace tune::math {

/// Points in objective space, all coordinates to be minimised, one point after the other in memory.
class PointSet {
 public:
  explicit PointSet(std::size_t dimensions) : dimensions_(dimensions) {}

  [[nodiscard]] std::size_t size() const { return dimensions_ == 0 ? 0 : coordinates_.size() / dimensions_; }
  [[nodiscard]] bool empty() const { return coordinates_.empty(); }
  [[nodiscard]] std::size_t dimensions() const { return dimensions_; }
  [[nodiscard]] std::span<const double> operator[](std::size_t i) const {
    return std::span(coordinates_).subspan(i * dimensions_, dimensions_);
  }
  [[nodiscard]] std::span<double> operator[](std::size_t i) {
    return std::span(coordinates_).subspan(i * dimensions_, dimensions_);
  }
  /// Appends a point of `dimensions()` coordinates.
  void add(std::span<const double> point) {
    coordinates_.insert(coordinates_.end(), point.begin(), point.end());
  }
  /// The points of those indices, in that order.
  [[nodiscard]] PointSet subset(std::span<const std::size_t> indices) const {
    PointSet chosen(dimensions_);
    chosen.coordinates_.reserve(indices.size() * dimensions_);
    for (const std::size_t i : indices) {
      chosen.add((*this)[i]);
    }
    return chosen;
  }

 private:
  std::size_t dimensions_;
  std::vector<double> coordinates_;
};

}  // namespace tune::math
