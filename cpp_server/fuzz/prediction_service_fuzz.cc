// Requests of every method of PredictionService to real models: each is
// answered once, with a response or an error.

#include <memory>

#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/testing/served_models.h"
#include "tensorflow/core/example/example.pb.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/inference.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

// Made once and kept to the end of the process.
struct World {
  ServedModels models;
  InferenceHooks hooks;
  ServiceDefinition service;

  World() {
    FuzzRequire(models.Serve("m", "half_plus_two", {1}), "the model loads");
    FuzzRequire(models.Serve("c", "census_like", {1}), "the model loads");
    service = PredictionService(models.predictor(), &hooks);
  }
};

World& TheWorld() {
  static World* const world = std::make_unique<World>().release();
  return *world;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  tensorflow::serving::PredictRequest predict;
  predict.mutable_model_spec()->set_name("m");
  tensorflow::TensorProto& x = (*predict.mutable_inputs())["x"];
  x.set_dtype(tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(2);
  x.add_float_val(1);
  x.add_float_val(2);
  seeds.push_back(predict.SerializeAsString());
  predict.add_output_filter("y");
  predict.mutable_model_spec()->mutable_version()->set_value(1);
  seeds.push_back(predict.SerializeAsString());

  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["x"].mutable_float_list()->add_value(0.5f);
  tensorflow::serving::ClassificationRequest classify;
  classify.mutable_model_spec()->set_name("c");
  classify.mutable_model_spec()->set_signature_name("classify");
  *classify.mutable_input()->mutable_example_list()->add_examples() = example;
  seeds.push_back(classify.SerializeAsString());
  auto* shared = classify.mutable_input()->mutable_example_list_with_context();
  *shared->mutable_context() = example;
  shared->add_examples();
  seeds.push_back(classify.SerializeAsString());

  tensorflow::serving::MultiInferenceRequest multi;
  for (const char* kind : {"classify", "regress"}) {
    auto* task = multi.add_tasks();
    task->mutable_model_spec()->set_name("c");
    task->mutable_model_spec()->set_signature_name(kind);
    task->set_method_name(std::string("tensorflow/serving/") + kind);
  }
  *multi.mutable_input()->mutable_example_list()->add_examples() = std::move(example);
  seeds.push_back(multi.SerializeAsString());
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  for (const UnaryMethod& method : TheWorld().service.methods) {
    FakeUnaryCall call(std::string(reinterpret_cast<const char*>(data), size));
    method.handler(&call);
    FuzzRequire(call.answers() == 1, "a call is answered once");
  }
  return 0;
}
