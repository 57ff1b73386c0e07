#include "fmnist/manifest.hpp"

namespace fmnist {
namespace {

using tune::OptionKind;
using tune::OptionSpec;
using tune::ParamValue;

ParamValue text(const char* value) {
  return std::string(value);
}
ParamValue integer(std::int64_t value) {
  return value;
}

OptionSpec choice(const char* name, std::vector<ParamValue> choices, const char* by_default,
                  const char* description) {
  return {.name = name,
          .kind = OptionKind::kChoice,
          .default_value = text(by_default),
          .choices = std::move(choices),
          .description = description};
}

OptionSpec count(const char* name, std::int64_t by_default, double low, double high, const char* description) {
  return {.name = name,
          .kind = OptionKind::kInt,
          .default_value = integer(by_default),
          .low = low,
          .high = high,
          .description = description};
}

OptionSpec flag(const char* name, bool by_default, const char* description) {
  return {.name = name, .kind = OptionKind::kBool, .default_value = by_default, .description = description};
}

std::vector<OptionSpec> optimizer_parameters() {
  return {
      {.name = "lr",
       .kind = OptionKind::kFloat,
       .default_value = 1e-3,
       .low = 0.0,
       .high = 1e6,
       .low_excluded = true,
       .description = "Learning rate."},
      choice("optimizer", {text("sgd"), text("adam"), text("adamw"), text("rmsprop")}, "adam",
             "Update rule, as torch.optim defines it: sgd, adam (betas 0.9 and 0.999), adamw, rmsprop (alpha "
             "0.99)."),
      {.name = "momentum",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1.0,
       .high_excluded = true,
       .description = "Momentum of sgd; the other optimizers do not use it."},
      flag("nesterov", false, "Nesterov's form of the momentum of sgd; without effect when momentum is 0."),
      {.name = "weight_decay",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1e6,
       .description = "Added to the gradient times the weight (an L2 penalty); decoupled for adamw."},
      count("batch_size", 128, 1, 65536, "Examples a step; at most the training set."),
  };
}

std::vector<OptionSpec> network_parameters() {
  OptionSpec width = count("width", kDefaultWidth, 1, 8192,
                           "Units of a hidden layer; `width_l0`, `width_l1`, … set the layers one by one.");
  width.per_layer = true;
  return {
      count("depth", 2, 0, static_cast<double>(kMaxDepth), "Hidden layers; 0 is softmax regression."),
      width,
      choice("activation",
             {text("relu"), text("leaky_relu"), text("elu"), text("gelu"), text("silu"), text("tanh"),
              text("sigmoid")},
             "relu", "Function after each hidden layer, with PyTorch's default constants."),
      {.name = "dropout",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1.0,
       .high_excluded = true,
       .description = "Probability that a hidden unit is dropped in a training step."},
      flag("batch_norm", false, "Batch normalisation between each hidden layer and its activation."),
  };
}

std::vector<OptionSpec> all_parameters() {
  std::vector<OptionSpec> all = optimizer_parameters();
  for (auto& spec : network_parameters()) all.push_back(std::move(spec));
  return all;
}

std::vector<OptionSpec> all_settings() {
  return {
      {.name = "dataset",
       .kind = OptionKind::kString,
       .default_value = text("fashion-mnist"),
       .description = "Name of the folder with the data set's IDX files (MNIST's file names, plain or .gz)."},
      choice("family", {text("mlp")}, "mlp", "Kind of network: mlp, a stack of dense layers."),
      count("epochs", 10, 1, 100000, "Passes over the training set."),
      count("classes", 10, 2, 256, "Labels are 0 … classes - 1."),
      count("validation_examples", 10000, 1, 1e9,
            "Examples of the training set set aside for validation, the same share of each class."),
      {.name = "training_examples",
       .kind = OptionKind::kInt,
       .default_value = ParamValue{},
       .low = 1,
       .high = 1e9,
       .description =
           "Examples to train on, the same share of each class; default: all that validation leaves."},
      count("split_seed", 0, 0, 9e15, "Seed of the choice of validation and training examples."),
      choice(
          "engine", {text("auto"), text("gemm"), text("autograd")}, "auto",
          "What computes gradients: gemm (written by hand, CPU only), autograd (LibTorch's), or auto: gemm on "
          "CPU slots and autograd elsewhere."),
  };
}

std::vector<tune::MetricSpec> all_metrics() {
  using tune::Direction;
  return {
      {kValidationAccuracy, Direction::kMaximize, "Share of validation examples classified correctly.", true},
      {kValidationLoss, Direction::kMinimize, "Mean cross entropy over the validation examples, in nats.",
       true},
      {kTrainingSeconds, Direction::kMinimize, "Seconds of wall clock the trial took.", false, true},
      {kParameterCount, Direction::kMinimize, "Trainable numbers of the network.", false},
  };
}

}  // namespace

const tune::ObjectiveManifest& manifest() {
  static const tune::ObjectiveManifest kManifest{"fmnist", all_parameters(), all_settings(), all_metrics()};
  return kManifest;
}

}  // namespace fmnist
