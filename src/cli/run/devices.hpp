#pragma once

#include <string>
#include <vector>

#include "cli/run/run_request.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {

/// The slots of a run on the devices that the module can use (`available`, "cpu" first).
///
/// Devices: those asked for, else every device that is not the CPU, else the CPU. Jobs: `--jobs-per-device` on
/// each, or `--jobs` in all, dealt out over the devices in turn; without either one a core on the CPU and one
/// on each other device. Throws UsageError for a device that is not there, with those that are.
[[nodiscard]] std::vector<tune::DeviceSlot> choose_slots(const RunRequest& request,
                                                         const std::vector<std::string>& available);

/// The devices of the slots, each once, in order.
[[nodiscard]] std::vector<std::string> devices_of(const std::vector<tune::DeviceSlot>& slots);

/// CPU cores this process may use, at least 1.
[[nodiscard]] int usable_cores();

}  // namespace fmnist_tune
