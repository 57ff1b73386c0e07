#include "fmnist/device_stream.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

namespace fmnist {

DeviceStream::DeviceStream(const c10::Device& device) {
  if (!device.is_cpu()) stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

DeviceStream::~DeviceStream() {
  if (!stream_) return;
  try {
    stream_->synchronize();
  } catch (const c10::Error&) {
    // The device is broken: nothing runs there any more, and the trial's own call has said so.
  }
}

}  // namespace fmnist
