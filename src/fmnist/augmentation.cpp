#include "fmnist/augmentation.hpp"

#include <algorithm>
#include <cmath>

#include "fmnist/params.hpp"
#include "fmnist/specs.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

/// torchvision's defaults.
constexpr double kLeastArea = 0.02;
constexpr double kMostArea = 0.33;
constexpr double kLeastRatio = 0.3;
constexpr double kMostRatio = 3.3;
constexpr int kTries = 10;

constexpr double kMaxShift = 64;

/// What of an image [height, width] is seen: column x of row y comes from row y + dy, column x + dx, mirrored
/// columns when `flip`.
struct View {
  bool flip = false;
  std::int64_t dy = 0;
  std::int64_t dx = 0;
};

void copy_view(const std::uint8_t* image, const View& view, std::int64_t height, std::int64_t width,
               std::uint8_t* to) {
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t from_y = y + view.dy;
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t seen = x + view.dx;
      const std::int64_t from_x = view.flip ? width - 1 - seen : seen;
      const bool is_inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
      *to++ = is_inside ? image[from_y * width + from_x] : std::uint8_t{0};
    }
  }
}

/// A rectangle that does not fit is drawn again, ten times at most.
void erase_rectangle(tune::RandomStream& stream, std::int64_t height, std::int64_t width, std::uint8_t* image) {
  for (int i = 0; i < kTries; ++i) {
    const double area = static_cast<double>(height * width) * stream.uniform(kLeastArea, kMostArea);
    const double ratio = std::exp(stream.uniform(std::log(kLeastRatio), std::log(kMostRatio)));
    const auto rows = static_cast<std::int64_t>(std::round(std::sqrt(area * ratio)));
    const auto columns = static_cast<std::int64_t>(std::round(std::sqrt(area / ratio)));
    if (rows < 1 || columns < 1 || rows >= height || columns >= width) continue;
    const auto top = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(height - rows + 1)));
    const auto left = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(width - columns + 1)));
    for (std::int64_t y = top; y < top + rows; ++y)
      std::fill_n(image + y * width + left, columns, std::uint8_t{0});
    return;
  }
}

}  // namespace

AugmentationConfig augmentation_config(const tune::ParamValues& params) {
  return {
      .horizontal_flip = get_bool(params, "horizontal_flip"),
      .max_shift = in_range("max_shift", get_int(params, "max_shift"), 0, static_cast<std::int64_t>(kMaxShift)),
      .random_erasing = get_float(params, "random_erasing")};
}

std::vector<tune::OptionSpec> augmentation_parameters() {
  return {
      flag("horizontal_flip", false, "Half of the training images, others in every epoch, are mirrored."),
      count("max_shift", 0, 0, kMaxShift,
            "Training images are moved by up to so many pixels along each axis, anew in every epoch."),
      share("random_erasing",
            "Probability that a rectangle of a training image, 2 to 33 % of its area, is made black, anew in "
            "every epoch.")};
}

void Augmenter::apply(const std::uint8_t* image, std::uint32_t position, std::size_t height, std::size_t width,
                      std::uint8_t* changed) const {
  tune::RandomStream stream({seed_, trial_, tune::Purpose::kAugmentation, (epoch_ << 32U) | position});
  const auto shift = [&] {
    const auto n = static_cast<std::uint64_t>(2 * config_.max_shift + 1);
    return static_cast<std::int64_t>(stream.below(n)) - config_.max_shift;
  };
  View view;
  view.flip = config_.horizontal_flip && stream.below(2) == 1;
  view.dy = shift();
  view.dx = shift();
  const auto rows = static_cast<std::int64_t>(height);
  const auto columns = static_cast<std::int64_t>(width);
  copy_view(image, view, rows, columns, changed);
  if (config_.random_erasing > 0.0 && stream.uniform(0.0, 1.0) < config_.random_erasing) {
    erase_rectangle(stream, rows, columns, changed);
  }
}

}  // namespace fmnist
