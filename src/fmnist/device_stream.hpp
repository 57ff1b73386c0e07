#pragma once

#include <c10/core/Device.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>

#include <optional>

namespace fmnist {

/// A queue of work on a GPU, one of LibTorch's pool: what different ones are given may run at the same time.
/// Nothing on the CPU. What it computes with must outlive it.
class DeviceStream {
 public:
  explicit DeviceStream(const c10::Device& device);
  /// Waits for what it was given.
  ~DeviceStream();
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;

  /// While it lives, what this thread asks of LibTorch goes into the queue.
  class Scope {
   public:
    explicit Scope(const DeviceStream& stream) {
      if (stream.stream_) guard_.reset_stream(*stream.stream_);
    }

   private:
    c10::OptionalStreamGuard guard_;
  };

  /// Nothing on the CPU.
  [[nodiscard]] const std::optional<c10::Stream>& stream() const { return stream_; }

 private:
  std::optional<c10::Stream> stream_;
};

}  // namespace fmnist
