#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <vector>

/// What trained models can do, whichever module they are of.
namespace tune {

/// What a classifier makes of a test set.
struct ClassifierTest {
  double loss = 0.0;  ///< Mean over the examples, in nats.
  /// [label][prediction]: numbers of examples; as many rows and columns as there are classes.
  std::vector<std::vector<std::int64_t>> confusion;
  std::uint32_t data_crc32 = 0;  ///< Of the test set.

  [[nodiscard]] std::int64_t n_examples() const {
    return std::accumulate(confusion.begin(), confusion.end(), std::int64_t{0}, [](auto sum, const auto& row) {
      return std::accumulate(row.begin(), row.end(), sum);
    });
  }
  [[nodiscard]] std::int64_t n_correct() const {
    std::int64_t sum = 0;
    for (std::size_t label = 0; label < confusion.size(); ++label) sum += confusion[label][label];
    return sum;
  }
  /// In [0, 1]; 0 without examples.
  [[nodiscard]] double accuracy() const {
    const auto n = n_examples();
    return n == 0 ? 0.0 : static_cast<double>(n_correct()) / static_cast<double>(n);
  }
};

struct Predictions {
  std::size_t n_classes = 0;
  std::vector<double> probabilities;  ///< [examples, n_classes]; each row sums to 1.
};

/// A trained model. Used by one thread.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual std::uint64_t parameter_count() const = 0;
  /// On the test set of its data set, in that folder or, when the path is empty, where systems keep data sets.
  /// Throws Error when it cannot be read or has other examples than the model was trained on.
  [[nodiscard]] virtual ClassifierTest test(const std::filesystem::path& data_dir) = 0;
  /// Of the examples in a file of the data set's format. Throws as `test`.
  [[nodiscard]] virtual Predictions predict(const std::filesystem::path& examples) = 0;
};

}  // namespace tune
