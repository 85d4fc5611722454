// Configuration files.

#include "cpp_server/config/model_config.h"
#include "cpp_server/config/text_proto.h"
#include "cpp_server/fuzz/fuzz_target.h"

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
      "custom_model_config { [type.googleapis.com/a.B] { } } # comment",
  };
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  tensorflow::serving::ModelServerConfig config;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!ParseTextProto("text", text, &config).ok()) return 0;
  const auto settings = ModelSettingsOf(config);
  FuzzRequire(!settings.ok() || settings->size() == static_cast<size_t>(config.model_config_list().config_size()),
              "every model of a good configuration has settings");
  return 0;
}
