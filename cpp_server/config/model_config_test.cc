#include "cpp_server/config/model_config.h"

#include <cstdio>
#include <filesystem>
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
using ::testing::Pair;

// The models of a configuration, or why it has none.
absl::StatusOr<std::vector<ModelSettings>> SettingsOf(
    const absl::StatusOr<tensorflow::serving::ModelServerConfig>& config) {
  if (!config.ok()) return config.status();
  return ModelSettingsOf(*config);
}

TEST(SingleModelTest, IsTheLatestVersionOfOneModel) {
  const auto models = SettingsOf(SingleModel("mnist", "/models/mnist"));
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ(models->front().location.name, "mnist");
  EXPECT_EQ(models->front().location.base_path, "/models/mnist");
  EXPECT_EQ(models->front().location.policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().location.policy.num_versions(), 1);
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

TEST(SingleModelTest, ALocalFolderMayBeAUri) {
  const auto models = SettingsOf(SingleModel("mnist", "file:///models/mnist"));
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().location.base_path, "/models/mnist");
  EXPECT_EQ(SingleModel("mnist", "file://host/mnist").status(),
            absl::InvalidArgumentError("model mnist: models are read from local folders only, not file://host/mnist"));
}

class ModelConfigFileTest : public ::testing::Test {
 protected:
  ~ModelConfigFileTest() override { std::remove(path_.c_str()); }

  absl::StatusOr<std::vector<ModelSettings>> Read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return SettingsOf(ReadModelConfigFile(path_));
  }
  // A list of one model with these fields besides the required ones.
  absl::StatusOr<std::vector<ModelSettings>> ReadOne(const std::string& fields) {
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
  EXPECT_EQ((*models)[0].location.name, "mnist");
  EXPECT_EQ((*models)[0].location.base_path, "/models/mnist");
  EXPECT_EQ((*models)[1].location.name, "census");
  EXPECT_EQ((*models)[1].location.base_path, "/models/census");
}

TEST_F(ModelConfigFileTest, ReadsVersionPolicies) {
  auto models = ReadOne("");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().location.policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().location.policy.num_versions(), 1);

  models = ReadOne("model_version_policy { latest { num_versions: 3 } }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().location.policy.kind(), ServableVersionPolicy::Kind::kLatest);
  EXPECT_EQ(models->front().location.policy.num_versions(), 3);

  models = ReadOne("model_version_policy { all {} }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().location.policy.kind(), ServableVersionPolicy::Kind::kAll);

  models = ReadOne("model_version_policy { specific { versions: 7 versions: 2 versions: 7 } }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->front().location.policy.kind(), ServableVersionPolicy::Kind::kSpecific);
  EXPECT_THAT(models->front().location.policy.versions(), ElementsAre(2, 7));
}

TEST_F(ModelConfigFileTest, ANumberOfVersionsIsKeptWithinItsRange) {
  for (const char* number : {"0", "4294967295"}) {
    const auto models = ReadOne(absl::StrCat("model_version_policy { latest { num_versions: ", number, " } }"));
    ASSERT_TRUE(models.ok()) << models.status();
    EXPECT_GE(models->front().location.policy.num_versions(), 1) << number;
  }
  const auto all = ReadOne("model_version_policy { latest { num_versions: 4294967295 } }");
  EXPECT_GT(all->front().location.policy.num_versions(), 1000000) << "many, not one";
}

TEST_F(ModelConfigFileTest, AFileThatIsNotThere) {
  EXPECT_EQ(ReadModelConfigFile("/no/such/file").status(),
            absl::NotFoundError("--model_config_file: cannot read /no/such/file; No such file or directory"));
  EXPECT_EQ(ReadModelConfigFile(::testing::TempDir()).status().code(), absl::StatusCode::kNotFound) << "a folder";
}

TEST_F(ModelConfigFileTest, ASyntaxErrorNamesItsPlace) {
  EXPECT_EQ(
      Read("model_config_list {\n  config { nam: 'm' }\n}").status(),
      absl::InvalidArgumentError(absl::StrCat(
          "Invalid protobuf file: '", path_,
          "': Error parsing text-format tensorflow.serving.ModelServerConfig: 2:15: Message type "
          "\"tensorflow.serving.ModelConfig\" has no field named \"nam\". (--model_config_file, line 2, column 15)")));
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

TEST_F(ModelConfigFileTest, ThePlatformIsTensorFlow) {
  EXPECT_TRUE(Read("model_config_list { config { name: 'm' base_path: '/m' } }").ok()) << "unless another one is named";
  EXPECT_EQ(Read("model_config_list { config { name: 'm' base_path: '/m' model_platform: 'caffe' } }").status(),
            absl::InvalidArgumentError("Model m requests unsupported platform caffe"));
}

TEST_F(ModelConfigFileTest, TheDeprecatedTypeNamesThePlatformToo) {
  EXPECT_TRUE(Read("model_config_list { config { name: 'm' base_path: '/m' model_type: TENSORFLOW } }").ok());
  EXPECT_EQ(
      Read("model_config_list { config { name: 'm' base_path: '/m' model_type: OTHER } }").status(),
      absl::InvalidArgumentError("ModelServerConfig::model_type choice 2 not supported. Model m can have TENSORFLOW"));
}

TEST_F(ModelConfigFileTest, ReadsLabelsAndLogging) {
  const auto models = ReadOne(
      "version_labels { key: 'stable' value: 1 } version_labels { key: 'canary' value: 2 } "
      "logging_config { sampling_config { sampling_rate: 0.5 } }");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_THAT(models->front().labels, ElementsAre(Pair("canary", 2), Pair("stable", 1)));
  EXPECT_TRUE(models->front().has_logging);
  EXPECT_EQ(models->front().logging.sampling_config().sampling_rate(), 0.5);
  EXPECT_FALSE(ReadOne("")->front().has_logging);
}

TEST_F(ModelConfigFileTest, LogsAreWrittenOutsideTheFoldersOfModels) {
  const std::string folder = ::testing::TempDir();
  const auto log_to = [&](const std::string& prefix) {
    return Read(absl::StrCat("model_config_list { config { name: 'a' base_path: '", folder,
                             "/a' model_platform: 'tensorflow' } config { name: 'b' base_path: 'file://", folder,
                             "/b' model_platform: 'tensorflow' logging_config { log_collector_config { "
                             "filename_prefix: '",
                             prefix, "' } } } }"))
        .status();
  };
  EXPECT_EQ(log_to(absl::StrCat(folder, "/log")), absl::OkStatus());
  EXPECT_EQ(log_to(absl::StrCat(folder, "/a")), absl::OkStatus()) << "files are written beside it";
  EXPECT_EQ(log_to(absl::StrCat(folder, "/ab/c")), absl::OkStatus());
  for (const char* inside : {"/a/log", "/a/1/log", "/b/log", "/x/../b/1/assets/log"}) {
    const absl::Status status = log_to(absl::StrCat(folder, inside));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << inside;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("model b: logging_config.log_collector_config.filename_prefix is "));
  }
  const std::string link = absl::StrCat(folder, "/link");
  std::filesystem::create_directories(absl::StrCat(folder, "/a/1"));
  std::filesystem::remove(link);
  std::filesystem::create_directory_symlink(absl::StrCat(folder, "/a/1"), link);
  EXPECT_THAT(std::string(log_to(absl::StrCat(link, "/log")).message()),
              HasSubstr(absl::StrCat("lies in the folder of model a, ", folder, "/a, where log files would change")));
}

TEST_F(ModelConfigFileTest, ModelsOfAnotherKindAreNotIgnored) {
  EXPECT_EQ(Read("custom_model_config {}").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ModelConfigProblemsTest, AreThoseOfEveryModel) {
  tensorflow::serving::ModelServerConfig config;
  EXPECT_THAT(ModelConfigProblems(config), ElementsAre());
  for (const char* path : {"a", "/b", "c://c"}) {
    auto* model = config.mutable_model_config_list()->add_config();
    model->set_name("m");
    model->set_base_path(path);
  }
  config.mutable_model_config_list()->mutable_config(2)->set_name("n");
  EXPECT_THAT(ModelConfigProblems(config),
              ElementsAre("Expected model m to have an absolute path or URI; got base_path()=a",
                          "Illegal to list model m multiple times in config list",
                          "model n: models are read from local folders only, not c://c"));
}

TEST(CheckPlatformsTest, AModelKeepsItsPlatform) {
  const auto of = [](const std::string& platform) {
    tensorflow::serving::ModelServerConfig config;
    auto* model = config.mutable_model_config_list()->add_config();
    model->set_name("m");
    model->set_model_platform(platform);
    return config;
  };
  EXPECT_TRUE(CheckPlatformsUnchanged(of("tensorflow"), of("tensorflow")).ok());
  EXPECT_TRUE(CheckPlatformsUnchanged(of("tensorflow"), of("")).ok()) << "it is the one of a model that names none";
  EXPECT_TRUE(CheckPlatformsUnchanged(of(""), of("tensorflow")).ok());
  EXPECT_EQ(CheckPlatformsUnchanged(of("tensorflow"), of("caffe")),
            absl::InvalidArgumentError("Illegal to change a model's platform. For model m platform was tensorflow and "
                                       "new platform requested is caffe"));
}

TEST_F(ModelConfigFileTest, AModelHasAName) {
  EXPECT_EQ(Read("model_config_list { config { base_path: '/m' model_platform: 'tensorflow' } }").status(),
            absl::InvalidArgumentError("a model in the config list has no name"));
}

TEST_F(ModelConfigFileTest, ThereMayBeNoModelsYet) {
  for (const char* text : {"", "model_config_list {}"}) {
    const auto models = Read(text);
    ASSERT_TRUE(models.ok()) << models.status();
    EXPECT_TRUE(models->empty());
  }
}

}  // namespace
}  // namespace trilho
