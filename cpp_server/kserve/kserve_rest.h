// The Open Inference Protocol over REST.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_endpoint.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/kserve/kserve_repository.h"
#include "cpp_server/services/inference_method.h"

namespace trilho {

//   GET  /v2                                        the server
//   GET  /v2/health/live, /v2/health/ready          200, or 503
//   GET  /v2/models/MODEL[/versions/V]              metadata
//   GET  /v2/models/MODEL[/versions/V]/ready        200, 503 if no version of it
//                                                   is available
//   GET  /v2/models/MODEL[/versions/V]/config       as Triton's clients ask
//   GET  /v2/models/MODEL[/versions/V]/stats        see KServeRepository
//   GET  /v2/models/stats                           the same for all models,
//                                                   unless one has that name
//   POST /v2/repository/index                       see KServeRepository
//   POST /v2/repository/models/MODEL/load, unload   501
//   POST /v2/models/MODEL[/versions/V]/infer        see infer_json.h; with the
//                                                   header
//                                                   Inference-Header-Content-Length
//                                                   tensors come in bytes behind
//                                                   that many of JSON, and so do
//                                                   outputs where asked for
//
// V is a number or a label. GET of what ends in live or ready is a probe: it needs no token, and its answer tells no
// reason. Thread-safe; everything it uses outlives it, and it outlives its routes.
class KServeRest {
 public:
  // `ready` says whether the server is, `stopping` whether it is about to stop: then no model is ready either; it may
  // be empty.
  KServeRest(const Predictor* predictor, const Manager* manager, const InferenceHooks* hooks,
             const KServeRepository* repository, std::function<bool()> ready, std::function<bool()> stopping = {})
      : predictor_(predictor),
        manager_(manager),
        hooks_(hooks),
        repository_(repository),
        ready_(std::move(ready)),
        stopping_(std::move(stopping)) {}

  std::vector<HttpRoute> Routes() const;

 private:
  // Path of a model, decoded.
  struct ModelPath;

  HttpEndpoint Find(const HttpRequestHead& head) const;
  // Returns the endpoint of a path of a model, and of any that is none.
  HttpEndpoint FindModel(const HttpRequestHead& head, Plane plane) const;
  HttpEndpoint ModelReady(ModelPath path) const;
  // Returns the endpoint of a path of the repository.
  HttpEndpoint Repository(const HttpRequestHead& head) const;
  HttpEndpoint Inference(ModelPath path) const;

  absl::StatusOr<HttpResponse> Metadata(const std::string& model, const std::string& version) const;
  absl::StatusOr<HttpResponse> Statistics(const std::string& model, const std::string& version) const;

  const Predictor* const predictor_;
  const Manager* const manager_;
  const InferenceHooks* const hooks_;
  const KServeRepository* const repository_;
  const std::function<bool()> ready_;
  const std::function<bool()> stopping_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_
