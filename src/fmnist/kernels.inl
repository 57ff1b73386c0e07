// The loops behind fmnist::Kernels. Included by kernels_baseline.cpp, kernels_avx2.cpp and kernels_avx512.cpp,
// which define FMNIST_KERNELS, the name of the table, and are compiled for that instruction set.

#include <cmath>

#include "fmnist/kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/kernels_math.inl"

/// Columns worked on together: sums of a tile stay in registers or the first cache.
constexpr std::size_t kTile = 64;
/// Rows summed before they join the total, so that rounding does not grow with large batches.
constexpr std::size_t kRowBlock = 128;

FMNIST_INLINE std::size_t smaller(std::size_t a, std::size_t b) {
  return a < b ? a : b;
}

template <std::size_t kCount>
FMNIST_INLINE void normalize(const std::uint8_t* __restrict from, float scale, float shift,
                             float* __restrict to) {
  for (std::size_t j = 0; j < kCount; ++j) to[j] = static_cast<float>(from[j]) * scale + shift;
}

void gather(const std::uint8_t* pixels, std::size_t features, const std::uint32_t* positions, std::size_t n,
            float scale, float shift, float* __restrict out) {
  constexpr std::size_t kCacheLine = 64;
  constexpr std::size_t kLanes = 16;
  constexpr std::size_t kRowsAhead = 2;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t* row = pixels + positions[i] * features;
    // Rows are drawn at random, which no processor foresees: asked for line by line while another is worked on.
    const std::uint8_t* ahead = pixels + positions[smaller(i + kRowsAhead, n - 1)] * features;
    float* to = out + i * features;
    std::size_t j = 0;
    for (; j + kCacheLine <= features; j += kCacheLine) {
      __builtin_prefetch(ahead + j);
      normalize<kCacheLine>(row + j, scale, shift, to + j);
    }
    __builtin_prefetch(ahead + j);
    for (; j + kLanes <= features; j += kLanes) normalize<kLanes>(row + j, scale, shift, to + j);
    for (; j < features; ++j) normalize<1>(row + j, scale, shift, to + j);
  }
}

void add_bias(std::size_t rows, std::size_t cols, float* __restrict z, const float* __restrict bias) {
  for (std::size_t i = 0; i < rows; ++i) {
    float* __restrict row = z + i * cols;
    for (std::size_t j = 0; j < cols; ++j) row[j] += bias[j];
  }
}

template <typename Function, bool kMasked, bool kSloped>
void activate_loop(std::size_t n, const float* z, const DropoutMask& mask, float* out, float* slope) {
  const std::uint32_t* words = mask.words;
  const std::uint32_t threshold = mask.threshold;
  const float scale = mask.scale;
#pragma GCC ivdep
  for (std::size_t i = 0; i < n; ++i) {
    const Point point = Function::at(z[i]);
    float factor = 1.0F;
    if constexpr (kMasked) factor = words[i] >= threshold ? scale : 0.0F;
    out[i] = point.value * factor;
    if constexpr (kSloped) slope[i] = point.slope * factor;
  }
}

template <typename Function>
void activate_as(std::size_t n, const float* z, const DropoutMask& mask, float* out, float* slope) {
  if (mask.words != nullptr && slope != nullptr)
    return activate_loop<Function, true, true>(n, z, mask, out, slope);
  if (mask.words != nullptr) return activate_loop<Function, true, false>(n, z, mask, out, slope);
  if (slope != nullptr) return activate_loop<Function, false, true>(n, z, mask, out, slope);
  activate_loop<Function, false, false>(n, z, mask, out, slope);
}

void activate(Activation activation, std::size_t n, const float* z, const DropoutMask& mask, float* out,
              float* slope) {
  switch (activation) {
    case Activation::kRelu:
      return activate_as<Relu>(n, z, mask, out, slope);
    case Activation::kLeakyRelu:
      return activate_as<LeakyRelu>(n, z, mask, out, slope);
    case Activation::kElu:
      return activate_as<Elu>(n, z, mask, out, slope);
    case Activation::kGelu:
      return activate_as<Gelu>(n, z, mask, out, slope);
    case Activation::kSilu:
      return activate_as<Silu>(n, z, mask, out, slope);
    case Activation::kTanh:
      return activate_as<Tanh>(n, z, mask, out, slope);
    case Activation::kSigmoid:
      return activate_as<Sigmoid>(n, z, mask, out, slope);
  }
}

void multiply(std::size_t n, float* __restrict g, const float* __restrict slope) {
  for (std::size_t i = 0; i < n; ++i) g[i] *= slope[i];
}

/// sums[j] = Σ_i term(i, j) over the columns first … first + width of a tile, in blocks of rows.
template <typename Term>
FMNIST_INLINE void tile_sums(std::size_t rows, std::size_t width, float* __restrict sums, Term term) {
  for (std::size_t j = 0; j < width; ++j) sums[j] = 0.0F;
  for (std::size_t begin = 0; begin < rows; begin += kRowBlock) {
    const std::size_t end = smaller(rows, begin + kRowBlock);
    float part[kTile] = {};
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < width; ++j) part[j] += term(i, j);
    }
    for (std::size_t j = 0; j < width; ++j) sums[j] += part[j];
  }
}

void column_sums(std::size_t rows, std::size_t cols, const float* __restrict g, float* __restrict sums) {
  for (std::size_t first = 0; first < cols; first += kTile) {
    const std::size_t width = smaller(kTile, cols - first);
    const float* __restrict from = g + first;
    tile_sums(rows, width, sums + first, [&](std::size_t i, std::size_t j) { return from[i * cols + j]; });
  }
}

/// Mean and biased variance of the columns of a tile, in two passes.
FMNIST_INLINE void tile_moments(std::size_t rows, std::size_t cols, std::size_t width,
                                const float* __restrict z, float* __restrict mean, float* __restrict variance) {
  const float inverse = 1.0F / static_cast<float>(rows);
  tile_sums(rows, width, mean, [&](std::size_t i, std::size_t j) { return z[i * cols + j]; });
  for (std::size_t j = 0; j < width; ++j) mean[j] *= inverse;
  tile_sums(rows, width, variance, [&](std::size_t i, std::size_t j) {
    const float d = z[i * cols + j] - mean[j];
    return d * d;
  });
  for (std::size_t j = 0; j < width; ++j) variance[j] *= inverse;
}

void batch_norm_train(std::size_t rows, std::size_t cols, float* z, const float* gamma, const float* beta,
                      float* normal, float* inverse_std, float* running_mean, float* running_var) {
  const float unbias = static_cast<float>(rows) / static_cast<float>(rows - 1);
  for (std::size_t first = 0; first < cols; first += kTile) {
    const std::size_t width = smaller(kTile, cols - first);
    float mean[kTile];
    float variance[kTile];
    tile_moments(rows, cols, width, z + first, mean, variance);
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t c = first + j;
      inverse_std[c] = 1.0F / sqrtf(variance[j] + kBatchNormEps);
      running_mean[c] += kBatchNormMomentum * (mean[j] - running_mean[c]);
      running_var[c] += kBatchNormMomentum * (variance[j] * unbias - running_var[c]);
    }
    for (std::size_t i = 0; i < rows; ++i) {
      float* __restrict row = z + i * cols + first;
      float* __restrict to = normal + i * cols + first;
      for (std::size_t j = 0; j < width; ++j) {
        to[j] = (row[j] - mean[j]) * inverse_std[first + j];
        row[j] = to[j] * gamma[first + j] + beta[first + j];
      }
    }
  }
}

void batch_norm_evaluate(std::size_t rows, std::size_t cols, float* z, const float* gamma, const float* beta,
                         const float* running_mean, const float* running_var) {
  for (std::size_t first = 0; first < cols; first += kTile) {
    const std::size_t width = smaller(kTile, cols - first);
    float factor[kTile];
    float offset[kTile];
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t c = first + j;
      factor[j] = gamma[c] / sqrtf(running_var[c] + kBatchNormEps);
      offset[j] = beta[c] - running_mean[c] * factor[j];
    }
    for (std::size_t i = 0; i < rows; ++i) {
      float* __restrict row = z + i * cols + first;
      for (std::size_t j = 0; j < width; ++j) row[j] = row[j] * factor[j] + offset[j];
    }
  }
}

/// dz = gamma·inverse_std·(g − mean(g) − normal·mean(g·normal))
void batch_norm_backward(std::size_t rows, std::size_t cols, float* g, const float* normal, const float* gamma,
                         const float* inverse_std, float* gamma_grad, float* beta_grad) {
  const float inverse = 1.0F / static_cast<float>(rows);
  for (std::size_t first = 0; first < cols; first += kTile) {
    const std::size_t width = smaller(kTile, cols - first);
    const float* __restrict from = normal + first;
    tile_sums(rows, width, beta_grad + first,
              [&](std::size_t i, std::size_t j) { return g[first + i * cols + j]; });
    tile_sums(rows, width, gamma_grad + first,
              [&](std::size_t i, std::size_t j) { return g[first + i * cols + j] * from[i * cols + j]; });
    for (std::size_t i = 0; i < rows; ++i) {
      float* __restrict row = g + i * cols + first;
      const float* __restrict x = from + i * cols;
      for (std::size_t j = 0; j < width; ++j) {
        const std::size_t c = first + j;
        row[j] = gamma[c] * inverse_std[c] * (row[j] - inverse * (beta_grad[c] + x[j] * gamma_grad[c]));
      }
    }
  }
}

/// Where the largest of a row stands, the first among equals.
FMNIST_INLINE std::size_t largest(std::size_t n, const float* row) {
  std::size_t best = 0;
  for (std::size_t j = 1; j < n; ++j) best = row[j] > row[best] ? j : best;
  return best;
}

/// Cross entropy of softmax(row) and the label's smoothed target; with `weight`, row becomes its gradient times
/// that.
FMNIST_INLINE double row_cross_entropy(std::size_t classes, float* row, float highest, std::size_t label,
                                       float smoothing, float weight) {
  const float each = smoothing / static_cast<float>(classes);
  float target = row[label] - highest;
  if (smoothing > 0.0F) {
    float sum = 0.0F;
    for (std::size_t j = 0; j < classes; ++j) sum += row[j] - highest;
    target = (1.0F - smoothing) * target + each * sum;
  }
  float total = 0.0F;
  for (std::size_t j = 0; j < classes; ++j) total += exp_of(row[j] - highest);
  const auto loss = static_cast<double>(logf(total) - target);
  if (weight == 0.0F) return loss;
  const float factor = weight / total;
  for (std::size_t j = 0; j < classes; ++j) row[j] = exp_of(row[j] - highest) * factor - weight * each;
  row[label] -= weight * (1.0F - smoothing);
  return loss;
}

LossSums cross_entropy(std::size_t rows, std::size_t classes, float* logits, const std::uint8_t* labels,
                       float smoothing, bool gradient) {
  LossSums sums{0.0, 0};
  const float weight = gradient ? 1.0F / static_cast<float>(rows) : 0.0F;
  for (std::size_t i = 0; i < rows; ++i) {
    float* row = logits + i * classes;
    const std::size_t best = largest(classes, row);
    sums.correct += best == labels[i] ? 1 : 0;
    sums.loss += row_cross_entropy(classes, row, row[best], labels[i], smoothing, weight);
  }
  return sums;
}

LossSums softmax_cross_entropy(std::size_t rows, std::size_t classes, float* logits, const std::uint8_t* labels,
                               float smoothing, bool gradient) {
  constexpr std::size_t kMostClasses = 256;
  float p[kMostClasses];
  LossSums sums{0.0, 0};
  const float weight = gradient ? 1.0F / static_cast<float>(rows) : 0.0F;
  for (std::size_t i = 0; i < rows; ++i) {
    float* row = logits + i * classes;
    const std::size_t best = largest(classes, row);
    sums.correct += best == labels[i] ? 1 : 0;
    const float highest = row[best];
    float total = 0.0F;
    for (std::size_t j = 0; j < classes; ++j) total += exp_of(row[j] - highest);
    for (std::size_t j = 0; j < classes; ++j) row[j] = p[j] = exp_of(row[j] - highest) / total;
    sums.loss += row_cross_entropy(classes, row, row[best], labels[i], smoothing, weight);
    if (!gradient) continue;
    float mean = 0.0F;
    for (std::size_t j = 0; j < classes; ++j) mean += row[j] * p[j];
    for (std::size_t j = 0; j < classes; ++j) row[j] = p[j] * (row[j] - mean);
  }
  return sums;
}

void penalize(std::size_t n, const float* __restrict w, float l1, float l2, float* __restrict g) {
  const float twice = 2.0F * l2;
  for (std::size_t i = 0; i < n; ++i) {
    const float sign = w[i] > 0.0F ? l1 : (w[i] < 0.0F ? -l1 : 0.0F);
    g[i] += sign + twice * w[i];
  }
}

/// A tile of a map in arrays of its own, which nothing else points to.
struct MapTile {
  FMNIST_INLINE MapTile(const ChannelMap& map, std::size_t first, std::size_t width) : floor(map.floor) {
    for (std::size_t j = 0; j < width; ++j) {
      mean[j] = map.mean[first + j];
      factor[j] = map.factor[first + j];
      shift[j] = map.shift[first + j];
    }
  }
  FMNIST_INLINE float raw(float x, std::size_t j) const { return (x - mean[j]) * factor[j] + shift[j]; }
  FMNIST_INLINE float operator()(float x, std::size_t j) const {
    const float y = raw(x, j);
    return y < floor ? floor : y;
  }
  /// A gradient by y at x, before the factor.
  FMNIST_INLINE float passed(float g, float x, std::size_t j) const { return raw(x, j) <= floor ? 0.0F : g; }

  float mean[kTile], factor[kTile], shift[kTile];
  float floor;
};

/// Block by block, so that memory is read once (Chan, Golub and LeVeque, 1979).
void channel_moments(std::size_t pixels, std::size_t channels, const float* __restrict x,
                     float* __restrict mean, float* __restrict variance) {
  for (std::size_t first = 0; first < channels; first += kTile) {
    const std::size_t width = smaller(kTile, channels - first);
    double total[kTile] = {};
    double squares[kTile] = {};
    for (std::size_t begin = 0; begin < pixels; begin += kRowBlock) {
      const std::size_t rows = smaller(kRowBlock, pixels - begin);
      float block_mean[kTile];
      float block_variance[kTile];
      tile_moments(rows, channels, width, x + begin * channels + first, block_mean, block_variance);
      const auto n = static_cast<double>(rows);
      const auto before = static_cast<double>(begin);
      for (std::size_t j = 0; j < width; ++j) {
        const double delta = static_cast<double>(block_mean[j]) - total[j];
        total[j] += delta * (n / (before + n));
        squares[j] += n * (static_cast<double>(block_variance[j]) + delta * delta * (before / (before + n)));
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      mean[first + j] = static_cast<float>(total[j]);
      variance[first + j] = static_cast<float>(squares[j] / static_cast<double>(pixels));
    }
  }
}

void channel_map(std::size_t pixels, std::size_t channels, const float* x, const ChannelMap& map, float* out) {
  for (std::size_t first = 0; first < channels; first += kTile) {
    const std::size_t width = smaller(kTile, channels - first);
    const MapTile y(map, first, width);
    for (std::size_t i = 0; i < pixels; ++i) {
      const float* __restrict from = x + i * channels + first;
      float* __restrict to = out + i * channels + first;
      for (std::size_t j = 0; j < width; ++j) to[j] = y(from[j], j);
    }
  }
}

void channel_sums(std::size_t pixels, std::size_t channels, const float* __restrict g,
                  const float* __restrict x, const ChannelMap& map, float* __restrict sums,
                  float* __restrict products) {
  for (std::size_t first = 0; first < channels; first += kTile) {
    const std::size_t width = smaller(kTile, channels - first);
    const MapTile y(map, first, width);
    double sum[kTile] = {};
    double product[kTile] = {};
    for (std::size_t begin = 0; begin < pixels; begin += kRowBlock) {
      const std::size_t end = smaller(pixels, begin + kRowBlock);
      float part[kTile] = {};
      float part_product[kTile] = {};
      for (std::size_t i = begin; i < end; ++i) {
        const float* __restrict g_row = g + i * channels + first;
        const float* __restrict x_row = x + i * channels + first;
        for (std::size_t j = 0; j < width; ++j) {
          const float passed = y.passed(g_row[j], x_row[j], j);
          part[j] += passed;
          part_product[j] += passed * (x_row[j] - y.mean[j]);
        }
      }
      for (std::size_t j = 0; j < width; ++j) sum[j] += static_cast<double>(part[j]);
      for (std::size_t j = 0; j < width; ++j) product[j] += static_cast<double>(part_product[j]);
    }
    for (std::size_t j = 0; j < width; ++j) sums[first + j] = static_cast<float>(sum[j]);
    for (std::size_t j = 0; j < width; ++j) products[first + j] = static_cast<float>(product[j]);
  }
}

/// The four pixels of a 2 × 2 square, row by row.
struct Square {
  FMNIST_INLINE Square(const ImageSizes& sizes, std::size_t image, std::size_t y, std::size_t x)
      : first(((image * sizes.height + 2 * y) * sizes.width + 2 * x) * sizes.channels),
        at{first, first + sizes.channels, first + sizes.width * sizes.channels,
           first + (sizes.width + 1) * sizes.channels} {}

  std::size_t first;
  std::size_t at[4];
};

template <typename Action>
FMNIST_INLINE void for_each_square(const ImageSizes& sizes, Action action) {
  std::size_t square = 0;
  for (std::size_t image = 0; image < sizes.count; ++image) {
    for (std::size_t y = 0; y < sizes.height / 2; ++y) {
      for (std::size_t x = 0; x < sizes.width / 2; ++x) action(Square(sizes, image, y, x), square++);
    }
  }
}

void channel_map_pool(const ImageSizes& sizes, const float* x, const ChannelMap& map, float* out,
                      float* chosen) {
  for (std::size_t first = 0; first < sizes.channels; first += kTile) {
    const std::size_t width = smaller(kTile, sizes.channels - first);
    const MapTile y(map, first, width);
    for_each_square(sizes, [&](const Square& square, std::size_t i) {
      const float* __restrict from = x + first;
      float* __restrict to = out + i * sizes.channels + first;
      float* __restrict to_chosen = chosen + i * sizes.channels + first;
      for (std::size_t j = 0; j < width; ++j) {
        float best = from[square.at[0] + j];
        float largest = y.raw(best, j);
        for (std::size_t k = 1; k < 4; ++k) {
          const float other = from[square.at[k] + j];
          const float value = y.raw(other, j);
          const bool is_larger = value > largest || value != value;
          largest = is_larger ? value : largest;
          best = is_larger ? other : best;
        }
        to[j] = largest < y.floor ? y.floor : largest;
        to_chosen[j] = best;
      }
    });
  }
}

/// A map with the pull of its batch norm.
struct PullTile : MapTile {
  FMNIST_INLINE PullTile(const ChannelMap& map, const ChannelPull& pull, std::size_t first, std::size_t width)
      : MapTile(map, first, width) {
    for (std::size_t j = 0; j < width; ++j) {
      level[j] = pull.level[first + j];
      tilt[j] = pull.tilt[first + j];
    }
  }
  FMNIST_INLINE float gradient(float g, float x, std::size_t j) const {
    return factor[j] * (g - level[j] - (x - mean[j]) * tilt[j]);
  }

  float level[kTile], tilt[kTile];
};

void channel_map_backward(std::size_t pixels, std::size_t channels, const float* g, const float* x,
                          const ChannelMap& map, const ChannelPull& pull, float* x_grad) {
  for (std::size_t first = 0; first < channels; first += kTile) {
    const std::size_t width = smaller(kTile, channels - first);
    const PullTile y(map, pull, first, width);
    for (std::size_t i = 0; i < pixels; ++i) {
      const float* __restrict g_row = g + i * channels + first;
      const float* __restrict x_row = x + i * channels + first;
      float* __restrict to = x_grad + i * channels + first;
      for (std::size_t j = 0; j < width; ++j) to[j] = y.gradient(y.passed(g_row[j], x_row[j], j), x_row[j], j);
    }
  }
}

/// Of the last column and row that no square covers.
void edge_backward(const ImageSizes& sizes, std::size_t first, std::size_t width, const PullTile& y,
                   const float* __restrict x, float* __restrict x_grad) {
  const auto pixel = [&](std::size_t at) {
    const std::size_t begin = at * sizes.channels + first;
    for (std::size_t j = 0; j < width; ++j) x_grad[begin + j] = y.gradient(0.0F, x[begin + j], j);
  };
  for (std::size_t image = 0; image < sizes.count; ++image) {
    const std::size_t begin = image * sizes.height * sizes.width;
    for (std::size_t row = 0; sizes.width % 2 == 1 && row < sizes.height; ++row)
      pixel(begin + (row + 1) * sizes.width - 1);
    for (std::size_t column = 0; sizes.height % 2 == 1 && column < sizes.width / 2 * 2; ++column)
      pixel(begin + (sizes.height - 1) * sizes.width + column);
  }
}

void channel_map_pool_backward(const ImageSizes& sizes, const float* g, const float* chosen, const float* x,
                               const ChannelMap& map, const ChannelPull& pull, float* x_grad) {
  for (std::size_t first = 0; first < sizes.channels; first += kTile) {
    const std::size_t width = smaller(kTile, sizes.channels - first);
    const PullTile y(map, pull, first, width);
    edge_backward(sizes, first, width, y, x, x_grad);
    for_each_square(sizes, [&](const Square& square, std::size_t i) {
      const float* __restrict g_row = g + i * sizes.channels + first;
      const float* __restrict chosen_row = chosen + i * sizes.channels + first;
      const float* __restrict from = x + first;
      float* __restrict to = x_grad + first;
// The pixels of a square do not overlap.
#pragma GCC ivdep
      for (std::size_t j = 0; j < width; ++j) {
        const float best = chosen_row[j];
        float left = y.passed(g_row[j], best, j);
        for (std::size_t k = 0; k < 4; ++k) {
          const float here = from[square.at[k] + j];
          to[square.at[k] + j] = y.gradient(here == best ? left : 0.0F, here, j);
          left = here == best ? 0.0F : left;
        }
      }
    });
  }
}

double sum_of_squares(std::size_t n, const float* g) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  const std::size_t whole = n / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto value = static_cast<double>(g[i + lane]);
      lanes[lane] += value * value;
    }
  }
  for (std::size_t i = whole; i < n; ++i)
    lanes[i - whole] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

void scale(std::size_t n, float factor, float* g) {
  for (std::size_t i = 0; i < n; ++i) g[i] *= factor;
}

FMNIST_INLINE std::uint32_t rotate_left(std::uint32_t x, int k) {
  return (x << k) | (x >> (32 - k));
}

void random_words(BulkState& state, std::size_t n, std::uint32_t* __restrict words) {
  constexpr std::size_t kLanes = BulkState::kLanes;
  BulkState local = state;
  for (std::size_t begin = 0; begin < n; begin += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::uint32_t s0 = local.s[0][lane];
      std::uint32_t s1 = local.s[1][lane];
      std::uint32_t s2 = local.s[2][lane];
      std::uint32_t s3 = local.s[3][lane];
      words[begin + lane] = rotate_left(s0 + s3, 7) + s0;
      const std::uint32_t t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = rotate_left(s3, 11);
      local.s[0][lane] = s0;
      local.s[1][lane] = s1;
      local.s[2][lane] = s2;
      local.s[3][lane] = s3;
    }
  }
  state = local;
}

void sgd(std::size_t n, float* __restrict p, const float* __restrict g, float* __restrict momentum,
         const SgdStep& step) {
  const SgdStep s = step;
  if (momentum == nullptr) {
    for (std::size_t i = 0; i < n; ++i) p[i] -= s.lr * (g[i] + s.weight_decay * p[i]);
    return;
  }
  const float direct = s.nesterov ? 1.0F : 0.0F;
  const float past = s.nesterov ? s.momentum : 1.0F;
  for (std::size_t i = 0; i < n; ++i) {
    const float d = g[i] + s.weight_decay * p[i];
    const float m = s.momentum * momentum[i] + d;
    momentum[i] = m;
    p[i] -= s.lr * (direct * d + past * m);
  }
}

void adam(std::size_t n, float* __restrict p, const float* __restrict g, float* __restrict first,
          float* __restrict second, const AdamStep& step) {
  const AdamStep s = step;
  for (std::size_t i = 0; i < n; ++i) {
    const float d = g[i] + s.weight_decay * p[i];
    const float m = s.beta1 * first[i] + s.one_minus_beta1 * d;
    const float v = s.beta2 * second[i] + s.one_minus_beta2 * d * d;
    first[i] = m;
    second[i] = v;
    p[i] = p[i] * s.shrink - s.step_size * m / (root_of(v) * s.inverse_root_correction + s.eps);
  }
}

void rmsprop(std::size_t n, float* __restrict p, const float* __restrict g, float* __restrict second,
             const RmspropStep& step) {
  const RmspropStep s = step;
  for (std::size_t i = 0; i < n; ++i) {
    const float d = g[i] + s.weight_decay * p[i];
    const float v = s.alpha * second[i] + s.one_minus_alpha * d * d;
    second[i] = v;
    p[i] -= s.lr * d / (root_of(v) + s.eps);
  }
}

}  // namespace

extern const Kernels FMNIST_KERNELS;
const Kernels FMNIST_KERNELS{FMNIST_KERNELS_NAME,
                             gather,
                             add_bias,
                             activate,
                             multiply,
                             column_sums,
                             batch_norm_train,
                             batch_norm_evaluate,
                             batch_norm_backward,
                             cross_entropy,
                             softmax_cross_entropy,
                             channel_moments,
                             channel_map,
                             channel_map_pool,
                             channel_sums,
                             channel_map_backward,
                             channel_map_pool_backward,
                             penalize,
                             sum_of_squares,
                             scale,
                             random_words,
                             sgd,
                             adam,
                             rmsprop};

}  // namespace fmnist
