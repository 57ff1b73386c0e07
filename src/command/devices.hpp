#pragma once

#include <map>
#include <string>
#include <vector>

namespace command {

/// "cpu", then "cuda:0" … for each NVIDIA device that this process may use, by what the driver shows and
/// CUDA_VISIBLE_DEVICES; nothing is loaded for that.
[[nodiscard]] std::vector<std::string> available_devices();

/// The variables that keep a program to its device: CUDA_VISIBLE_DEVICES, empty on the CPU, and there one
/// thread each for numeric libraries, unless this process's environment says otherwise.
[[nodiscard]] std::map<std::string, std::string> device_environment(const std::string& device);

/// What CUDA calls the devices, in its order, where the driver has `all` and CUDA_VISIBLE_DEVICES is `visible`
/// (null: not set).
[[nodiscard]] std::vector<std::string> visible_devices(const std::vector<std::string>& all,
                                                       const char* visible);
/// The variables on a machine where "cuda:0" is the first of these.
[[nodiscard]] std::map<std::string, std::string> device_environment(
    const std::string& device, const std::vector<std::string>& cuda_devices);

}  // namespace command
