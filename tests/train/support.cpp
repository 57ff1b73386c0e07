#include "train/support.hpp"

#include <libdeflate.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

#include "fmnist/manifest.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace train_test {

namespace fs = std::filesystem;

TempDir::TempDir() {
  std::string pattern = (fs::temp_directory_path() / "fmnist-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::uint8_t> idx_bytes(const std::vector<std::uint32_t>& sizes,
                                    const std::vector<std::uint8_t>& data) {
  std::vector<std::uint8_t> bytes{0, 0, 8, static_cast<std::uint8_t>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

void write_file(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::uint8_t> gzip_bytes(const std::vector<std::uint8_t>& bytes) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::vector<std::uint8_t> archive(libdeflate_gzip_compress_bound(compressor, bytes.size()));
  archive.resize(
      libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(), archive.data(), archive.size()));
  libdeflate_free_compressor(compressor);
  return archive;
}

void write_small_set(const fs::path& folder, const std::vector<std::uint8_t>& labels) {
  const auto n = static_cast<std::uint32_t>(labels.size());
  std::vector<std::uint8_t> pixels(n * 6);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  fs::create_directories(folder);
  write_file(folder / "train-images-idx3-ubyte", idx_bytes({n, 2, 3}, pixels));
  write_file(folder / "train-labels-idx1-ubyte.gz", gzip_bytes(idx_bytes({n}, labels)));
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const tune::Error& error) {
    return error.what();
  }
  return {};
}

testing::AssertionResult mentions(const std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts) {
    if (text.find(part) == std::string::npos) {
      return testing::AssertionFailure() << '"' << text << "\" does not mention \"" << part << '"';
    }
  }
  return testing::AssertionSuccess();
}

std::shared_ptr<const fmnist::TrainingData> made_up_data(std::size_t n, std::size_t features,
                                                         std::size_t n_classes, std::size_t height) {
  auto data = std::make_shared<fmnist::TrainingData>();
  data->n_classes = n_classes;
  data->examples.count = n;
  data->examples.features = features;
  data->examples.height = height;
  tune::RandomStream stream({3, n, tune::Purpose::kAugmentation, features});
  for (std::size_t i = 0; i < n; ++i) {
    data->examples.labels.push_back(static_cast<std::uint8_t>(i % n_classes));
    for (std::size_t j = 0; j < features; ++j) {
      const std::uint64_t bright = j % n_classes == i % n_classes ? 100 : 0;
      const std::uint64_t pixel = bright + stream.below(150);
      const bool is_black = (i / 8 + j / 8) % 3 == 0;  // As images have it, in spots.
      data->examples.pixels.push_back(static_cast<std::uint8_t>(is_black ? 0 : pixel));
    }
  }
  data->split = fmnist::stratified_split(data->examples.labels, n / 5, std::nullopt, 0);
  data->normalization = fmnist::normalization_of(data->examples, data->split.training);
  return data;
}

std::shared_ptr<const fmnist::TrainingData> fashion_mnist(std::size_t n_training, std::size_t n_validation) {
  fmnist::DataOptions options;
  options.n_validation = n_validation;
  options.n_training = n_training;
  return fmnist::load_training_data(options);
}

tune::ParamValues params_with(const tune::ParamValues& given) {
  tune::ParamValues params = given;
  for (const auto& spec : fmnist::manifest().parameters) {
    if (!spec.per_layer) params.emplace(spec.name, spec.default_value);
  }
  return params;
}

tune::ObjectiveConfig config_with(const tune::ParamValues& settings, std::vector<std::string> metrics) {
  tune::ObjectiveConfig config;
  config.settings = tune::with_defaults(fmnist::manifest().settings, settings);
  config.metrics = std::move(metrics);
  config.devices = {"cpu"};
  return config;
}

bool FakeTrial::resume(const Take& take) {
  if (!checkpoint) return false;
  try {
    take(*checkpoint);
    return true;
  } catch (const tune::FormatError& error) {
    refusals.emplace_back(error.what());
    return false;
  }
}

}  // namespace train_test
