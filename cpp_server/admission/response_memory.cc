#include "cpp_server/admission/response_memory.h"

#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

absl::Status Full(int64_t used, int64_t bound) {
  return absl::ResourceExhaustedError(absl::StrCat("the server is overloaded: callers have not taken ", used,
                                                   " bytes of answers, and --max_response_memory_bytes=", bound,
                                                   " is reached"));
}

}  // namespace

absl::Status ResponseMemory::Check() const {
  const int64_t used = used_.load(std::memory_order_relaxed);
  return used < bound_ ? absl::OkStatus() : Full(used, bound_);
}

ResponseMemory::Share::Share(Share&& other) noexcept
    : memory_(std::move(other.memory_)), bytes_(std::exchange(other.bytes_, 0)) {}

ResponseMemory::Share& ResponseMemory::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  Release();
  memory_ = std::move(other.memory_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

absl::Status ResponseMemory::Share::Take(size_t bytes) {
  if (memory_ == nullptr) return absl::OkStatus();
  const auto more = static_cast<int64_t>(bytes);
  int64_t used = memory_->used_.load(std::memory_order_relaxed);
  do {
    if (used >= memory_->bound_) return Full(used, memory_->bound_);
  } while (!memory_->used_.compare_exchange_weak(used, used + more, std::memory_order_relaxed));
  bytes_ += more;
  return absl::OkStatus();
}

void ResponseMemory::Share::TakeBeyond(size_t bytes) {
  if (memory_ == nullptr) return;
  const auto more = static_cast<int64_t>(bytes);
  memory_->used_.fetch_add(more, std::memory_order_relaxed);
  bytes_ += more;
}

void ResponseMemory::Share::Release() {
  if (memory_ != nullptr) memory_->used_.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
}

}  // namespace trilho
