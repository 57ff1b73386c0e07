#include "fmnist/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fmnist/augmentation.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/loss.hpp"
#include "fmnist/optimizer.hpp"
#include "fmnist/precision.hpp"
#include "fmnist/schedule.hpp"
#include "fmnist/specs.hpp"

namespace fmnist {
namespace {

using tune::OptionKind;
using tune::OptionSpec;
using tune::ParamValue;

ParamValue text(const char* value) {
  return std::string(value);
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
      choice("optimizer", choices_of(optimizer_names()), "adam",
             "Update rule, as torch.optim defines it: sgd, adam (betas 0.9 and 0.999), adamw, rmsprop (alpha "
             "0.99)."),
      share("momentum", "Momentum of sgd; the other optimizers do not use it."),
      flag("nesterov", false, "Nesterov's form of the momentum of sgd; without effect when momentum is 0."),
      non_negative("weight_decay",
                   "Added to the gradient times the weight (an L2 penalty); decoupled for adamw."),
      choice("schedule", choices_of(schedule_names()), "constant",
             "How the learning rate changes: constant; step, times lr_gamma after every lr_step_epochs epochs; "
             "cosine, "
             "down to 0 at the end; one_cycle, up from a 25th of it and down to nearly 0."),
      real("warmup_epochs", 0.0, 0.0, 1e5,
           "Epochs, or a part of one, in which the learning rate grows linearly to what the schedule says."),
      count("lr_step_epochs", 10, 1, 100000, "Epochs between two steps of the schedule step."),
      {.name = "lr_gamma",
       .kind = OptionKind::kFloat,
       .default_value = 0.1,
       .low = 0.0,
       .high = 1.0,
       .low_excluded = true,
       .description = "Factor of the learning rate at a step of the schedule step."},
      non_negative("max_grad_norm", "Longer gradients, all numbers together, are cut to this norm; 0: never."),
      count("batch_size", 128, 1, 65536, "Examples a step; at most those of an epoch."),
      choice("precision", choices_of(precision_names()), "fp32",
             "Of the numbers that the products of dense layers multiply: fp32; bf16, which networks of dense "
             "layers on "
             "the CPU have, faster on processors with AMX or AVX512_BF16 and slow on others. Weights and sums "
             "stay "
             "fp32."),
      count("early_stopping", 0, 0, 100000,
            "A trial ends after so many epochs in a row without a smaller validation loss than ever before, "
            "with the "
            "values of the last one; 0: never."),
  };
}

std::vector<OptionSpec> loss_parameters() {
  return {
      choice("loss", choices_of(loss_names()), "cross_entropy",
             "What training makes small, and what the losses tell. With one-hot targets cross_entropy, nll and "
             "kl_div are the same number; softmax_cross_entropy has a softmax too many, for replications of "
             "networks that have one."),
      share("label_smoothing", "Share of the target that is spread over all classes while training."),
      per_layer(
          non_negative("l1",
                       "Added to the loss of a training step: this times the sum of the absolute weights "
                       "of the hidden layers, convolutions too; `l1_l0`, `l1_l1`, … set the dense ones "
                       "one by one. Where a study has only those, convolutions and the layers of patch_mlp "
                       "have none.")),
      per_layer(non_negative("l2",
                             "Added to the loss of a training step: this times the sum of the squared weights "
                             "of the hidden layers, whose gradient is that of weight_decay 2·l2; `l2_l0`, "
                             "`l2_l1`, … set the dense ones one by one, as for l1.")),
  };
}

/// `family`, then what the families read, each parameter once.
std::vector<OptionSpec> network_parameters() {
  std::vector<ParamValue> names;
  std::string description = "Kind of network:";
  for (const Family& family : families()) {
    description += fmt::format("{} {}, {}", names.empty() ? "" : ";", family.name, family.description);
    names.emplace_back(family.name);
  }
  std::vector<OptionSpec> all{choice("family", std::move(names), "mlp", description + ".")};
  for (const Family& family : families()) {
    for (const OptionSpec& spec : family.parameters) {
      const auto is_same = [&](const OptionSpec& known) { return known.name == spec.name; };
      if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(spec);
    }
  }
  return all;
}

std::vector<OptionSpec> all_parameters() {
  std::vector<OptionSpec> all = optimizer_parameters();
  append(all, augmentation_parameters());
  append(all, loss_parameters());
  append(all, network_parameters());
  return all;
}

std::vector<OptionSpec> all_settings() {
  return {
      {.name = "dataset",
       .kind = OptionKind::kString,
       .default_value = text("fashion-mnist"),
       .description = "Name of the folder with the data set's IDX files (MNIST's file names, plain or .gz)."},
      count("epochs", 10, 1, 100000, "Passes over the training set."),
      count("classes", 10, 2, 256, "Labels are 0 … classes - 1."),
      count("validation_examples", 10000, 1, 1e9,
            "Examples of the training set set aside for validation, the same share of each class."),
      {.name = "examples_per_epoch",
       .kind = OptionKind::kInt,
       .default_value = ParamValue{},
       .low = 1,
       .high = 1e9,
       .description = "Examples that an epoch trains on, others in each one; default: all training examples."},
      {.name = "training_examples",
       .kind = OptionKind::kInt,
       .default_value = ParamValue{},
       .low = 1,
       .high = 1e9,
       .description =
           "Examples to train on, the same share of each class; default: all that validation leaves."},
      count("split_seed", 0, 0, 9e15, "Seed of the choice of validation and training examples."),
      choice(
          "engine", {text("auto"), text("gemm"), text("tensor"), text("autograd")}, "auto",
          "What computes gradients: gemm (written by hand, CPU only, networks of dense layers), tensor (by "
          "hand over LibTorch's operations, any device, networks of dense layers), autograd (LibTorch's), or "
          "auto: for dense layers gemm on the CPU and tensor on GPUs, autograd for the others."),
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
      {kEpochGflops, Direction::kMinimize,
       "Estimate of the billions of floating point operations of an epoch's training, forward and backward.",
       false},
      {kPeakMemoryMib, Direction::kMinimize,
       "Most memory in MiB that weights, gradients, moments and the numbers of batches took at a time, in "
       "training or in evaluating; on a GPU and with the engine tensor also the images of an epoch.",
       false, true},
  };
}

}  // namespace

const tune::ObjectiveManifest& manifest() {
  static const tune::ObjectiveManifest kManifest{"fmnist", all_parameters(), all_settings(), all_metrics()};
  return kManifest;
}

}  // namespace fmnist
