// The first runs of a version, made before it takes requests.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_

#include <string>
#include <vector>

#include "cpp_server/tensorflow/saved_model.h"

namespace trilho {

// What became of one signature.
struct WarmupResult {
  std::string signature;
  absl::Status status;
};

// Runs every signature once with an example of zeros, unknown dimensions taken
// as one: TensorFlow prepares a graph at the first run of each set of inputs
// and outputs, which takes 14 to 125 ms. Zeros may not suit a model, so an
// error here is worth a line in the log and no more. Strings, which mostly
// hold serialized messages, are left empty; `with_strings` false leaves
// signatures that take any to somebody who has such messages.
std::vector<WarmupResult> WarmUp(const SavedModel& model, bool with_strings = true);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_
