// The Open Inference Protocol over REST.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/http/http_call.h"
#include "cpp_server/http/http_handler.h"
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
// V is a number or a label. Thread-safe; everything it uses outlives it.
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

  static bool IsKServePath(absl::string_view path);
  // Whether what is asked there is only if something is well: the answer is yes or no, without a reason.
  static bool IsProbe(absl::string_view path);
  static HttpPlane PlaneOf(absl::string_view method, absl::string_view path);
  // Whether a POST of this path has a body that is looked at.
  static bool TakesBody(absl::string_view path);

  // `call` is one of such a path.
  void Handle(const std::shared_ptr<HttpCall>& call) const;

  // Records that the front refuses `call`, if it is an inference. On any thread; quick.
  void Refuse(const HttpCall& call, const absl::Status& status) const;

 private:
  HttpResponse Statistics(const std::string& model, const std::string& version) const;
  // Answers a path of the repository.
  HttpResponse Repository(const HttpCall& call) const;

  const Predictor* const predictor_;
  const Manager* const manager_;
  const InferenceHooks* const hooks_;
  const KServeRepository* const repository_;
  const std::function<bool()> ready_;
  const std::function<bool()> stopping_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_REST_H_
