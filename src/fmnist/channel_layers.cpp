#include "fmnist/channel_layers.hpp"

#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "fmnist/kernels.hpp"

namespace fmnist {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kLayout = torch::MemoryFormat::ChannelsLast;

std::size_t extent(const Tensor& x, std::int64_t axis) {
  return static_cast<std::size_t>(x.size(axis));
}

ImageSizes sizes_of(const Tensor& x) {
  return {extent(x, 0), extent(x, 2), extent(x, 3), extent(x, 1)};
}

std::size_t channels_of(const Tensor& x) {
  return extent(x, 1);
}

std::size_t pixels_of(const Tensor& x) {
  return extent(x, 0) * extent(x, 2) * extent(x, 3);
}

Tensor images(torch::IntArrayRef sizes) {
  return torch::empty(sizes, torch::TensorOptions(torch::kFloat).memory_format(kLayout));
}

/// Rows of a tensor [4, channels]: a ChannelMap's mean, factor and shift, and 1/σ.
struct MapRows {
  explicit MapRows(const Tensor& rows)
      : mean(rows.data_ptr<float>()),
        factor(mean + rows.size(1)),
        shift(factor + rows.size(1)),
        inverse_std(shift + rows.size(1)) {}
  [[nodiscard]] ChannelMap map(bool relu) const {
    return {mean, factor, shift, relu ? 0.0F : -std::numeric_limits<float>::infinity()};
  }

  float *mean, *factor, *shift, *inverse_std;
};

void move_statistics(const Tensor& running, const float* found, float factor) {
  auto* to = running.data_ptr<float>();
  for (std::int64_t c = 0; c < running.numel(); ++c) to[c] += kBatchNormMomentum * (found[c] * factor - to[c]);
}

/// Mean and variance, the variance in the place of 1/σ.
void statistics(const Tensor& x, const NormTensors& norm, bool training, const Tensor& rows) {
  if (!training) {
    rows[0].copy_(norm.running_mean);
    rows[3].copy_(norm.running_var);
    return;
  }
  const std::size_t n = pixels_of(x);
  const MapRows to(rows);
  kernels().channel_moments(n, channels_of(x), x.data_ptr<float>(), to.mean, to.inverse_std);
  move_statistics(norm.running_mean, to.mean, 1.0F);
  move_statistics(norm.running_var, to.inverse_std, static_cast<float>(n) / static_cast<float>(n - 1));
}

Tensor map_rows(const Tensor& x, const NormTensors& norm, bool training) {
  Tensor tensor = torch::zeros({4, x.size(1)});
  if (norm.weight.numel() == 0) {
    tensor[1].fill_(1.0F);
    return tensor;
  }
  statistics(x, norm, training, tensor);
  const MapRows rows(tensor);
  const auto* weight = norm.weight.data_ptr<float>();
  const auto* bias = norm.bias.data_ptr<float>();
  for (std::size_t c = 0; c < channels_of(x); ++c) {
    rows.inverse_std[c] = 1.0F / std::sqrt(rows.inverse_std[c] + kBatchNormEps);
    rows.factor[c] = weight[c] * rows.inverse_std[c];
    rows.shift[c] = bias[c];
  }
  return tensor;
}

/// Of batch norm: the gradients by its weight and bias, and a ChannelPull as [2, channels].
struct NormGradients {
  Tensor weight, bias, pull;
};

/// From the gradient g of what was made of the numbers `at`; batch norm's mean went over `n` pixels.
NormGradients norm_gradients(const Tensor& g, const Tensor& at, std::size_t n, const MapRows& rows,
                             const ChannelMap& map) {
  const std::int64_t n_channels = at.size(1);
  NormGradients found{torch::empty({n_channels}), torch::empty({n_channels}), torch::empty({2, n_channels})};
  auto* products = found.weight.data_ptr<float>();
  auto* sums = found.bias.data_ptr<float>();
  auto* level = found.pull.data_ptr<float>();
  auto* tilt = level + n_channels;
  kernels().channel_sums(pixels_of(at), channels_of(at), g.data_ptr<float>(), at.data_ptr<float>(), map, sums,
                         products);
  const float share = 1.0F / static_cast<float>(n);
  for (std::size_t c = 0; c < channels_of(at); ++c) {
    products[c] *= rows.inverse_std[c];
    level[c] = sums[c] * share;
    tilt[c] = products[c] * rows.inverse_std[c] * share;
  }
  return found;
}

class ChannelLayers : public torch::autograd::Function<ChannelLayers> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight, const Tensor& bias,
                        const Tensor& running_mean, const Tensor& running_var, bool pools, bool relu,
                        bool training) {
    const Tensor x = given.contiguous(kLayout);
    const Tensor rows = map_rows(x, {weight, bias, running_mean, running_var}, training);
    const ChannelMap map = MapRows(rows).map(relu);
    const auto* from = x.data_ptr<float>();
    Tensor out, chosen;
    if (pools) {
      out = images({x.size(0), x.size(1), x.size(2) / 2, x.size(3) / 2});
      chosen = images(out.sizes());
      kernels().channel_map_pool(sizes_of(x), from, map, out.data_ptr<float>(), chosen.data_ptr<float>());
    } else {
      out = images(x.sizes());
      kernels().channel_map(pixels_of(x), channels_of(x), from, map, out.data_ptr<float>());
    }
    context->saved_data["relu"] = relu;
    context->saved_data["norm"] = weight.numel() > 0;
    context->save_for_backward({x, rows, chosen});
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& x = saved.at(0);
    const Tensor& chosen = saved.at(2);
    const MapRows rows(saved.at(1));
    const ChannelMap map = rows.map(context->saved_data["relu"].toBool());
    const Tensor g = gradients.at(0).contiguous(kLayout);
    const bool pools = chosen.defined();

    NormGradients norm{{}, {}, torch::zeros({2, x.size(1)})};
    if (context->saved_data["norm"].toBool())
      norm = norm_gradients(g, pools ? chosen : x, pixels_of(x), rows, map);
    const auto* level = norm.pull.data_ptr<float>();
    const ChannelPull pull{level, level + x.size(1)};
    Tensor x_grad = images(x.sizes());
    if (pools) {
      kernels().channel_map_pool_backward(sizes_of(x), g.data_ptr<float>(), chosen.data_ptr<float>(),
                                          x.data_ptr<float>(), map, pull, x_grad.data_ptr<float>());
    } else {
      kernels().channel_map_backward(pixels_of(x), channels_of(x), g.data_ptr<float>(), x.data_ptr<float>(),
                                     map, pull, x_grad.data_ptr<float>());
    }
    return {x_grad, norm.weight, norm.bias, {}, {}, {}, {}, {}};
  }
};

}  // namespace

Tensor channel_layers(const Tensor& x, const NormTensors& norm, bool pools, bool relu, bool training) {
  const bool has_norm = norm.weight.defined();
  const Tensor none = torch::empty({0});  // LibTorch 1.13 takes no undefined tensor.
  const auto given = [&](const Tensor& tensor) { return has_norm ? tensor : none; };
  return ChannelLayers::apply(x, given(norm.weight), given(norm.bias), given(norm.running_mean),
                              given(norm.running_var), pools, relu, training);
}

}  // namespace fmnist
