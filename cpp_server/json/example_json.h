// The bodies of TF Serving's REST classify and regress.

#ifndef TRILHO_CPP_SERVER_JSON_EXAMPLE_JSON_H_
#define TRILHO_CPP_SERVER_JSON_EXAMPLE_JSON_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/regression.pb.h"

namespace trilho {

struct ExamplesJsonRequest {
  // Empty if there is none.
  std::string signature_name;
  // A serialized tf.Example for each; the context's features come first.
  std::vector<std::string> examples;
};

// The most that a context, which is copied before every example, may grow to: a
// small request must not take all memory.
constexpr size_t kMaxRepeatedJsonContextBytes = size_t{256} << 20;

// Integers, true and false (1 and 0) become an int64_list, numbers with one that
// has a point or exponent a float_list, strings and base64 objects a bytes_list.
// INVALID_ARGUMENT, naming the feature, for a mixture or for what is no such
// body, or if the context would grow beyond kMaxRepeatedJsonContextBytes.
absl::StatusOr<ExamplesJsonRequest> ReadExamplesRequest(absl::string_view body);

// {"results": [[["label", score], ...], ...]}
std::string WriteClassifyResponse(const tensorflow::serving::ClassificationResult& result);

// {"results": [value, ...]}
std::string WriteRegressResponse(const tensorflow::serving::RegressionResult& result);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_EXAMPLE_JSON_H_
