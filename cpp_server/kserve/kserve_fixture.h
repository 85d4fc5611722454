// What the tests of both fronts ask: real models, and a note of every inference.

#ifndef TRILHO_CPP_SERVER_KSERVE_KSERVE_FIXTURE_H_
#define TRILHO_CPP_SERVER_KSERVE_KSERVE_FIXTURE_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/kserve/kserve_repository.h"
#include "cpp_server/metrics/model_statistics.h"
#include "cpp_server/services/inference_method.h"
#include "cpp_server/testing/served_models.h"
#include "gtest/gtest.h"

namespace trilho {

class InferenceNotes final : public InferenceObserver {
 public:
  void OnEnd(const InferenceRecord& record) override { records_.push_back(record); }
  const std::vector<InferenceRecord>& records() const { return records_; }

 private:
  std::vector<InferenceRecord> records_;
};

// half_plus_two in versions 1 ("stable") and 2, mnist_like, defaulted and pieces in version 1,
// and "broken", which is known but has no available version.
class KServeFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half_plus_two", "half_plus_two", {1, 2}));
    ASSERT_TRUE(models_->Serve("mnist_like", "mnist_like", {1}));
    ASSERT_TRUE(models_->Serve("defaulted", "defaulted", {1}));
    ASSERT_TRUE(models_->Serve("pieces", "pieces", {1}));
    AspiredVersions broken;
    broken.model = "broken";
    broken.aspired = {{1, "/no/such/model"}};
    models_->manager()->SetAspiredVersions(broken);
    ASSERT_FALSE(models_->manager()->WaitUntilSettled({"broken"}, std::chrono::minutes(1)));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  KServeFixture()
      : predictor_(models_->manager(), &Label),
        repository_(&predictor_, models_->manager(), &statistics_, &KServeFixture::Models),
        closed_repository_(&predictor_, models_->manager(), &statistics_, nullptr) {
    hooks_.observers = {&notes_, &statistics_};
  }

  static ServedModels* models_;
  const Predictor predictor_;
  InferenceNotes notes_;
  ModelStatistics statistics_;
  InferenceHooks hooks_;
  // Of a port that tells which models there are, and of one that does not.
  const KServeRepository repository_;
  const KServeRepository closed_repository_;
  bool ready_ = true;

 private:
  // The models that are served, of which half_plus_two has a version that ended, and one without a folder.
  static management::ListModelsResponse Models() {
    management::ListModelsResponse response;
    const auto add = [](management::Model* model, int64_t version, const char* state, const char* error) {
      management::ModelVersion* const added = model->add_versions();
      added->set_version(version);
      added->set_state(state);
      added->set_error_message(error);
    };
    management::Model* const half_plus_two = response.add_models();
    half_plus_two->set_name("half_plus_two");
    add(half_plus_two, 3, "LOADING", "");
    add(half_plus_two, 2, "AVAILABLE", "");
    add(half_plus_two, 1, "AVAILABLE", "");
    add(half_plus_two, 0, "END", "");
    management::Model* const broken = response.add_models();
    broken->set_name("broken");
    add(broken, 1, "END", "no such file");
    management::Model* const nowhere = response.add_models();
    nowhere->set_name("nowhere");
    nowhere->set_problem("there is no /models/nowhere");
    return response;
  }
  static absl::StatusOr<int64_t> Label(absl::string_view /*model*/, absl::string_view label) {
    if (label == "stable") return 1;
    return absl::InvalidArgumentError("Unrecognized servable version label: " + std::string(label));
  }
};

inline ServedModels* KServeFixture::models_ = nullptr;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_KSERVE_KSERVE_FIXTURE_H_
