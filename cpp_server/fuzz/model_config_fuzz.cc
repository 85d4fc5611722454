// Configurations of models: what is accepted is the same once it was printed and read again.

#include "cpp_server/batching/batching_parameters.h"
#include "cpp_server/config/model_config.h"
#include "cpp_server/config/saved_configuration.h"
#include "cpp_server/config/text_proto.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "google/protobuf/text_format.h"
#include "tensorflow_serving/servables/tensorflow/session_bundle_config.pb.h"

namespace trilho {

std::vector<std::string> FuzzSeeds() {
  return {
      R"(model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" } })",
      R"(model_config_list {
           config { name: 'a', base_path: '/a', model_type: TENSORFLOW
                    model_version_policy { specific { versions: [1, 2] } }
                    version_labels { key: 'stable' value: 1 } }
           config { name: 'b'; base_path: 'file:///b'; model_platform: 'tensorflow'
                    model_version_policy { latest { num_versions: 4294967295 } }
                    logging_config { sampling_config { sampling_rate: 0.5 } } } })",
      R"(model_config_list { config { name: "c" base_path: "/c" model_platform: "tensorflow"
           model_version_policy { all {} }
           logging_config { log_collector_config { type: "t" filename_prefix: "/l\303\251" } } } })",
      "max_batch_size { value: 64 } allowed_batch_sizes: [8, 64] pad_variable_length_inputs: true",
      "num_batch_threads { value: -1 } batch_timeout_micros { value: 9223372036854775807 }",
      "custom_model_config { [type.googleapis.com/a.B] { } } # comment",
  };
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  const std::string text(reinterpret_cast<const char*>(data), size);
  tensorflow::serving::BatchingParameters batching;
  if (ParseTextProto("text", text, &batching).ok()) {
    const auto parameters = FromProto(batching);
    FuzzRequire(!parameters.ok() || parameters->Validate().ok(), "parameters that were taken are valid");
    FuzzRequire(!parameters.ok() || parameters->PaddedSize(1) <= parameters->LargestBatch(), "and no batch is larger");
  }
  tensorflow::serving::ModelServerConfig config;
  if (!ParseTextProto("text", text, &config).ok()) return 0;
  const auto settings = ModelSettingsOf(config);
  FuzzRequire(ModelConfigProblems(config).empty() == settings.ok(), "there is a problem if it is refused");
  if (!settings.ok()) return 0;
  FuzzRequire(settings->size() == static_cast<size_t>(config.model_config_list().config_size()),
              "every model of a good configuration has settings");
  FuzzRequire(CheckPlatformsUnchanged(config, config).ok(), "no platform has changed");
  std::string printed;
  FuzzRequire(google::protobuf::TextFormat::PrintToString(config, &printed), "it can be printed");
  tensorflow::serving::ModelServerConfig again;
  FuzzRequire(ParseTextProto("printed", printed, &again).ok(), "what was printed can be read");
  FuzzRequire(DigestOf(again) == DigestOf(config), "it is the same");
  return 0;
}
