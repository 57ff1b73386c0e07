#include "fmnist/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <utility>

#include "fmnist/dense_network.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/loss.hpp"
#include "fmnist/manifest.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/running_trial.hpp"

namespace fmnist {
namespace {

using Json = nlohmann::ordered_json;
using tune::FormatError;

constexpr const char* kSettings = "settings";
constexpr const char* kParams = "params";
constexpr const char* kImage = "image_shape";
constexpr const char* kNormalization = "normalization";
constexpr const char* kClasses = "classes";
constexpr const char* kNetwork = "network";

/// Sides of images beyond this are taken for damage: sizes that follow from them stay far from what overflows.
constexpr std::int64_t kMaxSide = 65536;

const std::string& text_at(const tune::ModelFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) throw FormatError(fmt::format("its metadata has no \"{}\"", key));
  return found->second;
}

Json json_at(const tune::ModelFile& file, const char* key) {
  Json json = Json::parse(text_at(file, key), nullptr, false);
  if (json.is_discarded()) throw FormatError(fmt::format("its metadata \"{}\" is not JSON", key));
  return json;
}

tune::OptionValues settings_in(const tune::ModelFile& file) {
  return tune::with_defaults(manifest().settings, tune::format::params_from_json(text_at(file, kSettings)));
}

Shape image_in(const tune::ModelFile& file) {
  const Json json = json_at(file, kImage);
  const auto is_side = [](const Json& side) {
    return side.is_number_unsigned() && side.get<std::uint64_t>() >= 1 &&
           side.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMaxSide);
  };
  if (json.is_array() && json.size() == 3 && json[0] == 1 && is_side(json[1]) && is_side(json[2]))
    return {1, json[1].get<std::int64_t>(), json[2].get<std::int64_t>()};
  throw FormatError(fmt::format("its metadata \"{}\" is not [1, height, width]", kImage));
}

float finite_in(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  if (json.is_object() && found != json.end() && found->is_number()) {
    const auto number = static_cast<float>(found->get<double>());
    if (std::isfinite(number)) return number;
  }
  throw FormatError(fmt::format("its metadata \"{}\" has no number \"{}\"", kNormalization, name));
}

ModelOrigin origin_in(const tune::ModelFile& file) {
  try {
    const Json normalization = json_at(file, kNormalization);
    auto params = tune::format::params_from_json(text_at(file, kParams));
    tune::check_params(params, manifest().parameters);
    return {.settings = settings_in(file),
            .params = std::move(params),
            .image = image_in(file),
            .normalization = {finite_in(normalization, "scale"), finite_in(normalization, "shift")}};
  } catch (const tune::InvalidArgument& error) {
    throw FormatError(error.what());
  }
}

/// Also makes sure that the loss can be told.
Network network_of(const ModelOrigin& origin, std::int64_t n_classes) {
  try {
    static_cast<void>(loss_config(origin.params));
    return build_network(origin.params, origin.image, n_classes);
  } catch (const tune::InvalidArgument& error) {
    throw FormatError(error.what());
  }
}

std::span<float> part_of(const NamedTensor& tensor, std::vector<float>& parameters,
                         std::vector<float>& buffers) {
  return std::span(tensor.is_buffer ? buffers : parameters)
      .subspan(tensor.offset, static_cast<std::size_t>(element_count(tensor.shape)));
}

/// Whether the file has the tensor, in that shape.
const tune::ModelTensor& tensor_in(const tune::ModelFile& file, const NamedTensor& wanted) {
  const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [&](const tune::ModelTensor& tensor) { return tensor.name == wanted.name; });
  if (found == file.tensors.end()) throw FormatError(fmt::format("it has no tensor {}", wanted.name));
  if (!std::equal(wanted.shape.begin(), wanted.shape.end(), found->shape.begin(), found->shape.end(),
                  [](std::int64_t a, std::uint64_t b) { return static_cast<std::uint64_t>(a) == b; }))
    throw FormatError(fmt::format("tensor {} is [{}], the network has [{}]", wanted.name,
                                  fmt::join(found->shape, ", "), fmt::join(wanted.shape, ", ")));
  return *found;
}

/// Before memory is asked for: the network's sizes are what metadata say, the tensors' are what the file has.
void check_tensors(const tune::ModelFile& file, const std::vector<NamedTensor>& wanted) {
  for (const NamedTensor& tensor : wanted) static_cast<void>(tensor_in(file, tensor));
  if (file.tensors.size() != wanted.size())
    throw FormatError(fmt::format("it has {} tensors, the network {}", file.tensors.size(), wanted.size()));
}

/// An engine that only evaluates needs no optimizer that remembers.
EngineConfig evaluation_config(const Network& network, const tune::ParamValues& params) {
  return {.network = network,
          .loss = loss_config(params),
          .gradients = {},
          .optimizer = {.kind = OptimizerKind::kSgd},
          .max_batch = 1};
}

std::vector<std::uint32_t> all_positions(const TrainingData& data) {
  std::vector<std::uint32_t> positions(data.examples.count);
  std::iota(positions.begin(), positions.end(), 0U);
  return positions;
}

/// Replaces the outputs of one example by their softmax, in double.
void softmax(std::span<const float> outputs, std::span<double> probabilities) {
  const double largest = *std::max_element(outputs.begin(), outputs.end());
  double sum = 0.0;
  for (std::size_t c = 0; c < outputs.size(); ++c) sum += probabilities[c] = std::exp(outputs[c] - largest);
  for (double& probability : probabilities) probability /= sum;
}

}  // namespace

tune::ModelFile model_file(const ModelOrigin& origin, const Network& network, const Engine& engine) {
  auto parameters = engine.parameters();
  auto buffers = engine.buffers();
  tune::ModelFile file;
  for (const NamedTensor& tensor : network.tensors()) {
    const auto values = part_of(tensor, parameters, buffers);
    file.tensors.push_back({.name = tensor.name,
                            .shape = {tensor.shape.begin(), tensor.shape.end()},
                            .values = {values.begin(), values.end()}});
  }
  file.metadata = {{kSettings, tune::format::params_to_json(origin.settings.all())},
                   {kParams, tune::format::params_to_json(origin.params)},
                   {kImage, Json(origin.image).dump()},
                   {kNormalization, Json{{"scale", static_cast<double>(origin.normalization.scale)},
                                         {"shift", static_cast<double>(origin.normalization.shift)}}
                                        .dump()},
                   {kClasses, std::to_string(origin.settings.get_int("classes"))},
                   {kNetwork, network.text()}};
  return file;
}

Model::Model(const tune::ModelFile& file, std::string device)
    : origin_(origin_in(file)),
      n_classes_(static_cast<std::size_t>(origin_.settings.get_int("classes"))),
      network_(network_of(origin_, origin_.settings.get_int("classes"))),
      device_(std::move(device)) {
  const std::string engine = origin_.settings.get_string("engine");
  if ((engine == "gemm" || engine == "tensor") && !dense_layers(network_))
    throw FormatError("its engine is " + engine + ", which has dense layers only, and its network has others");
  const auto tensors = network_.tensors();
  check_tensors(file, tensors);
  parameters_.resize(network_.parameter_count());
  buffers_.resize(network_.buffer_count());
  for (const NamedTensor& tensor : tensors)
    std::ranges::copy(tensor_in(file, tensor).values, part_of(tensor, parameters_, buffers_).begin());
}

std::unique_ptr<Engine> Model::engine_over(std::shared_ptr<const TrainingData> data) const {
  auto engine = make_engine(origin_.settings.get_string("engine"), std::move(data),
                            evaluation_config(network_, origin_.params), device_);
  engine->restore({.parameters = parameters_, .buffers = buffers_, .optimizer = {}});
  return engine;
}

std::shared_ptr<const TrainingData> Model::seen_by_network(Examples examples, const std::string& source) const {
  if (const auto shape = examples.image_shape(); shape != origin_.image)
    throw tune::Error(
        fmt::format("{}: expected images of {} x {} pixels, as the model was trained on, found {} x {}", source,
                    origin_.image[1], origin_.image[2], shape[1], shape[2]));
  auto data = std::make_shared<TrainingData>();
  data->examples = std::move(examples);
  data->normalization = origin_.normalization;
  data->n_classes = n_classes_;
  return data;
}

tune::ClassifierTest Model::test(const std::filesystem::path& data_dir) {
  DataOptions source;
  source.dataset = origin_.settings.get_string("dataset");
  source.data_dir = data_dir;
  source.n_classes = n_classes_;
  const auto data = seen_by_network(load_test_set(source), "the test set of " + source.dataset);
  const auto engine = engine_over(data);
  const auto positions = all_positions(*data);
  const auto n = static_cast<double>(positions.size());
  tune::ClassifierTest test{.loss = engine->evaluate(positions).loss / n,
                            .confusion = {n_classes_, std::vector<std::int64_t>(n_classes_)},
                            .data_crc32 = data->examples.crc32};
  const auto outputs = engine->outputs(positions);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto begin = outputs.begin() + static_cast<std::ptrdiff_t>(i * n_classes_);
    const auto found = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(n_classes_)) - begin;
    ++test.confusion[data->examples.labels[i]][static_cast<std::size_t>(found)];
  }
  return test;
}

tune::Predictions Model::predict(const std::filesystem::path& images) {
  const auto data = seen_by_network(load_images(images), images.string());
  const auto outputs = engine_over(data)->outputs(all_positions(*data));
  tune::Predictions predictions{n_classes_, std::vector<double>(outputs.size())};
  for (std::size_t begin = 0; begin < outputs.size(); begin += n_classes_)
    softmax(std::span(outputs).subspan(begin, n_classes_),
            std::span(predictions.probabilities).subspan(begin, n_classes_));
  return predictions;
}

}  // namespace fmnist
