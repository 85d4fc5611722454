// What logs requests as PredictionService would have got them.

#ifndef TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_
#define TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_

#include "absl/strings/string_view.h"
#include "cpp_server/warmup/prediction_log.h"

namespace trilho {

// For the fronts whose messages are others. Thread-safe.
class RequestLogger {
 public:
  virtual ~RequestLogger() = default;

  // Whether the next request of `model` is to be logged: to be asked once for each.
  virtual bool Samples(absl::string_view model) const = 0;

  // Of a request that was sampled and answered, the serialized messages that PredictionService has for `kind`.
  virtual void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
                   absl::string_view response) const = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_
