#include "command/devices.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace command {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVisibleDevices = "CUDA_VISIBLE_DEVICES";
constexpr std::string_view kCuda = "cuda:";

/// Numbers of /dev/nvidia0, /dev/nvidia1, …
std::vector<std::string> devices_of_the_driver() {
  std::vector<int> numbers;
  constexpr std::string_view kPrefix = "nvidia";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || name.size() == kPrefix.size() || name.size() > kPrefix.size() + 4)
      continue;
    const bool is_number = std::all_of(name.begin() + kPrefix.size(), name.end(),
                                       [](unsigned char c) { return std::isdigit(c) != 0; });
    if (is_number) numbers.push_back(std::stoi(name.substr(kPrefix.size())));
  }
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> names;
  // CUDA counts the devices that it sees, whatever the numbers of their files.
  for (std::size_t i = 0; i < numbers.size(); ++i) names.push_back(std::to_string(i));
  return names;
}

std::vector<std::string> cuda_names() {
  return visible_devices(devices_of_the_driver(), std::getenv(kVisibleDevices));
}

}  // namespace

std::vector<std::string> visible_devices(const std::vector<std::string>& all, const char* visible) {
  if (visible == nullptr || all.empty()) return all;
  std::vector<std::string> names;
  std::istringstream list(visible);
  for (std::string name; std::getline(list, name, ',');) {
    // CUDA takes no device behind one that is not valid.
    if (name.empty() || name.starts_with('-')) break;
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> available_devices() {
  std::vector<std::string> devices = {"cpu"};
  for (std::size_t i = 0; i < cuda_names().size(); ++i)
    devices.push_back(std::string(kCuda) + std::to_string(i));
  return devices;
}

std::map<std::string, std::string> device_environment(const std::string& device) {
  return device_environment(device, cuda_names());
}

std::map<std::string, std::string> device_environment(const std::string& device,
                                                      const std::vector<std::string>& cuda_devices) {
  if (device.starts_with(kCuda)) {
    return {{kVisibleDevices, cuda_devices.at(std::stoul(device.substr(kCuda.size())))}};
  }
  std::map<std::string, std::string> environment = {{kVisibleDevices, ""}};
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
    if (std::getenv(name) == nullptr) environment[name] = "1";
  }
  return environment;
}

}  // namespace command
