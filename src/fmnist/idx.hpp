#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace fmnist {

/// The contents of an IDX file of unsigned bytes (LeCun's format of MNIST).
struct IdxArray {
  std::vector<std::size_t> sizes;  ///< One an axis, the first is the number of examples.
  std::vector<std::uint8_t> data;  ///< Row-major, the product of `sizes`.
};

/// Reads a plain or gzip-compressed IDX file with `n_axes` axes of unsigned bytes. Throws tune::Error that
/// names the path, what was expected and what was found: a missing or unreadable file, a wrong magic number,
/// another element type or number of axes, sizes that overflow, too few or too many bytes, a damaged archive,
/// more than 4 GiB. Memory grows with what the file holds, not with what its header or the end of an archive
/// claim.
[[nodiscard]] IdxArray read_idx(const std::filesystem::path& path, std::size_t n_axes);

}  // namespace fmnist
