#include "cpp_server/http/call_planes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"

namespace trilho {
namespace {

constexpr int kControlThreads = 2;
constexpr int kProbeThreads = 1;
constexpr size_t kMaxWaitingControlCalls = 1024;

}  // namespace

CallPlanes::CallPlanes(int data_threads, size_t max_waiting_data_calls, CallPool::Run run)
    : run_(std::move(run)),
      data_(data_threads, max_waiting_data_calls, run_),
      control_(kControlThreads, kMaxWaitingControlCalls, run_),
      probes_(kProbeThreads, kMaxWaitingControlCalls, run_) {}

absl::Status CallPlanes::status() const {
  absl::Status status = data_.status();
  status.Update(control_.status());
  status.Update(probes_.status());
  return status;
}

CallPool& CallPlanes::PoolOf(Plane plane) {
  if (plane == Plane::kData) return data_;
  return plane == Plane::kProbe ? probes_ : control_;
}

absl::Status CallPlanes::Submit(const std::shared_ptr<ServerCall>& call) {
  const Plane plane = call->endpoint().plane;
  if (plane == Plane::kInstant) {
    run_(call);
    return absl::OkStatus();
  }
  CallPool& pool = PoolOf(plane);
  call->SetAgain([&pool](std::shared_ptr<ServerCall> again) { pool.AddAgain(std::move(again)); });
  if (pool.Add(call)) return absl::OkStatus();
  const std::string flag =
      plane == Plane::kData ? absl::StrCat(" (--max_queued_requests=", pool.max_waiting(), ")") : "";
  return absl::ResourceExhaustedError(absl::StrCat(
      "the server is overloaded: ", Counted(pool.max_waiting(), "call waits", "calls wait"), " already", flag));
}

bool CallPlanes::Remove(const ServerCall* call) {
  return data_.Remove(call) || control_.Remove(call) || probes_.Remove(call);
}

}  // namespace trilho
