#include "fmnist/idx.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>

#include "fuzz/property.hpp"
#include "support/temporary_folder.hpp"

/// Any bytes as a file of images or labels: as many bytes as its sizes say, or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tune::testing;
  static const TemporaryFolder folder;
  const auto path = folder / "data";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  for (const std::size_t n_axes : {std::size_t{1}, std::size_t{3}}) {
    is_taken([&] {
      const fmnist::IdxArray array = fmnist::read_idx(path, n_axes);
      std::size_t product = 1;
      for (const std::size_t axis : array.sizes) product *= axis;
      require(array.sizes.size() == n_axes && array.data.size() == product, "an array has its size");
    });
  }
  return 0;
}
