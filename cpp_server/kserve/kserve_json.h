// What the Open Inference Protocol tells of the server and its models, in its JSON.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_JSON_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kserve/open_inference.pb.h"

namespace trilho {

// Integers are numbers, whatever their size, as Triton writes them.
std::string ServerMetadataJson(const inference::ServerMetadataResponse& metadata);
std::string ModelMetadataJson(const inference::ModelMetadataResponse& metadata);
std::string ModelConfigJson(const inference::ModelConfig& config);
std::string ModelStatisticsJson(const inference::ModelStatisticsResponse& statistics);

// A list, of which an entry has no version and no reason where that is empty.
std::string RepositoryIndexJson(const inference::RepositoryIndexResponse& index);

// Reads the body of a request for the index: nothing, or an object with perhaps "ready", which only lists what answers.
absl::StatusOr<bool> ReadOnlyReady(absl::string_view json);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_JSON_H_
