// A Manager with the test models in it.

#ifndef TRILHO_CPP_SERVER_TESTING_SERVED_MODELS_H_
#define TRILHO_CPP_SERVER_TESTING_SERVED_MODELS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cpp_server/core/manager_for_test.h"
#include "cpp_server/inference/predictor.h"
#include "cpp_server/tensorflow/saved_model_loader.h"
#include "cpp_server/testing/test_models.h"

namespace trilho {

class ServedModels {
 public:
  explicit ServedModels(const SavedModelOptions& options = {}) : manager_(Options(options)), predictor_(&manager_) {}

  // Serves `versions` of the test model `model` as `name`; returns once one answers or none will.
  bool Serve(const std::string& name, const std::string& model, const std::vector<int>& versions) {
    AspiredVersions aspired;
    aspired.model = name;
    for (int version : versions) aspired.aspired.push_back({version, TestModel(model, version)});
    manager_.SetAspiredVersions(aspired);
    for (int version : versions) {
      // Settled means that one is available; wait for each of them.
      while (!manager_.GetUntypedServableHandle({name, version}).ok()) {
        if (!manager_.WaitUntilSettled({name}, std::chrono::minutes(1))) return false;
      }
    }
    return true;
  }

  ManagerForTest* manager() { return &manager_; }
  const Predictor* predictor() const { return &predictor_; }

 private:
  static Manager::Options Options(const SavedModelOptions& saved_model) {
    SavedModelLoaderOptions loader;
    loader.saved_model = saved_model;
    loader.synthetic_warm_up = std::chrono::milliseconds(0);
    Manager::Options options;
    options.loader_factory = SavedModelLoader::Factory(std::move(loader));
    options.max_num_load_retries = 0;
    return options;
  }

  ManagerForTest manager_;
  Predictor predictor_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_TESTING_SERVED_MODELS_H_
