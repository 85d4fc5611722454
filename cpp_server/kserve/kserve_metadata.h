// What the Open Inference Protocol tells of the server and its models.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_METADATA_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_METADATA_H_

#include <string>

#include "absl/status/statusor.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/inference/predictor.h"
#include "kserve/open_inference.pb.h"

namespace trilho {

inference::ServerMetadataResponse KServeServerMetadata();

// Describes the default signature, or the first one by name if there is none, and names all available versions.
// NOT_FOUND for an unknown model or version.
absl::StatusOr<inference::ModelMetadataResponse> KServeModelMetadata(const Predictor& predictor, const Manager& manager,
                                                                     const std::string& model,
                                                                     const std::string& version);

// The same as Triton's clients ask for it.
absl::StatusOr<inference::ModelConfig> KServeModelConfig(const Predictor& predictor, const std::string& model,
                                                         const std::string& version);

// OK if it can be asked; NOT_FOUND or INVALID_ARGUMENT with the reason if not.
absl::Status KServeModelReady(const Predictor& predictor, const std::string& model, const std::string& version);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_METADATA_H_
