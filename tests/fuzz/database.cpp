#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "fuzz/property.hpp"
#include "fuzz/use_storage.hpp"
#include "support/temporary_folder.hpp"

/// Any bytes as a file that somebody hands over: it is read and gone on with, or refused, and nothing but the
/// file is touched.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tune::testing;
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  const fs::path path = folder / "study.db";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  read_everything(path);
  write_everything(path);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    require(entry.path().filename().string().starts_with("study.db"), "no other file is made");
  }
  return 0;
}
