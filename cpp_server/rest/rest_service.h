// TF Serving's REST API.

#ifndef TRILHO_CPP_SERVER_REST_REST_SERVICE_H_
#define TRILHO_CPP_SERVER_REST_REST_SERVICE_H_

#include <memory>

#include "cpp_server/core/manager.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_handler.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// Answers what IsRestPath says is its own: predict, classify and regress on the
// data plane, status and metadata on the control plane. Same semantics, bodies
// and messages as TF Serving. Thread-safe; everything it uses outlives it.
class RestService {
 public:
  RestService(const Predictor* predictor, const Manager* manager, const InferenceHooks* hooks)
      : predictor_(predictor), manager_(manager), hooks_(hooks) {}

  static HttpPlane PlaneOf(absl::string_view method);
  // Whether a POST of this path and query has a body that is looked at.
  static bool TakesBody(absl::string_view path, absl::string_view query);

  void Handle(const std::shared_ptr<HttpCall>& call) const;

  // Records that the front refuses `call`, if it is an inference. On any thread; quick.
  void Refuse(const HttpCall& call, const absl::Status& status) const;

 private:
  const Predictor* const predictor_;
  const Manager* const manager_;
  const InferenceHooks* const hooks_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REST_REST_SERVICE_H_
