#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fmnist {

/// Which files of a data set. A search reads the training files only.
enum class Part : std::uint8_t { kTraining, kTest };

/// Images and labels as the files hold them, immutable once read and shared by all workers.
struct Examples {
  std::size_t count = 0;
  std::size_t features = 0;  ///< Pixels an image: height times width.
  std::size_t height = 0;
  std::vector<std::uint8_t> pixels;  ///< [count, features]
  std::vector<std::uint8_t> labels;  ///< [count], each below the number of classes.
  std::uint32_t crc32 = 0;           ///< Of the pixels followed by the labels, uncompressed.

  [[nodiscard]] const std::uint8_t* row(std::size_t i) const { return pixels.data() + i * features; }
  /// [1, height, width]
  [[nodiscard]] std::vector<std::int64_t> image_shape() const {
    return {1, static_cast<std::int64_t>(height), static_cast<std::int64_t>(features / height)};
  }
};

/// The folder with the IDX files of that part of data set `name`: `data_dir/name` or `data_dir` when given,
/// else the folders in which systems keep data sets. Throws tune::Error that lists where it looked and says
/// what to do; InvalidArgument when `name` is not a plain folder name.
[[nodiscard]] std::filesystem::path find_dataset(const std::string& name, const std::filesystem::path& data_dir,
                                                 Part part = Part::kTraining);

/// Reads `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` (or `t10k-…`), plain or `.gz`. Throws
/// tune::Error as read_idx does, and when images and labels differ in number or a label is not below
/// `n_classes`.
[[nodiscard]] Examples load_examples(const std::filesystem::path& folder, Part part, std::size_t n_classes);

/// Images without labels, all 0, from one IDX file. Throws as read_idx.
[[nodiscard]] Examples load_images(const std::filesystem::path& path);

/// Positions in Examples, ascending and disjoint.
struct Split {
  std::vector<std::uint32_t> training;
  std::vector<std::uint32_t> validation;
};

/// Sets `n_validation` examples aside, and picks `n_training` of the others (all of them by default). Each
/// class gives the same share, rounded so that the numbers come out exactly. Depends on the labels and the
/// seed alone. Throws InvalidArgument when too few examples would be left to train on.
[[nodiscard]] Split stratified_split(std::span<const std::uint8_t> labels, std::size_t n_validation,
                                     std::optional<std::size_t> n_training, std::uint64_t seed);

/// input = pixel · scale + shift: pixels of the training part get mean 0 and standard deviation 1.
struct Normalization {
  float scale = 1.0F / 255.0F;
  float shift = 0.0F;
};

/// From exact integer sums over the pixels at `positions`. All pixels equal: scaled to 0 … 1 only.
[[nodiscard]] Normalization normalization_of(const Examples& examples,
                                             std::span<const std::uint32_t> positions);

/// What engines keep of the examples on other devices, each made at the first demand. Goes with the data that
/// it is part of: a copy of these begins without any. Any thread may ask.
class DeviceCopies {
 public:
  DeviceCopies() = default;
  DeviceCopies(const DeviceCopies&) {}
  DeviceCopies& operator=(const DeviceCopies&) = delete;
  ~DeviceCopies() = default;

  /// What `make` gave for that device; others wait while it is made. What it throws leaves nothing behind.
  [[nodiscard]] std::shared_ptr<const void> on(const std::string& device,
                                               const std::function<std::shared_ptr<const void>()>& make) const;

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const void>> copies_;
};

/// What every trial of an objective trains on; immutable.
struct TrainingData {
  Examples examples;
  Split split;
  Normalization normalization;
  std::size_t n_classes = 0;
  DeviceCopies copies{};
};

/// The same examples, all of which are trained on: those for validation too. The normalisation follows.
[[nodiscard]] std::shared_ptr<const TrainingData> without_validation(const TrainingData& data);

struct DataOptions {
  std::string dataset = "fashion-mnist";
  std::filesystem::path data_dir;
  std::size_t n_classes = 10;
  std::size_t n_validation = 10000;
  std::optional<std::size_t> n_training;
  std::uint64_t split_seed = 0;
};

/// Finds and reads the test set. Throws as the functions above.
[[nodiscard]] Examples load_test_set(const DataOptions& options);

/// Finds, reads and splits the training set. Throws as the functions above.
[[nodiscard]] std::shared_ptr<const TrainingData> load_training_data(const DataOptions& options);

}  // namespace fmnist
