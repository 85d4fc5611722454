// TF Serving's REST API.

#ifndef TRILHO_CPP_SERVER_REST_REST_SERVICE_H_
#define TRILHO_CPP_SERVER_REST_REST_SERVICE_H_

#include <vector>

#include "cpp_server/core/manager.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/rest/rest_path.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

// Answers everything below kRestPrefix: predict, classify and regress on the data plane, status and metadata on the
// control plane. Same semantics, bodies and messages as TF Serving. Thread-safe; everything it uses outlives it, and it
// outlives its routes.
class RestService {
 public:
  RestService(const Predictor* predictor, const Manager* manager, const InferenceHooks* hooks)
      : predictor_(predictor), manager_(manager), hooks_(hooks) {}

  std::vector<HttpRoute> Routes() const;

 private:
  HttpEndpoint Find(const HttpRequestHead& head) const;
  HttpEndpoint Inference(RestPath path) const;

  const Predictor* const predictor_;
  const Manager* const manager_;
  const InferenceHooks* const hooks_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REST_REST_SERVICE_H_
