#include "cpp_server/config/model_roots.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using tensorflow::serving::ModelServerConfig;
using ::testing::HasSubstr;

class ModelRootsTest : public ::testing::Test {
 protected:
  ModelRootsTest() {
    dir_.MakeFolder("models");
    dir_.MakeFolder("logs");
    dir_.MakeFolder("outside/m");
  }
  ModelRoots Roots() {
    auto roots = ModelRoots::Parse(absl::StrCat(dir_.Path("models"), ",", dir_.Path("logs")));
    EXPECT_TRUE(roots.ok()) << roots.status();
    return *roots;
  }
  static ModelServerConfig Config(const std::string& base_path, const std::string& prefix = "") {
    ModelServerConfig config;
    auto* const model = config.mutable_model_config_list()->add_config();
    model->set_name("m");
    model->set_base_path(base_path);
    if (!prefix.empty()) {
      model->mutable_logging_config()->mutable_log_collector_config()->set_filename_prefix(prefix);
    }
    return config;
  }
  bool Allows(const std::string& base_path, const std::string& prefix = "") {
    return Roots().Check(ModelServerConfig(), Config(base_path, prefix)).ok();
  }

  TestDirectory dir_;
};

TEST_F(ModelRootsTest, WithoutAnyEverythingIsAllowed) {
  const auto roots = ModelRoots::Parse("");
  ASSERT_TRUE(roots.ok());
  EXPECT_TRUE(roots->are_everywhere());
  EXPECT_TRUE(roots->Check(ModelServerConfig(), Config("/etc", "/var/log/x")).ok());
}

TEST_F(ModelRootsTest, PathsLieBelowOneOfThem) {
  EXPECT_TRUE(Allows(dir_.Path("models/m")));
  EXPECT_TRUE(Allows(absl::StrCat("file://", dir_.Path("models/m"))));
  EXPECT_TRUE(Allows(dir_.Path("models/not/yet/there")));
  EXPECT_TRUE(Allows(dir_.Path("models/m"), dir_.Path("logs/m")));
  EXPECT_FALSE(Allows(dir_.Path("outside/m")));
  EXPECT_FALSE(Allows(dir_.Path("models-too/m")));
  EXPECT_FALSE(Allows(dir_.Path("models/m"), dir_.Path("outside/m")));
  EXPECT_FALSE(Allows("models/m"));
}

TEST_F(ModelRootsTest, LogsAreWrittenBesideTheirPrefix) {
  EXPECT_TRUE(Allows(dir_.Path("models/m"), absl::StrCat(dir_.Path("logs"), "/")));
  EXPECT_FALSE(Allows(dir_.Path("models/m"), dir_.Path("logs"))) << "whose files would be logs-*, outside";
  std::filesystem::create_symlink(dir_.Path("logs/m"), dir_.Path("outside/link"));
  EXPECT_FALSE(Allows(dir_.Path("models/m"), dir_.Path("outside/link")));
  std::filesystem::create_symlink(dir_.Path("logs"), dir_.Path("outside/logs"));
  EXPECT_TRUE(Allows(dir_.Path("models/m"), dir_.Path("outside/logs/m")));
}

TEST_F(ModelRootsTest, NoWayLeadsOutOfThem) {
  EXPECT_FALSE(Allows(dir_.Path("models/../outside/m")));
  EXPECT_FALSE(Allows(dir_.Path("models/m/../../models/m"))) << "where it leads may change";
  std::filesystem::create_directory_symlink(dir_.Path("outside"), dir_.Path("models/link"));
  EXPECT_FALSE(Allows(dir_.Path("models/link/m")));
  EXPECT_FALSE(Allows(dir_.Path("models/link/not_yet_there")));
  std::filesystem::create_directory_symlink(dir_.Path("models"), dir_.Path("outside/link"));
  EXPECT_TRUE(Allows(dir_.Path("outside/link/m")));
}

TEST_F(ModelRootsTest, WhatAModelHasAlreadyItMayKeep) {
  const ModelServerConfig before = Config("/elsewhere/m", "/elsewhere/log");
  EXPECT_TRUE(Roots().Check(before, before).ok());
  EXPECT_FALSE(Roots().Check(before, Config("/elsewhere/n", "/elsewhere/log")).ok());
  EXPECT_FALSE(Roots().Check(before, Config("/elsewhere/m", "/elsewhere/other")).ok());
}

TEST_F(ModelRootsTest, SaysWhatIsNotAllowed) {
  const absl::Status status = Roots().Check(ModelServerConfig(), Config("/etc"));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("model m: base_path is /etc, which is not below --model_roots="));
}

TEST_F(ModelRootsTest, TheyMustBeFolders) {
  EXPECT_EQ(ModelRoots::Parse("models").status(),
            absl::InvalidArgumentError("--model_roots: models is no absolute path of a folder"));
  EXPECT_FALSE(ModelRoots::Parse(dir_.Path("nowhere")).ok());
}

TEST_F(ModelRootsTest, APathIsResolvedAnewEachTime) {
  dir_.MakeFolder("models/m");
  dir_.MakeFolder("models/n");
  const std::string path = dir_.Path("models/m");
  EXPECT_EQ(*Roots().Resolve("m", path), std::filesystem::canonical(path).string());
  dir_.Remove("models/m");
  std::filesystem::create_directory_symlink(dir_.Path("models/n"), path);
  EXPECT_EQ(*Roots().Resolve("m", path), std::filesystem::canonical(dir_.Path("models/n")).string());
  std::filesystem::remove(path);
  std::filesystem::create_directory_symlink(dir_.Path("outside/m"), path);
  const absl::Status status = Roots().Resolve("m", path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("which is not below --model_roots="));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat(": it leads to ", std::filesystem::canonical(dir_.Path("outside/m")).string())));
  EXPECT_EQ(*ModelRoots().Resolve("m", "/anywhere"), "/anywhere");
}

}  // namespace
}  // namespace trilho
