#include "fmnist/dataset.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "fmnist/idx.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemedy =
    "install Fashion-MNIST with `apt install dataset-fashion-mnist`, or name the folder with `--data DIR`";

std::string file_name(Part part, const char* kind) {
  return fmt::format("{}-{}", part == Part::kTraining ? "train" : "t10k", kind);
}

/// The plain file or the compressed one, whichever is there.
std::optional<fs::path> existing(const fs::path& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    std::error_code ignored;
    if (const fs::path path = folder / (name + ending); fs::is_regular_file(path, ignored)) return path;
  }
  return std::nullopt;
}

fs::path require(const fs::path& folder, const std::string& name) {
  if (const auto path = existing(folder, name)) return *path;
  throw tune::Error(fmt::format("{}: expected this file, plain or .gz, found neither; {}",
                                (folder / name).string(), kRemedy));
}

void check_labels(const fs::path& path, std::span<const std::uint8_t> labels, std::size_t n_classes) {
  const auto bad = std::find_if(labels.begin(), labels.end(), [&](std::uint8_t l) { return l >= n_classes; });
  if (bad == labels.end()) return;
  throw tune::Error(
      fmt::format("{}: expected labels 0 to {}, found {} at position {}; the setting \"classes\" "
                  "says how many there are",
                  path.string(), n_classes - 1, *bad, bad - labels.begin()));
}

std::uint32_t checksum(const Examples& examples) {
  const std::uint32_t crc = libdeflate_crc32(0, examples.pixels.data(), examples.pixels.size());
  return libdeflate_crc32(crc, examples.labels.data(), examples.labels.size());
}

/// Shares of `total` in proportion to `sizes`, by largest remainder; ties go to the lower class.
std::vector<std::size_t> proportional(const std::vector<std::size_t>& sizes, std::size_t total) {
  std::size_t available = 0;
  for (const std::size_t size : sizes) available += size;
  std::vector<std::size_t> shares(sizes.size());
  std::vector<std::pair<std::size_t, std::size_t>> remainders;  // (negated remainder, class)
  std::size_t given = 0;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    shares[c] = sizes[c] * total / available;
    remainders.emplace_back(available - sizes[c] * total % available, c);
    given += shares[c];
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given < total; ++i, ++given) ++shares[remainders[i].second];
  return shares;
}

/// Positions of each class, shuffled by a stream of its own.
std::vector<std::vector<std::uint32_t>> shuffled_classes(std::span<const std::uint8_t> labels,
                                                         std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes.size()) classes.resize(labels[i] + std::size_t{1});
    classes[labels[i]].push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    tune::RandomStream stream({seed, 0, tune::Purpose::kValidationSplit, c});
    for (std::size_t n = classes[c].size(); n > 1; --n)
      std::swap(classes[c][n - 1], classes[c][stream.below(n)]);
  }
  return classes;
}

/// Moves the share of each class from the end of its list to the result, sorted.
std::vector<std::uint32_t> take(std::vector<std::vector<std::uint32_t>>& classes, std::size_t total) {
  std::vector<std::size_t> sizes;
  for (const auto& members : classes) sizes.push_back(members.size());
  const auto shares = proportional(sizes, total);
  std::vector<std::uint32_t> taken;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto first = classes[c].end() - static_cast<std::ptrdiff_t>(shares[c]);
    taken.insert(taken.end(), first, classes[c].end());
    classes[c].erase(first, classes[c].end());
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

}  // namespace

fs::path find_dataset(const std::string& name, const fs::path& data_dir, Part part) {
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string("/\\\0", 3)) != std::string::npos) {
    throw tune::InvalidArgument(fmt::format("dataset: expected the name of a folder, found \"{}\"", name));
  }
  std::vector<fs::path> candidates;
  if (data_dir.empty()) {
    candidates = {fs::path("/usr/share/datasets") / name, fs::path("/usr/local/share/datasets") / name};
  } else {
    candidates = {data_dir / name, data_dir};
  }
  const std::string images = file_name(part, "images-idx3-ubyte");
  std::string looked;
  for (const auto& folder : candidates) {
    if (existing(folder, images)) return folder;
    looked += (looked.empty() ? "" : " and ") + folder.string();
  }
  throw tune::Error(fmt::format("data set \"{}\": expected {} (plain or .gz), found none in {}; {}", name,
                                images, looked, kRemedy));
}

Examples load_examples(const fs::path& folder, Part part, std::size_t n_classes) {
  const fs::path image_path = require(folder, file_name(part, "images-idx3-ubyte"));
  const fs::path label_path = require(folder, file_name(part, "labels-idx1-ubyte"));
  IdxArray images = read_idx(image_path, 3);
  IdxArray labels = read_idx(label_path, 1);
  if (images.sizes[0] != labels.sizes[0]) {
    throw tune::Error(fmt::format("{}: expected {} labels, one for each image of {}, found {}",
                                  label_path.string(), images.sizes[0], image_path.string(), labels.sizes[0]));
  }
  check_labels(label_path, labels.data, n_classes);
  Examples examples{.count = images.sizes[0],
                    .features = images.sizes[1] * images.sizes[2],
                    .height = images.sizes[1],
                    .pixels = std::move(images.data),
                    .labels = std::move(labels.data)};
  examples.crc32 = checksum(examples);
  return examples;
}

Examples load_images(const fs::path& path) {
  IdxArray images = read_idx(path, 3);
  return {.count = images.sizes[0],
          .features = images.sizes[1] * images.sizes[2],
          .height = images.sizes[1],
          .pixels = std::move(images.data),
          .labels = std::vector<std::uint8_t>(images.sizes[0])};
}

Split stratified_split(std::span<const std::uint8_t> labels, std::size_t n_validation,
                       std::optional<std::size_t> n_training, std::uint64_t seed) {
  const std::size_t needed = n_training.value_or(1);
  if (n_validation > labels.size() || needed > labels.size() - n_validation) {
    throw tune::InvalidArgument(fmt::format(
        "validation_examples {} and training_examples {}: expected at most {} together, the size of the "
        "training "
        "set",
        n_validation, n_training ? std::to_string(needed) : "(default: the rest, at least 1)", labels.size()));
  }
  auto classes = shuffled_classes(labels, seed);
  Split split;
  split.validation = take(classes, n_validation);
  split.training = take(classes, n_training.value_or(labels.size() - n_validation));
  return split;
}

Normalization normalization_of(const Examples& examples, std::span<const std::uint32_t> positions) {
  constexpr std::size_t kMostAtOnce = 32768;  // Their squares have a sum below 2^31.
  std::uint64_t sum = 0;
  std::uint64_t squares = 0;
  for (const std::uint32_t position : positions) {
    const std::uint8_t* row = examples.row(position);
    for (std::size_t begin = 0; begin < examples.features; begin += kMostAtOnce) {
      const std::size_t end = std::min(begin + kMostAtOnce, examples.features);
      std::int32_t part = 0;
      std::int32_t part_squares = 0;
      for (std::size_t i = begin; i < end; ++i) {
        const std::int16_t value = row[i];  // Of 16 bits: what processors square many of at a time.
        part += value;
        part_squares += value * value;
      }
      sum += static_cast<std::uint64_t>(part);
      squares += static_cast<std::uint64_t>(part_squares);
    }
  }
  const auto n = static_cast<double>(positions.size() * examples.features);
  const double mean = static_cast<double>(sum) / n;
  const double deviation = std::sqrt(std::max(0.0, static_cast<double>(squares) / n - mean * mean));
  if (!(deviation > 0.0)) return {};
  return {static_cast<float>(1.0 / deviation), static_cast<float>(-mean / deviation)};
}

std::shared_ptr<const void> DeviceCopies::on(const std::string& device,
                                             const std::function<std::shared_ptr<const void>()>& make) const {
  const std::scoped_lock lock(mutex_);
  auto found = copies_.find(device);
  if (found == copies_.end()) found = copies_.emplace(device, make()).first;
  return found->second;
}

std::shared_ptr<const TrainingData> without_validation(const TrainingData& data) {
  auto all = std::make_shared<TrainingData>(data);
  auto& training = all->split.training;
  training.clear();
  std::merge(data.split.training.begin(), data.split.training.end(), data.split.validation.begin(),
             data.split.validation.end(), std::back_inserter(training));
  all->split.validation.clear();
  all->normalization = normalization_of(all->examples, training);
  return all;
}

Examples load_test_set(const DataOptions& options) {
  const fs::path folder = find_dataset(options.dataset, options.data_dir, Part::kTest);
  return load_examples(folder, Part::kTest, options.n_classes);
}

std::shared_ptr<const TrainingData> load_training_data(const DataOptions& options) {
  const fs::path folder = find_dataset(options.dataset, options.data_dir);
  auto data = std::make_shared<TrainingData>();
  data->examples = load_examples(folder, Part::kTraining, options.n_classes);
  data->split =
      stratified_split(data->examples.labels, options.n_validation, options.n_training, options.split_seed);
  data->normalization = normalization_of(data->examples, data->split.training);
  data->n_classes = options.n_classes;
  return data;
}

}  // namespace fmnist
