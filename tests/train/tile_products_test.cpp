#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "fmnist/dense_products.hpp"
#include "fmnist/lane_products.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"

// Products in tiles, and over the bytes of images, against sums in double.

namespace {

using namespace train_test;
using fmnist::TilePieces;

constexpr std::size_t kPixels = 784;
constexpr std::size_t kBatch = 100;
constexpr std::size_t kMostRows = 300;  ///< Of a batch without gradients.

fmnist::DenseLayer layer_of(std::size_t in, std::size_t out) {
  fmnist::DenseLayer layer;
  layer.in = in;
  layer.out = out;
  layer.weight_count = in * out;
  layer.bias = layer.weight_count;
  return layer;
}

fmnist::ProductsConfig config_of(const std::vector<fmnist::DenseLayer>& layers,
                                 const fmnist::Normalization& normalization = {}) {
  const fmnist::ParameterLayout layout(layers, 0, fmnist::WeightOrder::kByInput);
  return {layout.layers(), normalization, kMostRows, kBatch};
}

/// Root of the mean square of what products are off, forward and of the gradient.
struct Errors {
  double forward = 0.0;
  double gradient = 0.0;
};

double rms(double sum_of_squares, std::size_t n) {
  return std::sqrt(sum_of_squares / static_cast<double>(n));
}

/// Held against sums in double over images of `data`, in batches of up to kBatch the gradient, too, from one
/// that is 0 but for every n-th number.
Errors errors_of(fmnist::ImageProducts& products, const fmnist::ProductsConfig& config,
                 const fmnist::TrainingData& data, std::size_t batch = kBatch, std::size_t every_nth = 1) {
  const fmnist::DenseLayer& layer = config.layers.front();
  const std::size_t pixels = layer.in;
  const std::size_t row = fmnist::lane_row(layer.out);
  std::vector<float> parameters(pixels * row + row);
  for (std::size_t d = 0; d <= pixels; ++d) {  // The last row are the biases.
    const std::vector<float> of_input = random_numbers(layer.out, d, 0.1);
    std::copy(of_input.begin(), of_input.end(), parameters.data() + d * row);
  }
  std::vector<float> g = random_numbers(batch * layer.out, 2, 0.1);
  for (std::size_t at = 0; at < g.size(); ++at) {
    if (at % every_nth != 0) g[at] = 0.0F;
  }
  std::vector<std::uint32_t> rows(batch);
  for (std::size_t i = 0; i < batch; ++i)
    rows[i] = static_cast<std::uint32_t>(i * 7 % data.examples.labels.size());
  const auto input = [&](std::size_t i, std::size_t d) {
    const float pixel = data.examples.pixels[rows[i] * pixels + d];
    return static_cast<double>(pixel) * static_cast<double>(config.normalization.scale) +
           static_cast<double>(config.normalization.shift);
  };

  products.take({data.examples.pixels.data(), rows.data(), batch});
  std::vector<float> z(batch * layer.out);
  products.forward(parameters.data(), z.data());
  std::vector<float> gradients(parameters.size());
  for (std::size_t j = 0; j < layer.out; ++j) {
    double sum = 0.0;
    for (std::size_t i = 0; i < batch; ++i) sum += static_cast<double>(g[i * layer.out + j]);
    gradients[layer.bias + j] = static_cast<float>(sum);
  }
  const bool has_gradient = batch <= config.max_batch;
  if (has_gradient) products.weight_gradient(g.data(), gradients.data());

  Errors errors;
  for (std::size_t j = 0; j < layer.out; ++j) {
    for (std::size_t i = 0; i < batch; ++i) {
      double sum = static_cast<double>(parameters[layer.bias + j]);
      for (std::size_t d = 0; d < pixels; ++d)
        sum += input(i, d) * static_cast<double>(parameters[d * row + j]);
      errors.forward += std::pow(static_cast<double>(z[i * layer.out + j]) - sum, 2.0);
    }
    for (std::size_t d = 0; d < pixels && has_gradient; ++d) {
      double sum = 0.0;
      for (std::size_t i = 0; i < batch; ++i) sum += input(i, d) * static_cast<double>(g[i * layer.out + j]);
      errors.gradient += std::pow(static_cast<double>(gradients[d * row + j]) - sum, 2.0);
    }
  }
  return {rms(errors.forward, batch * layer.out), rms(errors.gradient, pixels * layer.out)};
}

/// Widths that fill tiles and columns at once, or do not.
constexpr std::size_t kWidths[] = {1, 16, 17, 32, 70, 96};

TEST(ImageProducts, InPiecesAreAsCloseToTheTruthAsThoseOfFloats) {
  const auto data = fashion_mnist(1000, 10);
  for (const std::size_t out : kWidths) {
    const fmnist::ProductsConfig config = config_of({layer_of(kPixels, out)}, data->normalization);
    for (const fmnist::TileKernels* kernels : fmnist::tile_kernels()) {
      const auto in_pieces = fmnist::image_tiles(config, *kernels, TilePieces::kExact);
      const Errors errors = errors_of(*in_pieces, config, *data);
      // Products of floats over AVX-512 are off by 0.9e-6 and 0.12e-6.
      EXPECT_LT(errors.forward, 2e-6) << kernels->name << ", " << out;
      EXPECT_LT(errors.gradient, 0.4e-6) << kernels->name << ", " << out;
      const auto rounded = fmnist::image_tiles(config, *kernels, TilePieces::kRounded);
      const Errors of_rounded = errors_of(*rounded, config, *data);
      EXPECT_GT(of_rounded.forward, 1e-3) << kernels->name << ", " << out;
      EXPECT_GT(of_rounded.gradient, 0.5e-3) << kernels->name << ", " << out;
    }
  }
}

/// Products of images that leave out zeros, and what they are off at most where inputs are as large as those of
/// Fashion-MNIST.
struct SparseImages {
  const char* name;
  std::function<std::unique_ptr<fmnist::ImageProducts>(const fmnist::ProductsConfig& config)> make;
  std::function<std::size_t(const fmnist::ProductsConfig& config)> numbers;
  Errors most;
};

void PrintTo(const SparseImages& images, std::ostream* out) {
  *out << images.name;
}

std::vector<SparseImages> all_sparse_images() {
  std::vector<SparseImages> all;
  for (const fmnist::ProductKernels* kernels : lane_kernels()) {
    const auto make = [kernels](const fmnist::ProductsConfig& config) {
      return fmnist::image_bytes(config, *kernels);
    };
    all.push_back({"bytes", make, fmnist::image_byte_numbers, {2e-6, 0.4e-6}});
    for (const fmnist::PairKernels* pairs : pair_kernels()) {
      const auto make_pairs = [kernels, pairs](const fmnist::ProductsConfig& config) {
        return fmnist::image_pairs(config, *pairs, *kernels);
      };
      all.push_back({"pairs", make_pairs, fmnist::image_pair_numbers, {5e-3, 2e-3}});
    }
  }
  return all;
}

class ImagesWithoutZeros : public testing::TestWithParam<SparseImages> {};

TEST_P(ImagesWithoutZeros, AreCloseToTheTruthInBatchesOfAnySizeOneAfterTheOther) {
  const auto data = fashion_mnist(1000, 10);
  for (const std::size_t out : kWidths) {
    const fmnist::ProductsConfig config = config_of({layer_of(kPixels, out)}, data->normalization);
    const auto products = GetParam().make(config);
    for (const std::size_t batch : {kMostRows, kBatch, std::size_t{1}, std::size_t{65}, std::size_t{64}}) {
      const Errors errors = errors_of(*products, config, *data, batch);
      EXPECT_LT(errors.forward, GetParam().most.forward) << out << ", " << batch;
      EXPECT_LT(errors.gradient, GetParam().most.gradient) << out << ", " << batch;
    }
  }
}

TEST_P(ImagesWithoutZeros, AreCloseToTheTruthWithAnyNumberOfPixels) {
  for (const std::size_t pixels : {1, 2, 41, 65, 129}) {
    const auto data = made_up_data(400, pixels, 5);
    const fmnist::ProductsConfig config = config_of({layer_of(pixels, 33)}, data->normalization);
    const auto products = GetParam().make(config);
    for (const std::size_t batch : {kBatch, kBatch - 1}) {
      const Errors errors = errors_of(*products, config, *data, batch);
      EXPECT_LT(errors.forward, GetParam().most.forward) << pixels << ", " << batch;
      EXPECT_LT(errors.gradient, GetParam().most.gradient) << pixels << ", " << batch;
    }
  }
}

TEST_P(ImagesWithoutZeros, AreCloseToTheTruthWhereMostOfTheGradientAboveIsZero) {
  constexpr std::size_t kEveryNth = 3;
  const auto data = fashion_mnist(1000, 10);
  for (const std::size_t out : kWidths) {
    const fmnist::ProductsConfig config = config_of({layer_of(kPixels, out)}, data->normalization);
    const auto products = GetParam().make(config);
    EXPECT_LT(errors_of(*products, config, *data, kBatch, kEveryNth).gradient, GetParam().most.gradient) << out;
  }
}

TEST_P(ImagesWithoutZeros, TakeTheMemoryThatIsEstimated) {
  for (const std::size_t pixels : {1, 41, 129, 784}) {
    for (const std::size_t out : kWidths) {
      const fmnist::ProductsConfig config = config_of({layer_of(pixels, out)});
      const std::size_t estimated = GetParam().numbers(config) * sizeof(float);
      const std::size_t taken = GetParam().make(config)->memory_bytes();
      EXPECT_GE(estimated, taken) << pixels << ", " << out;
      EXPECT_LT(estimated, taken + sizeof(float)) << pixels << ", " << out;
    }
  }
}

/// Of a pixel that is 0 in all images, whose products are left out.
TEST_P(ImagesWithoutZeros, ShowInAllSumsWhatIsNoNumber) {
  constexpr std::size_t kFew = 20;
  constexpr std::size_t kOut = 17;
  constexpr std::size_t kColumn = 16;
  const std::size_t row = fmnist::lane_row(kOut);
  const std::vector<std::uint8_t> black(kBatch * kFew);
  const auto positions = first_positions(kBatch);
  fmnist::Normalization normalization;
  normalization.shift = -1.0F;
  const fmnist::ProductsConfig config = config_of({layer_of(kFew, kOut)}, normalization);
  const auto products = GetParam().make(config);
  for (const float number : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    products->take({black.data(), positions.data(), kBatch});
    std::vector<float> parameters(config.layers.front().bias + row);
    parameters[3 * row + kColumn] = number;
    std::vector<float> z(kBatch * kOut);
    products->forward(parameters.data(), z.data());
    std::vector<float> g(kBatch * kOut);
    g[5 * kOut + kColumn] = number;
    std::vector<float> gradients(parameters.size());
    gradients[config.layers.front().bias + kColumn] = number;  // The sum of that column of g.
    products->weight_gradient(g.data(), gradients.data());
    for (std::size_t i = 0; i < kBatch; ++i)
      EXPECT_FALSE(std::isfinite(z[i * kOut + kColumn])) << i << ", " << number;
    for (std::size_t d = 0; d < kFew; ++d)
      EXPECT_FALSE(std::isfinite(gradients[d * row + kColumn])) << d << ", " << number;
  }
}

TEST_P(ImagesWithoutZeros, DoNotDependOnTheOthersInTheBatch) {
  const auto data = fashion_mnist(1000, 10);
  constexpr std::size_t kOut = 70;
  const fmnist::ProductsConfig config = config_of({layer_of(kPixels, kOut)}, data->normalization);
  const auto products = GetParam().make(config);
  const auto parameters = random_numbers(config.layers.front().bias + fmnist::lane_row(kOut), 1, 0.1);
  const auto outputs = [&](const std::vector<std::uint32_t>& rows) {
    std::vector<float> z(rows.size() * kOut);
    products->take({data->examples.pixels.data(), rows.data(), rows.size()});
    products->forward(parameters.data(), z.data());
    return z;
  };
  const std::vector<std::uint32_t> all = first_positions(kMostRows);
  const std::vector<float> together = outputs(all);
  for (const std::size_t n : {1, 7, 100}) {
    const std::vector<std::uint32_t> last(all.rbegin(), all.rbegin() + static_cast<std::ptrdiff_t>(n));
    const std::vector<float> few = outputs(last);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < kOut; ++j)
        ASSERT_EQ(few[i * kOut + j], together[last[i] * kOut + j]) << n << ", " << i << ", " << j;
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ImagesWithoutZeros);
INSTANTIATE_TEST_SUITE_P(Avx512, ImagesWithoutZeros, testing::ValuesIn(all_sparse_images()));

/// The largest that `found` differs from Σ_d left(i, d)·right(j, d).
template <typename Left, typename Right>
double largest_error(const std::vector<float>& found, std::size_t columns, std::size_t depth, const Left& left,
                     const Right& right) {
  double largest = 0.0;
  for (std::size_t at = 0; at < found.size(); ++at) {
    double sum = 0.0;
    for (std::size_t d = 0; d < depth; ++d)
      sum += static_cast<double>(left(at / columns, d)) * static_cast<double>(right(at % columns, d));
    const double error = std::abs(static_cast<double>(found[at]) - sum);
    if (!(error <= largest)) largest = error;  // Also when it is no number.
  }
  return largest;
}

/// The largest of each of the three products of a layer.
std::vector<double> largest_errors(fmnist::HiddenProducts& products, const fmnist::DenseLayer& layer) {
  const auto [in, out] = std::pair(layer.in, layer.out);
  const std::size_t row = fmnist::lane_row(out);
  const std::vector<float> parameters = random_numbers(layer.bias + row, 1, 0.1);
  const std::vector<float> inputs = random_numbers(kMostRows * in, 2, 0.1);
  const std::vector<float> gradient = random_numbers(kBatch * out, 3, 0.1);
  std::vector<float> z(kMostRows * out), below(kBatch * in), gradients(parameters.size());
  products.take(kMostRows);
  products.forward(1, parameters.data(), inputs.data(), z.data());
  products.take(kBatch);
  products.weight_gradient(1, gradient.data(), inputs.data(), gradients.data());
  products.input_gradient(1, gradient.data(), parameters.data(), below.data());

  const auto x = [&](std::size_t i, std::size_t d) { return inputs[i * in + d]; };
  const auto g = [&](std::size_t i, std::size_t j) { return gradient[i * out + j]; };
  const auto w = [&](std::size_t j, std::size_t d) { return parameters[layer.weight + d * row + j]; };
  for (std::size_t at = 0; at < z.size(); ++at) z[at] -= parameters[layer.bias + at % out];
  std::vector<float> of_weights;
  for (std::size_t d = 0; d < in; ++d) {
    const float* of_input = gradients.data() + layer.weight + d * row;
    of_weights.insert(of_weights.end(), of_input, of_input + out);
  }
  return {largest_error(z, out, in, x, w),
          largest_error(
              of_weights, out, kBatch, [&](std::size_t d, std::size_t i) { return x(i, d); },
              [&](std::size_t j, std::size_t i) { return g(i, j); }),
          largest_error(below, in, out, g, [&](std::size_t d, std::size_t j) { return w(j, d); })};
}

TEST(HiddenProducts, InPiecesAreAsCloseToTheTruthAsThoseOfFloats) {
  const fmnist::ProductsConfig config = config_of({layer_of(20, 150), layer_of(150, 77)});
  for (const fmnist::TileKernels* kernels : fmnist::tile_kernels()) {
    for (const TilePieces pieces : {TilePieces::kExact, TilePieces::kRounded}) {
      const auto products = fmnist::hidden_tiles(config, *kernels, pieces);
      for (const double error : largest_errors(*products, config.layers[1])) {
        // Sums of some hundred products of numbers up to 0.1: rounding of floats, or far more than that.
        EXPECT_EQ(error < 3e-7, pieces == TilePieces::kExact) << kernels->name << ' ' << error;
      }
    }
  }
}

}  // namespace
