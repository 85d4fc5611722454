// The body of an infer request over REST: JSON, and tensors in bytes behind it.

#ifndef TRILHO_CPP_SERVER_KSERVE_INFER_JSON_H_
#define TRILHO_CPP_SERVER_KSERVE_INFER_JSON_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/kserve/infer.h"

namespace trilho {

struct JsonInferRequest {
  // Without the model and version, which are in the path.
  InferRequest request;
  std::string id;
  // Outputs that are to come in bytes behind the JSON, or all but those that
  // say otherwise.
  bool all_binary = false;
  std::set<std::string> binary;
  std::set<std::string> not_binary;

  bool IsBinary(const std::string& output) const {
    return binary.count(output) != 0 || (all_binary && not_binary.count(output) == 0);
  }
};

// `json` is an object with "inputs" and perhaps "id", "parameters" and
// "outputs"; an input with the parameter binary_data_size has that many bytes of
// `binary`, in their order, any other one "data", flat or nested as its shape.
// INVALID_ARGUMENT, naming the input, for what is no such request.
absl::StatusOr<JsonInferRequest> ReadInferJson(absl::string_view json, absl::string_view binary);

struct InferBody {
  // The JSON with what is binary behind it.
  std::string bytes;
  size_t json_size = 0;
  // Whether an output is in bytes, if only in none of them.
  bool has_binary = false;
};

// Strings that are not UTF-8 and not asked for in bytes become {"b64": "..."};
// what is not UTF-8 in the id becomes U+FFFD.
absl::StatusOr<InferBody> WriteInferJson(const std::string& model, const JsonInferRequest& asked,
                                         const InferResult& result);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_INFER_JSON_H_
