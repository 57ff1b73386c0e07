#include "fmnist/pooling.hpp"

#include <torch/torch.h>

#include "fmnist/kernels.hpp"

namespace fmnist {
namespace {

using torch::Tensor;

struct Planes {
  explicit Planes(torch::IntArrayRef sizes)
      : count(static_cast<std::size_t>(sizes[0] * sizes[1])),
        height(static_cast<std::size_t>(sizes[2])),
        width(static_cast<std::size_t>(sizes[3])) {}

  std::size_t count, height, width;
};

class MaxPool2 : public torch::autograd::Function<MaxPool2> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x) {
    const Tensor in = x.contiguous();
    const Planes planes(in.sizes());
    const std::vector<std::int64_t> half{in.size(0), in.size(1), in.size(2) / 2, in.size(3) / 2};
    Tensor out = torch::empty(half, in.options());
    const Tensor which = torch::empty(half, torch::kByte);
    kernels().max_pool2(planes.count, planes.height, planes.width, in.data_ptr<float>(), out.data_ptr<float>(),
                        which.data_ptr<std::uint8_t>());
    context->save_for_backward({which});
    context->saved_data["sizes"] = in.sizes().vec();
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const Tensor out_grad = gradients.at(0).contiguous();
    const Tensor which = context->get_saved_variables().at(0);
    const std::vector<std::int64_t> sizes = context->saved_data["sizes"].toIntVector();
    const Planes planes(sizes);
    Tensor in_grad = torch::empty(sizes, out_grad.options());
    kernels().max_pool2_backward(planes.count, planes.height, planes.width, out_grad.data_ptr<float>(),
                                 which.data_ptr<std::uint8_t>(), in_grad.data_ptr<float>());
    return {in_grad};
  }
};

}  // namespace

Tensor max_pool2(const Tensor& x) {
  return x.device().is_cpu() ? MaxPool2::apply(x) : torch::max_pool2d(x, 2);
}

}  // namespace fmnist
