// Triton's extensions of the protocol: which models there are, and how often they were asked.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_REPOSITORY_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_REPOSITORY_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/manager.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/metrics/model_statistics.h"
#include "kserve/open_inference.pb.h"
#include "trilho/management.pb.h"

namespace trilho {

// Thread-safe; everything it uses outlives it.
class KServeRepository {
 public:
  // Lists every configured model.
  using Models = std::function<management::ListModelsResponse()>;

  // `models` is empty where another port is for the management: all that follows is PERMISSION_DENIED then.
  KServeRepository(const Predictor* predictor, const Manager* manager, const ModelStatistics* statistics, Models models)
      : predictor_(*predictor), manager_(*manager), statistics_(*statistics), models_(std::move(models)) {}

  // Lists every version of every model, or those that answer; a model of which no version is known has an entry too.
  absl::StatusOr<inference::RepositoryIndexResponse> Index(bool only_ready) const;

  // Tells of the available versions of `model`, or of the one that `version` names. All models if `model` is empty.
  // NOT_FOUND or INVALID_ARGUMENT for a model, version or label that cannot be asked.
  absl::StatusOr<inference::ModelStatisticsResponse> Statistics(const std::string& model,
                                                                const std::string& version) const;

  // Returns why nothing is loaded or unloaded, with the service that adds and removes models.
  absl::Status LoadRefused() const;

 private:
  absl::Status CheckAllowed() const;
  void Add(const std::string& model, int64_t version, inference::ModelStatisticsResponse* response) const;
  void AddAvailable(const std::string& model, inference::ModelStatisticsResponse* response) const;

  const Predictor& predictor_;
  const Manager& manager_;
  const ModelStatistics& statistics_;
  const Models models_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_REPOSITORY_H_
