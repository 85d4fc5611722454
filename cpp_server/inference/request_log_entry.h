// One inference as the request log gets it.

#ifndef TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOG_ENTRY_H_
#define TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOG_ENTRY_H_

#include <new>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "cpp_server/inference/request_logger.h"

namespace trilho {

// The only way of a request to the request log, whatever protocol it came by: whoever runs the model keeps the messages
// here that PredictionService has for the inference, and whoever answers the call logs them with the answer. Nothing is
// kept of a request that is not sampled, and none fails for want of memory to log it. For one thread at a time.
class RequestLogEntry {
 public:
  // Logs nothing.
  RequestLogEntry() = default;
  // `logger` may be null; it outlives the entry.
  explicit RequestLogEntry(const RequestLogger* logger) : logger_(logger) {}

  // Keeps the serialized request that `write` returns, a message of `kind`, if the logger samples the request. Called
  // once at most.
  template <typename Write>
  void SetRequest(PredictionLogField kind, absl::string_view model, Write write) {
    if (logger_ == nullptr || !logger_->Samples(model)) return;
    WithMemory([&] {
      request_ = write();
      kind_ = kind;
    });
  }

  bool has_request() const { return kind_.has_value(); }

  // Keeps the serialized response that `write` returns, if a request was kept.
  template <typename Write>
  void SetResponse(Write write) {
    if (!kind_) return;
    WithMemory([&] { response_ = write(); });
  }

  // Logs what was kept, if it is both a request and a response, and keeps it no longer. For a call that is answered.
  void Log(absl::string_view model) {
    if (kind_ && response_) WithMemory([&] { logger_->Log(*kind_, model, request_, *response_); });
    kind_.reset();
    request_ = std::string();
    response_.reset();
  }

  // Logs messages that need not be kept, if the logger samples the request.
  void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
           absl::string_view response) const {
    if (logger_ == nullptr || !logger_->Samples(model)) return;
    WithMemory([&] { logger_->Log(kind, model, request, response); });
  }

 private:
  template <typename Work>
  static void WithMemory(Work work) {
    try {
      work();
      // NOLINTNEXTLINE(bugprone-empty-catch): what there is no memory to log is answered all the same
    } catch (const std::bad_alloc&) {
    }
  }

  const RequestLogger* logger_ = nullptr;
  absl::optional<PredictionLogField> kind_;
  std::string request_;
  absl::optional<std::string> response_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOG_ENTRY_H_
