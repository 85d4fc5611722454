// A claim on a loaded version: while a handle lives, the version stays loaded.

#ifndef TRILHO_CPP_SERVER_CORE_SERVABLE_HANDLE_H_
#define TRILHO_CPP_SERVER_CORE_SERVABLE_HANDLE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "cpp_server/core/servable.h"

namespace trilho {

// Movable, owned by one request. Dropping it never blocks and never runs the
// servable's destructor, so a data thread may drop it.
template <typename T>
class ServableHandle {
 public:
  ServableHandle() = default;
  // `lease` keeps `servable` alive; see Manager.
  ServableHandle(std::shared_ptr<const void> lease, T* servable, int64_t version)
      : lease_(std::move(lease)), servable_(servable), version_(version) {}

  ServableHandle(ServableHandle&&) noexcept = default;
  ServableHandle& operator=(ServableHandle&&) noexcept = default;
  ServableHandle(const ServableHandle&) = delete;
  ServableHandle& operator=(const ServableHandle&) = delete;

  T& operator*() const { return *servable_; }
  T* operator->() const { return servable_; }
  T* get() const { return servable_; }
  explicit operator bool() const { return servable_ != nullptr; }

  // The version that answers, also when the request named none.
  int64_t version() const { return version_; }

  // Gives the claim away, e.g. to a handle of a derived type.
  std::shared_ptr<const void> ReleaseLease() && { return std::move(lease_); }

 private:
  std::shared_ptr<const void> lease_;
  T* servable_ = nullptr;
  int64_t version_ = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_SERVABLE_HANDLE_H_
