// A whole server in the test's process, over real models and real gRPC.

#ifndef TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_FIXTURE_H_
#define TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_FIXTURE_H_

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/rpc/test_client.h"
#include "cpp_server/server/model_server.h"
#include "cpp_server/testing/test_directory.h"
#include "cpp_server/testing/test_models.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/prediction_service.grpc.pb.h"

namespace trilho {

class ModelServerFixture : public ::testing::Test {
 protected:
  // Models whose versions are below folders of their names, which are not there at first.
  ModelServer::Options OptionsFor(const std::vector<std::string>& names) {
    ModelServer::Options options;
    for (const std::string& name : names) {
      *options.models.mutable_model_config_list()->add_config() = ConfigFor(name);
    }
    options.grpc.port = 0;
    options.watch.poll_wait = std::chrono::milliseconds(20);
    options.max_num_load_retries = 0;
    return options;
  }

  tensorflow::serving::ModelConfig ConfigFor(const std::string& name) const {
    tensorflow::serving::ModelConfig config;
    config.set_name(name);
    config.set_base_path(folder_.Path(name));
    config.set_model_platform("tensorflow");
    return config;
  }

  // As a version that is copied, marked as complete and renamed into its place. Odd versions answer as the model's
  // first, even ones as its second.
  void Publish(const std::string& name, int version) {
    folder_.MakeFolder(name);
    const std::string staged = folder_.Path(name + "/staged");
    std::filesystem::copy(TestModel("half_plus_two", version % 2 == 1 ? 1 : 2), staged,
                          std::filesystem::copy_options::recursive);
    folder_.Write(name + "/staged/_SUCCESS", "");
    std::filesystem::rename(staged, folder_.Path(absl::StrCat(name, "/", version)));
  }

  std::unique_ptr<ModelServer> Started(const ModelServer::Options& options) {
    auto server = ModelServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    if (!server.ok()) return nullptr;
    EXPECT_TRUE((*server)->WaitUntilLoaded([] { return false; }).ok());
    return *std::move(server);
  }

  // Makes a version one that does not load.
  void Break(const std::string& name, int version) {
    const std::string graph = absl::StrCat(name, "/", version, "/saved_model.pb");
    folder_.Remove(graph);
    folder_.Write(graph, "this is no SavedModel");
  }

  static tensorflow::serving::PredictRequest RequestFor(const std::string& name) {
    tensorflow::serving::PredictRequest request;
    request.mutable_model_spec()->set_name(name);
    tensorflow::TensorProto& x = (*request.mutable_inputs())["x"];
    x.set_dtype(tensorflow::DT_FLOAT);
    x.mutable_tensor_shape()->add_dim()->set_size(1);
    x.add_float_val(4);
    return request;
  }

  // What model `name` makes of 4; a negative number for an error.
  static float Ask(const ModelServer& server, const std::string& name, const std::string& label = "") {
    tensorflow::serving::PredictRequest request = RequestFor(name);
    if (!label.empty()) request.mutable_model_spec()->set_version_label(label);
    grpc::ClientContext context;
    tensorflow::serving::PredictResponse response;
    const auto stub = tensorflow::serving::PredictionService::NewStub(LocalChannel(server.port()));
    const grpc::Status status = stub->Predict(&context, request, &response);
    return status.ok() ? response.outputs().at("y").float_val(0) : -static_cast<float>(status.error_code());
  }

  TestDirectory folder_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_MODEL_SERVER_FIXTURE_H_
