// What is known of an inference when it is over.

#ifndef TRILHO_CPP_SERVER_INFERENCE_INFERENCE_RECORD_H_
#define TRILHO_CPP_SERVER_INFERENCE_INFERENCE_RECORD_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "cpp_server/inference/call_context.h"
#include "cpp_server/inference/request_log_entry.h"
#include "cpp_server/tensorflow/runner.h"

namespace trilho {

struct InferenceRecord {
  // As asked for; empty if the request could not be read that far.
  std::string model;
  // The one that answered; absent if none was found.
  absl::optional<int64_t> version;
  std::string signature;
  // "Predict", "Classify", "Regress", "MultiInference", a typed method's name; over REST
  // "predict", "classify" or "regress", as TF Serving's metrics have it.
  std::string method;
  Protocol protocol = Protocol::kGrpc;
  std::string trace_id;
  // As in CallContext.
  std::string peer;
  absl::Status status;
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::duration duration{};
  RunTimes times;
  // Examples in the request: the first dimension of its inputs, if they have one.
  int64_t examples = 0;
  // Messages for the request log, of a request that it samples; none of an observer's business.
  RequestLogEntry log;
};

// Told of every inference, on whatever thread ends it, many at once. Must
// return soon and not throw.
class InferenceObserver {
 public:
  virtual ~InferenceObserver() = default;
  // Before the request is read.
  virtual void OnBegin() {}
  // The call that has begun waits now, and will begin anew. Comes in place of OnEnd.
  virtual void OnPutAside() {}
  virtual void OnEnd(const InferenceRecord& record) = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_INFERENCE_RECORD_H_
