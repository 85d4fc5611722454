// Predict, Classify and Regress from JSON to JSON.

#ifndef TRILHO_CPP_SERVER_REST_REST_INFERENCE_H_
#define TRILHO_CPP_SERVER_REST_REST_INFERENCE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/inference/inference_record.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/rest/rest_path.h"

namespace trilho {

using JsonDone = std::function<void(absl::StatusOr<std::string>)>;

// Each calls `done` once, now or later, with the body of the answer. `record`
// must live until then, the others until the function returns.
void RestPredict(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                 InferenceRecord* record, JsonDone done);
void RestClassify(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                  InferenceRecord* record, JsonDone done);
void RestRegress(const Predictor& predictor, const RestPath& path, absl::string_view body, const CallContext& context,
                 InferenceRecord* record, JsonDone done);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REST_REST_INFERENCE_H_
