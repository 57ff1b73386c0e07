#include "fmnist/device_inputs.hpp"

#include <algorithm>
#include <vector>

#include "fmnist/memory_meter.hpp"

namespace fmnist {
namespace {

using at::Tensor;

/// Those of an image that are drawn for it, as ImageChange lists them.
constexpr std::int64_t kNumbersOfAChange = 7;

Tensor to_device(const std::vector<std::int64_t>& values, at::IntArrayRef shape, const at::Device& device) {
  return at::tensor(values, at::kLong).view(shape).to(device);
}

/// Of n places along an axis: which lie in [begin, begin + length). [images, n]
Tensor between(const Tensor& places, const Tensor& begin, const Tensor& length) {
  return places.ge(begin).logical_and_(places.lt(begin + length));
}

/// [images, height] and [images, width] → [images, height · width]
template <typename Join>
Tensor over_pixels(const Tensor& of_rows, const Tensor& of_columns, Join&& join) {
  return join(of_rows.unsqueeze(2), of_columns.unsqueeze(1)).flatten(1);
}

/// What `changes` [images, kNumbersOfAChange] make of images [images, height · width].
Tensor changed(const Tensor& images, const Tensor& changes, std::int64_t height, std::int64_t width) {
  const auto number = [&](std::int64_t i) { return changes.narrow(1, i, 1); };
  const Tensor flip = number(0), dy = number(1), dx = number(2), top = number(3), left = number(4);
  const Tensor rows = at::arange(height, changes.options()).unsqueeze(0);
  const Tensor columns = at::arange(width, changes.options()).unsqueeze(0);
  const Tensor from_row = rows + dy;
  const Tensor seen = columns + dx;
  const Tensor from_column = at::where(flip.ne(0), width - 1 - seen, seen);
  const auto is_inside = [](const Tensor& from, std::int64_t size) {
    return from.ge(0).logical_and_(from.lt(size));
  };
  const Tensor source = over_pixels(from_row.clamp(0, height - 1) * width, from_column.clamp(0, width - 1),
                                    [](const Tensor& a, const Tensor& b) { return a + b; });
  const auto both = [](const Tensor& a, const Tensor& b) { return a.logical_and(b); };
  const Tensor inside = over_pixels(is_inside(from_row, height), is_inside(from_column, width), both);
  const Tensor erased = over_pixels(between(rows, top, number(5)), between(columns, left, number(6)), both);
  return images.gather(1, source).mul_(inside.logical_and_(erased.logical_not()));
}

}  // namespace

DeviceInputs::DeviceInputs(std::shared_ptr<const TrainingData> data, const Augmenter& augmenter,
                           const at::Device& device)
    : data_(std::move(data)), augmenter_(augmenter), device_(device) {
  const Examples& examples = data_->examples;
  all_ = std::static_pointer_cast<const Bytes>(data_->copies.on(device.str(), [&] {
    const MemoryMeter::Pause of_no_engine;
    const auto n = static_cast<std::int64_t>(examples.count);
    const auto view = [](const std::vector<std::uint8_t>& bytes, at::IntArrayRef shape) {
      return at::from_blob(const_cast<std::uint8_t*>(bytes.data()), shape, at::kByte);
    };
    const Tensor pixels = view(examples.pixels, {n, static_cast<std::int64_t>(examples.features)});
    // Copies from memory of the host are done when they return, so that any stream may read them.
    return std::make_shared<const Bytes>(
        Bytes{pixels.to(device), view(examples.labels, {n}).to(at::kLong).to(device)});
  }));
}

DeviceInputs::Bytes DeviceInputs::bytes(std::span<const std::uint32_t> positions, bool training) const {
  const std::vector<std::int64_t> rows(positions.begin(), positions.end());
  const Tensor index = to_device(rows, {static_cast<std::int64_t>(rows.size())}, device_);
  Bytes bytes{all_->pixels.index_select(0, index), all_->labels.index_select(0, index)};
  if (training && augmenter_.changes_images()) change(bytes.pixels, positions);
  return bytes;
}

void DeviceInputs::change(Tensor& pixels, std::span<const std::uint32_t> positions) const {
  const std::size_t height = data_->examples.height;
  const std::size_t width = data_->examples.features / height;
  std::vector<std::int64_t> drawn;
  for (std::size_t begin = 0; begin < positions.size(); begin += kChangedTogether) {
    const auto some = positions.subspan(begin, std::min(kChangedTogether, positions.size() - begin));
    drawn.clear();
    for (const std::uint32_t position : some) {
      const ImageChange c = augmenter_.change(position, height, width);
      drawn.insert(drawn.end(), {c.flip ? 1 : 0, c.dy, c.dx, c.top, c.left, c.rows, c.columns});
    }
    const auto n = static_cast<std::int64_t>(some.size());
    Tensor images = pixels.narrow(0, static_cast<std::int64_t>(begin), n);
    images.copy_(changed(images, to_device(drawn, {n, kNumbersOfAChange}, device_),
                         static_cast<std::int64_t>(height), static_cast<std::int64_t>(width)));
  }
}

DeviceInputs::Batch DeviceInputs::normalised(const Bytes& bytes) const {
  const auto& by = data_->normalization;
  return {bytes.pixels.to(at::kFloat).mul_(by.scale).add_(by.shift), bytes.labels};
}

DeviceInputs::Batch DeviceInputs::of_pass(std::size_t begin, std::size_t n) const {
  const auto part = [&](const Tensor& all) {
    return all.narrow(0, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(n));
  };
  return normalised({part(pass_.pixels), part(pass_.labels)});
}

DeviceInputs::Batch DeviceInputs::of(std::span<const std::uint32_t> positions, bool training) const {
  return normalised(bytes(positions, training));
}

}  // namespace fmnist
