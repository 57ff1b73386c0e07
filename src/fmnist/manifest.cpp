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

OptionSpec penalty(const char* name, const char* description) {
  return {.name = name,
          .kind = OptionKind::kFloat,
          .default_value = 0.0,
          .low = 0.0,
          .high = 1e6,
          .description = description};
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
      choice("schedule", {text("constant"), text("step"), text("cosine"), text("one_cycle")}, "constant",
             "How the learning rate changes: constant; step, times lr_gamma after every lr_step_epochs epochs; "
             "cosine, "
             "down to 0 at the end; one_cycle, up from a 25th of it and down to nearly 0."),
      {.name = "warmup_epochs",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1e5,
       .description =
           "Epochs, or a part of one, in which the learning rate grows linearly to what the schedule says."},
      count("lr_step_epochs", 10, 1, 100000, "Epochs between two steps of the schedule step."),
      {.name = "lr_gamma",
       .kind = OptionKind::kFloat,
       .default_value = 0.1,
       .low = 0.0,
       .high = 1.0,
       .low_excluded = true,
       .description = "Factor of the learning rate at a step of the schedule step."},
      {.name = "max_grad_norm",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1e6,
       .description = "Longer gradients, all numbers together, are cut to this norm; 0: never."},
      count("batch_size", 128, 1, 65536, "Examples a step; at most the training set."),
  };
}

std::vector<OptionSpec> loss_parameters() {
  return {
      choice("loss", {text("cross_entropy"), text("nll"), text("kl_div"), text("softmax_cross_entropy")},
             "cross_entropy",
             "What training makes small, and what the losses tell. With one-hot targets cross_entropy, nll and "
             "kl_div are the same number; softmax_cross_entropy has a softmax too many, for replications of "
             "networks that have one."),
      {.name = "label_smoothing",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1.0,
       .high_excluded = true,
       .description = "Share of the target that is spread over all classes while training."},
      penalty("l1",
              "Added to the loss of a training step: this times the sum of the absolute weights of the "
              "hidden layers."),
      penalty("l2",
              "Added to the loss of a training step: this times the sum of the squared weights of the "
              "hidden layers; its gradient is that of weight_decay 2·l2 on these weights."),
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
       .description =
           "Probability that a hidden unit is dropped in a training step; `dropout_l0`, `dropout_l1`, … "
           "set the layers one by one.",
       .per_layer = true},
      choice("dropout_layers", {text("all"), text("last")}, "all",
             "Hidden layers with dropout: all, or only the last one."),
      flag("batch_norm", false, "Batch normalisation between each hidden layer and its activation."),
  };
}

std::vector<OptionSpec> all_parameters() {
  std::vector<OptionSpec> all = optimizer_parameters();
  for (auto& spec : loss_parameters()) all.push_back(std::move(spec));
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
      {kValidationLoss, Direction::kMinimize,
       "Mean loss over the validation examples, in nats, without label smoothing and penalties.", true},
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
