// The first runs of a version, made before it takes requests.

#ifndef TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_
#define TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/tensorflow/timed_runs.h"

namespace trilho {

// Which signatures of a version may be run by nobody's request.
struct WarmupPlan {
  std::vector<std::string> runs;
  // With the reason, e.g. an operation that changes something.
  std::map<std::string, std::string> left_out;

  // Returns a line for people; `budget` is that of the runs.
  std::string Describe(std::chrono::milliseconds budget) const;
};

// Plans to run every signature whose run changes nothing, see Signature::effect. Strings, which mostly hold serialized
// messages, are left empty; `with_strings` false leaves signatures that take any to somebody who has such messages.
WarmupPlan PlanWarmup(const Signatures& signatures, bool with_strings);

// Runs the signatures of `plan` once each with an example of zeros, unknown dimensions taken as one: TensorFlow
// prepares a graph at the first run of each set of inputs and outputs, which takes 14 to 125 ms. Zeros may not suit a
// model, so that an error is worth a line in the log and no more. The runs are made on threads that run no request; one
// that takes longer than `budget` is ended between two operations, and one whose operation does not end keeps the
// session, and one of kWarmUpThreads, until it does.
TimedRunsResult WarmUp(const SavedModel& model, const WarmupPlan& plan, std::chrono::milliseconds budget);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TENSORFLOW_WARMUP_H_
