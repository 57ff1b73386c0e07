#include "tune/model_file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/property.hpp"

/// Any bytes as a model: one that can be written again and is the same then, or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tune::testing;
  is_taken([&] {
    const tune::ModelFile model = tune::decode_model(std::as_bytes(std::span(data, size)));
    const tune::ModelFile again = tune::decode_model(tune::encode_model(model));
    require(again.metadata == model.metadata && again.tensors.size() == model.tensors.size(),
            "a model that was read can be written");
  });
  return 0;
}
