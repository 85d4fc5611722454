// The request log, as those see it who answer requests.

#ifndef TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_
#define TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_

#include "absl/strings/string_view.h"
#include "cpp_server/warmup/prediction_log.h"

namespace trilho {

// Logs requests as PredictionService gets them, or would have got them. Thread-safe.
class RequestLogger {
 public:
  virtual ~RequestLogger() = default;

  // Returns whether the next request of `model` is to be logged: to be asked once for each.
  virtual bool Samples(absl::string_view model) const = 0;

  // Logs a request that was sampled and answered: the serialized messages that PredictionService has for `kind`.
  virtual void Log(PredictionLogField kind, absl::string_view model, absl::string_view request,
                   absl::string_view response) const = 0;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_INFERENCE_REQUEST_LOGGER_H_
