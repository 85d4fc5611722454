#include "cpp_server/config/text_proto.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/full_type.pb.h"
#include "tensorflow_serving/config/model_server_config.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelConfig;
using ::testing::HasSubstr;

TEST(TextProtoTest, ReadsAMessage) {
  ModelConfig config;
  ASSERT_TRUE(ParseTextProto("model", "name: 'm' # with a comment\nbase_path: '/m'", &config).ok());
  EXPECT_EQ(config.name(), "m");
  EXPECT_EQ(config.base_path(), "/m");
}

TEST(TextProtoTest, SaysWhereTheFirstErrorIs) {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"nam: 'm'", "line 1, column 4: Message type \"tensorflow.serving.ModelConfig\" has no field named \"nam\"."},
      {"name: 'm'\n  base_path: 3", "line 2, column 14: Expected string, got: 3"},
      {"name: 'm", "line 1, column 9: Unexpected end of string."},
      {"\n\nmodel_version_policy {", "line 3, column 23: Expected identifier, got: "},
      {"name: 'a'\nname: 'b'", "line 2, column 5: Non-repeated field \"name\" is specified multiple times."},
      {"nam: 1\nbase: 2", "line 1, column 4: "},
  };
  for (const auto& test : kCases) {
    ModelConfig config;
    const absl::Status status = ParseTextProto("model_config", test.text, &config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.text;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("model_config is no text proto tensorflow.serving.ModelConfig: ", test.error)));
  }
}

TEST(TextProtoTest, TextThatIsNestedTooDeeplyIsAnErrorAndNotACrash) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) absl::StrAppend(&text, "args {");
    return text + std::string(depth, '}');
  };
  tensorflow::FullTypeDef type;
  EXPECT_TRUE(ParseTextProto("type", nested(50), &type).ok());
  EXPECT_EQ(ParseTextProto("type", nested(1000 * 1000), &type).code(), absl::StatusCode::kInvalidArgument);
}

TEST(TextProtoFileTest, TellsAFileThatIsNotThereFromOneThatDoesNotParse) {
  ModelConfig config;
  EXPECT_EQ(ReadTextProtoFile("--some_flag", "/nowhere/file", &config),
            absl::NotFoundError("--some_flag: cannot read /nowhere/file"));
  EXPECT_EQ(ReadTextProtoFile("--some_flag", ::testing::TempDir(), &config).code(), absl::StatusCode::kNotFound);

  const std::string path = absl::StrCat(::testing::TempDir(), "/text_proto_test");
  std::ofstream(path) << "name: 1";
  EXPECT_EQ(ReadTextProtoFile("--some_flag", path, &config),
            absl::InvalidArgumentError(
                absl::StrCat("Invalid protobuf file: '", path, "' (line 1, column 7: Expected string, got: 1)")));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace trilho
