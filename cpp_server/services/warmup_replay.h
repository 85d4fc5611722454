// Warms a model up with the requests that it brings along.

#ifndef TRILHO_CPP_SERVER_SERVICES_WARMUP_REPLAY_H_
#define TRILHO_CPP_SERVER_SERVICES_WARMUP_REPLAY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/tensorflow/saved_model.h"
#include "cpp_server/warmup/warmup_file.h"

namespace trilho {

// Answers each record of the warm-up file below `directory` as PredictionService
// would, from `model`. The number of records, 0 if there is no file; the first
// error, with the record's number, otherwise. `done`, if not null, has the number
// that were answered, after an error too.
absl::StatusOr<int> ReplayWarmup(const std::string& directory, const WarmupOptions& options, SavedModel* model,
                                 int64_t version, int* done = nullptr);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVICES_WARMUP_REPLAY_H_
