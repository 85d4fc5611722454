// The threads of all planes of the HTTP front.

#ifndef TRILHO_CPP_SERVER_HTTP_CALL_PLANES_H_
#define TRILHO_CPP_SERVER_HTTP_CALL_PLANES_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "cpp_server/admission/plane.h"
#include "cpp_server/http/call_pool.h"
#include "cpp_server/http/server_call.h"

namespace trilho {

// Thread-safe.
class CallPlanes {
 public:
  // `run` handles a call, on a thread of its plane.
  CallPlanes(int data_threads, size_t max_waiting_data_calls, CallPool::Run run);

  // RESOURCE_EXHAUSTED if there were not so many threads to be had.
  absl::Status status() const;

  // Has a thread of its endpoint's plane run `call`, which need not wait for one if it is instant. RESOURCE_EXHAUSTED
  // if too many calls wait.
  absl::Status Submit(const std::shared_ptr<ServerCall>& call);

  // Returns whether `call` still waited; it will not run then.
  bool Remove(const ServerCall* call);

  // Returns how many calls of the data plane wait for a thread.
  size_t waiting_data_calls() const { return data_.waiting(); }

 private:
  CallPool& PoolOf(Plane plane);

  const CallPool::Run run_;
  CallPool data_;
  CallPool control_;
  CallPool probes_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_CALL_PLANES_H_
