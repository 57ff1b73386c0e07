#include "cli/run/devices.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <thread>

#include "cli/command.hpp"

namespace fmnist_tune {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> automatic_devices(const std::vector<std::string>& available) {
  std::vector<std::string> devices;
  std::copy_if(available.begin(), available.end(), std::back_inserter(devices),
               [](const std::string& device) { return device != "cpu"; });
  return devices.empty() ? std::vector<std::string>{"cpu"} : devices;
}

void check_available(const std::vector<std::string>& wanted, const std::vector<std::string>& available) {
  for (const std::string& device : wanted) {
    if (!contains(available, device)) {
      throw UsageError(fmt::format("--devices: there is no device \"{}\" here; available: {}", device,
                                   fmt::join(available, ", ")));
    }
  }
}

/// Jobs on each device, in the order of the devices.
std::vector<std::int64_t> job_counts(const RunRequest& request, const std::vector<std::string>& devices) {
  std::vector<std::int64_t> counts(devices.size(), request.jobs_per_device.value_or(1));
  if (request.jobs_per_device) return counts;
  if (request.jobs) {
    const auto n = static_cast<std::int64_t>(devices.size());
    for (std::int64_t i = 0; i < n; ++i) {
      counts[static_cast<std::size_t>(i)] = *request.jobs / n + (i < *request.jobs % n ? 1 : 0);
    }
    return counts;
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i] == "cpu") counts[i] = usable_cores();
  }
  return counts;
}

}  // namespace

std::vector<tune::DeviceSlot> choose_slots(const RunRequest& request,
                                           const std::vector<std::string>& available) {
  const auto devices = request.devices.empty() ? automatic_devices(available) : request.devices;
  check_available(devices, available);
  const auto counts = job_counts(request, devices);
  std::vector<tune::DeviceSlot> slots;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    for (int job = 0; job < counts[i]; ++job) {
      slots.push_back({devices[i], job, static_cast<int>(slots.size())});
    }
  }
  return slots;
}

std::vector<std::string> devices_of(const std::vector<tune::DeviceSlot>& slots) {
  std::vector<std::string> devices;
  for (const auto& slot : slots) {
    if (!contains(devices, slot.device)) devices.push_back(slot.device);
  }
  return devices;
}

int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace fmnist_tune
