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
      {"nam: 'm'",
       "1:4: Message type \"tensorflow.serving.ModelConfig\" has no field named \"nam\". (model_config, line 1, column "
       "4)"},
      {"name: 'm'\n  base_path: 3", "2:14: Expected string, got: 3 (model_config, line 2, column 14)"},
      {"name: 'm", "1:9: Unexpected end of string. (model_config, line 1, column 9)"},
      {"\n\nmodel_version_policy {", "3:23: Expected identifier, got:  (model_config, line 3, column 23)"},
      {"name: 'a'\nname: 'b'",
       "2:5: Non-repeated field \"name\" is specified multiple times. (model_config, line 2, column 5)"},
      {"nam: 1\nbase: 2",
       "1:4: Message type \"tensorflow.serving.ModelConfig\" has no field named \"nam\". (model_config, line 1, column "
       "4)"},
  };
  for (const auto& test : kCases) {
    ModelConfig config;
    const absl::Status status = ParseTextProto("model_config", test.text, &config);
    // Protobuf's words, which tools made for TF Serving look for, come first.
    EXPECT_EQ(status, absl::InvalidArgumentError(
                          absl::StrCat("Error parsing text-format tensorflow.serving.ModelConfig: ", test.error)))
        << test.text;
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
            absl::NotFoundError("--some_flag: cannot read /nowhere/file; No such file or directory"));
  EXPECT_EQ(ReadTextProtoFile("--some_flag", ::testing::TempDir(), &config),
            absl::NotFoundError(absl::StrCat("--some_flag: cannot read ", ::testing::TempDir(), "; Is a directory")));

  const std::string path = absl::StrCat(::testing::TempDir(), "/text_proto_test");
  std::ofstream(path) << "name: 1";
  EXPECT_EQ(ReadTextProtoFile("--some_flag", path, &config),
            absl::InvalidArgumentError(absl::StrCat(
                "Invalid protobuf file: '", path,
                "': Error parsing text-format tensorflow.serving.ModelConfig: 1:7: Expected string, got: 1 "
                "(--some_flag, line 1, column 7)")));
  EXPECT_EQ(ReadSecretTextProtoFile("--some_flag", path, &config),
            absl::InvalidArgumentError(
                absl::StrCat("Invalid protobuf file: '", path,
                             "': Error parsing text-format tensorflow.serving.ModelConfig: 1:7 (--some_flag, line 1, "
                             "column 7)")));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace trilho
