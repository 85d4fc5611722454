#include "cpp_server/config/model_config.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SingleModelTest, IsTheLatestVersionOfOneModel) {
  const auto models = SingleModel("mnist", "/models/mnist");
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ(models->front().name, "mnist");
  EXPECT_EQ(models->front().base_path, "/models/mnist");
  EXPECT_EQ(models->front().policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().policy.num_versions(), 1);
}

TEST(SingleModelTest, SaysWhatIsMissing) {
  EXPECT_EQ(SingleModel("mnist", "").status(),
            absl::InvalidArgumentError("nothing to serve: give --model_base_path or --model_config_file"));
  EXPECT_EQ(SingleModel("", "/models/mnist").status(), absl::InvalidArgumentError("--model_name is empty"));
}

TEST(SingleModelTest, ThePathMustBeAbsolute) {
  EXPECT_EQ(
      SingleModel("mnist", "models/mnist").status(),
      absl::InvalidArgumentError("Expected model mnist to have an absolute path or URI; got base_path()=models/mnist"));
  EXPECT_EQ(SingleModel("mnist", "s3://bucket/mnist").status(),
            absl::InvalidArgumentError("model mnist: models are read from local folders only, not s3://bucket/mnist"));
}

class ModelConfigFileTest : public ::testing::Test {
 protected:
  ~ModelConfigFileTest() override { std::remove(path_.c_str()); }

  absl::StatusOr<std::vector<ModelLocation>> Read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadModelConfigFile(path_);
  }
  // A list of one model with these fields besides the required ones.
  absl::StatusOr<std::vector<ModelLocation>> ReadOne(const std::string& fields) {
    return Read(absl::StrCat("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'tensorflow' ",
                             fields, " } }"));
  }

  const std::string path_ = absl::StrCat(::testing::TempDir(), "/models.config");
};

TEST_F(ModelConfigFileTest, ListsModelsInOrder) {
  const auto models = Read(R"(
      # Comments and both kinds of separators are part of the language.
      model_config_list: {
        config { name: "mnist", base_path: "/models/mnist", model_platform: "tensorflow" }
        config { name: 'census'; base_path: '/models/census'; model_platform: 'tensorflow' }
      })");
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 2u);
  EXPECT_EQ((*models)[0].name, "mnist");
  EXPECT_EQ((*models)[0].base_path, "/models/mnist");
  EXPECT_EQ((*models)[1].name, "census");
  EXPECT_EQ((*models)[1].base_path, "/models/census");
}

TEST_F(ModelConfigFileTest, ReadsVersionPolicies) {
  auto models = ReadOne("");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().policy.num_versions(), 1);

  models = ReadOne("model_version_policy { latest { num_versions: 3 } }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().policy.num_versions(), 3);

  models = ReadOne("model_version_policy { all {} }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().policy.kind(), ServableVersionPolicy::Kind::kAll);

  models = ReadOne("model_version_policy { specific { versions: 7 versions: 2 versions: 7 } }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().policy.kind(), ServableVersionPolicy::Kind::kSpecific);
  EXPECT_THAT(models->front().policy.versions(), ElementsAre(2, 7));
}

TEST_F(ModelConfigFileTest, ANumberOfVersionsIsKeptWithinItsRange) {
  for (const char* number : {"0", "4294967295"}) {
    const auto models = ReadOne(absl::StrCat("model_version_policy { latest { num_versions: ", number, " } }"));
    ASSERT_TRUE(models.ok()) << models.status();
    EXPECT_GE(models->front().policy.num_versions(), 1) << number;
  }
  const auto all = ReadOne("model_version_policy { latest { num_versions: 4294967295 } }");
  EXPECT_GT(all->front().policy.num_versions(), 1000000) << "many, not one";
}

TEST_F(ModelConfigFileTest, AFileThatIsNotThere) {
  EXPECT_EQ(ReadModelConfigFile("/no/such/file").status(),
            absl::NotFoundError("--model_config_file: cannot read /no/such/file"));
  EXPECT_EQ(ReadModelConfigFile(::testing::TempDir()).status().code(), absl::StatusCode::kNotFound) << "a folder";
}

TEST_F(ModelConfigFileTest, ASyntaxErrorNamesItsPlace) {
  EXPECT_EQ(Read("model_config_list {\n  config { nam: 'm' }\n}").status(),
            absl::InvalidArgumentError(
                absl::StrCat("Invalid protobuf file: '", path_,
                             "' (line 2, column 15: Message type \"tensorflow.serving.ModelConfig\" has no field named "
                             "\"nam\".)")));
  const absl::Status cut = Read("model_config_list {\n  config {").status();
  EXPECT_EQ(cut.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(cut.message()), HasSubstr("line 2, column "));
}

TEST_F(ModelConfigFileTest, AModelMayBeListedOnce) {
  const std::string model = "config { name: 'm' base_path: '/m' model_platform: 'tensorflow' }";
  EXPECT_EQ(Read(absl::StrCat("model_config_list { ", model, model, " }")).status(),
            absl::InvalidArgumentError("Illegal to list model m multiple times in config list"));
}

TEST_F(ModelConfigFileTest, ThePathMustBeAbsolute) {
  EXPECT_EQ(Read("model_config_list { config { name: 'm' base_path: 'm' model_platform: 'tensorflow' } }").status(),
            absl::InvalidArgumentError("Expected model m to have an absolute path or URI; got base_path()=m"));
  EXPECT_EQ(Read("model_config_list { config { name: 'm' model_platform: 'tensorflow' } }").status(),
            absl::InvalidArgumentError("Expected model m to have an absolute path or URI; got base_path()="));
}

TEST_F(ModelConfigFileTest, ThePlatformMustBeTensorFlow) {
  EXPECT_EQ(Read("model_config_list { config { name: 'm' base_path: '/m' } }").status(),
            absl::InvalidArgumentError("Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                                       "ModelServerConfig::model_platform, model name is m"));
  EXPECT_EQ(Read("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'caffe' } }").status(),
            absl::InvalidArgumentError("Model m requests unsupported platform caffe"));
}

TEST_F(ModelConfigFileTest, WhatIsNotSupportedIsNotIgnored) {
  EXPECT_EQ(ReadOne("version_labels { key: 'stable' value: 1 }").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReadOne("logging_config {}").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Read("custom_model_config {}").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ModelConfigFileTest, AModelHasAName) {
  EXPECT_EQ(Read("model_config_list { config { base_path: '/m' model_platform: 'tensorflow' } }").status(),
            absl::InvalidArgumentError("a model in the config list has no name"));
}

TEST_F(ModelConfigFileTest, NoModelsAreAMistake) {
  for (const char* text : {"", "model_config_list {}"}) {
    EXPECT_EQ(Read(text).status(), absl::InvalidArgumentError(absl::StrCat(path_, " lists no models"))) << text;
  }
}

}  // namespace
}  // namespace trilho
