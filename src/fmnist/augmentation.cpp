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

void copy_view(const std::uint8_t* image, const ImageChange& view, std::int64_t height, std::int64_t width,
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
void draw_rectangle(tune::RandomStream& stream, std::int64_t height, std::int64_t width, ImageChange& change) {
  for (int i = 0; i < kTries; ++i) {
    const double area = static_cast<double>(height * width) * stream.uniform(kLeastArea, kMostArea);
    const double ratio = std::exp(stream.uniform(std::log(kLeastRatio), std::log(kMostRatio)));
    const auto rows = static_cast<std::int64_t>(std::round(std::sqrt(area * ratio)));
    const auto columns = static_cast<std::int64_t>(std::round(std::sqrt(area / ratio)));
    if (rows < 1 || columns < 1 || rows >= height || columns >= width) continue;
    change.top = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(height - rows + 1)));
    change.left = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(width - columns + 1)));
    change.rows = rows;
    change.columns = columns;
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

ImageChange Augmenter::change(std::uint32_t position, std::size_t height, std::size_t width) const {
  tune::RandomStream stream({seed_, trial_, tune::Purpose::kAugmentation, (epoch_ << 32U) | position});
  const auto shift = [&] {
    const auto n = static_cast<std::uint64_t>(2 * config_.max_shift + 1);
    return static_cast<std::int64_t>(stream.below(n)) - config_.max_shift;
  };
  ImageChange change;
  change.flip = config_.horizontal_flip && stream.below(2) == 1;
  change.dy = shift();
  change.dx = shift();
  if (config_.random_erasing > 0.0 && stream.uniform(0.0, 1.0) < config_.random_erasing)
    draw_rectangle(stream, static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), change);
  return change;
}

void Augmenter::apply(const std::uint8_t* image, std::uint32_t position, std::size_t height, std::size_t width,
                      std::uint8_t* changed) const {
  const ImageChange change = this->change(position, height, width);
  const auto columns = static_cast<std::int64_t>(width);
  copy_view(image, change, static_cast<std::int64_t>(height), columns, changed);
  for (std::int64_t y = change.top; y < change.top + change.rows; ++y)
    std::fill_n(changed + y * columns + change.left, change.columns, std::uint8_t{0});
}

}  // namespace fmnist
