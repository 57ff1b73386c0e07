#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tune/option.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// How training images are changed at random, anew in every epoch. Validation images never are.
struct AugmentationConfig {
  bool horizontal_flip = false;  ///< Half of the images are mirrored.
  std::int64_t max_shift = 0;    ///< Pixels up or down and to either side; what comes in is 0.
  /// Probability that a rectangle of an image becomes 0: 2 to 33 % of its area, height to width 0.3 to 3.3, as
  /// torchvision.transforms.RandomErasing has them.
  double random_erasing = 0.0;

  [[nodiscard]] bool changes_images() const { return horizontal_flip || max_shift > 0 || random_erasing > 0.0; }
};

/// From a trial's parameters. Throws InvalidArgument when one is missing or of another type.
[[nodiscard]] AugmentationConfig augmentation_config(const tune::ParamValues& params);
/// What it reads.
[[nodiscard]] std::vector<tune::OptionSpec> augmentation_parameters();

/// Images that are changed together on a device: their indices take 6 KB each.
inline constexpr std::size_t kChangedTogether = 8192;

/// What becomes of an image [height, width]: column x of row y comes from row y + dy, column x + dx, mirrored
/// columns when `flip`, and is black when that lies outside or in the rectangle [top, top + rows) × [left, left
/// + columns).
struct ImageChange {
  bool flip = false;
  std::int64_t dy = 0;
  std::int64_t dx = 0;
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

/// Changes images. What an image becomes depends on the stream (seed, trial, kAugmentation, epoch and position)
/// alone, so that nothing of it needs to be kept in a checkpoint.
class Augmenter {
 public:
  Augmenter(const AugmentationConfig& config, std::uint64_t seed, std::uint64_t trial)
      : config_(config), seed_(seed), trial_(trial) {}

  [[nodiscard]] bool changes_images() const { return config_.changes_images(); }
  void begin_epoch(std::uint64_t epoch) { epoch_ = epoch; }
  /// What the image at `position` of the data set, of that size, becomes in this epoch.
  [[nodiscard]] ImageChange change(std::uint32_t position, std::size_t height, std::size_t width) const;
  /// Writes the image at `position` of the data set, as it is in this epoch. The two must not overlap.
  void apply(const std::uint8_t* image, std::uint32_t position, std::size_t height, std::size_t width,
             std::uint8_t* changed) const;

 private:
  AugmentationConfig config_;
  std::uint64_t seed_;
  std::uint64_t trial_;
  std::uint64_t epoch_ = 0;
};

}  // namespace fmnist
