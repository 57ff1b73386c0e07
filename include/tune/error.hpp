#pragma once

#include <stdexcept>
#include <string>

namespace tune {

/// Root of every exception this library throws on purpose.
///
/// Pruning and stopping are return values, never exceptions. `can_retry()` answers the one question a
/// caller needs: may the same call be made again and be expected to go through?
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  [[nodiscard]] virtual bool can_retry() const noexcept { return false; }
};

/// A value given by the caller is outside what the contract allows. Nothing has changed.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// The storage cannot do what was asked: I/O error, full disk, foreign or damaged file, wrong schema.
/// The transaction was rolled back; what was stored before is untouched.
class StorageError : public Error {
 public:
  using Error::Error;
};

/// Somebody else held the storage for longer than the busy time-out. Nothing has changed.
class StorageBusy : public StorageError {
 public:
  using StorageError::StorageError;
  [[nodiscard]] bool can_retry() const noexcept override { return true; }
};

/// `create_study` found a study of that name.
class StudyExists : public StorageError {
 public:
  using StorageError::StorageError;
};

/// No study of that name or id is in the storage.
class StudyNotFound : public StorageError {
 public:
  using StorageError::StorageError;
};

/// The caller no longer holds the trial it writes to: it was finished, requeued or taken over.
/// Nothing has changed; the caller must drop the trial.
class StaleClaim : public StorageError {
 public:
  using StorageError::StorageError;
};

/// A distribution, attribute or study in the storage or in JSON is not what Optuna's format allows.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// A device (not the trial on it) is broken: a driver error, a lost GPU. The executor puts the trial back
/// into the queue and takes a device that keeps failing out of service.
class DeviceError : public Error {
 public:
  using Error::Error;
};

}  // namespace tune
