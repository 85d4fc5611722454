#include "cpp_server/config/saved_configuration.h"

#include <fstream>
#include <sstream>

#include "cpp_server/config/model_config.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class SavedConfigurationTest : public ::testing::Test {
 protected:
  static SavedConfiguration Saved(const std::string& name, uint64_t generation) {
    SavedConfiguration saved;
    saved.config = *SingleModel(name, "/models/" + name);
    saved.generation = generation;
    saved.given = "digest";
    return saved;
  }

  std::string Content() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  TestDirectory folder_;
  const std::string path_ = folder_.Path("state");
  ConfigurationFile file_{path_};
};

TEST_F(SavedConfigurationTest, IsReadAsItWasWritten) {
  ASSERT_EQ(file_.Stage(Saved("a", 7)), absl::OkStatus());
  ASSERT_EQ(file_.Commit(), absl::OkStatus());
  const auto saved = ReadSavedConfiguration(path_);
  ASSERT_TRUE(saved.ok()) << saved.status();
  ASSERT_TRUE(saved->has_value());
  EXPECT_EQ((*saved)->generation, 7);
  EXPECT_EQ((*saved)->given, "digest");
  EXPECT_EQ((*saved)->config.SerializeAsString(), Saved("a", 7).config.SerializeAsString());
  EXPECT_TRUE(ReadModelConfigFile(path_).ok()) << "it is a configuration file, too";
}

TEST_F(SavedConfigurationTest, ThereIsNoneBeforeTheFirstChange) {
  const auto saved = ReadSavedConfiguration(path_);
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_FALSE(saved->has_value());
}

TEST_F(SavedConfigurationTest, WhatWasThereStaysUntilTheNewOneIsWhole) {
  ASSERT_EQ(file_.Stage(Saved("a", 1)), absl::OkStatus());
  ASSERT_EQ(file_.Commit(), absl::OkStatus());
  const std::string before = Content();
  ASSERT_EQ(file_.Stage(Saved("b", 2)), absl::OkStatus());
  EXPECT_EQ(Content(), before);
  file_.Discard();
  EXPECT_EQ(Content(), before);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(SavedConfigurationTest, WhatIsThereAlreadyIsNotWrittenAgain) {
  ASSERT_EQ(file_.Stage(Saved("a", 1)), absl::OkStatus());
  ASSERT_EQ(file_.Commit(), absl::OkStatus());
  // Nothing can be written there, as on a full disk.
  folder_.MakeFolder("state.new");
  EXPECT_EQ(file_.Stage(Saved("a", 1)), absl::OkStatus());
  EXPECT_EQ(file_.Commit(), absl::OkStatus());
  EXPECT_TRUE(absl::IsUnavailable(file_.Stage(Saved("a", 2))));
  EXPECT_TRUE(absl::IsUnavailable(file_.Stage(Saved("b", 1))));
  SavedConfiguration given = Saved("a", 1);
  given.given = "another";
  EXPECT_TRUE(absl::IsUnavailable(file_.Stage(given)));
  EXPECT_EQ((*ReadSavedConfiguration(path_))->generation, 1);
}

TEST_F(SavedConfigurationTest, WhatAKilledServerLeftAsideIsSwept) {
  ASSERT_EQ(file_.Stage(Saved("a", 1)), absl::OkStatus());
  ASSERT_EQ(file_.Commit(), absl::OkStatus());
  folder_.Write("state.new", "half of a conf");
  ASSERT_EQ(file_.Stage(Saved("a", 1)), absl::OkStatus());
  ASSERT_EQ(file_.Commit(), absl::OkStatus());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
  EXPECT_EQ((*ReadSavedConfiguration(path_))->generation, 1);
}

TEST_F(SavedConfigurationTest, AFileThatCannotBeWrittenIsNamed) {
  const absl::Status status = ConfigurationFile("/nowhere/state").Stage(Saved("a", 1));
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--config_state_file: cannot write /nowhere/state"));
}

TEST_F(SavedConfigurationTest, SomebodyElsesFileIsNotTaken) {
  folder_.Write("state", "model_config_list {}\n");
  const absl::Status status = ReadSavedConfiguration(path_).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("was not written by a server"));
  folder_.Write("state", "# generation: 1\n# given: x\nmodel_config_list { x }\n");
  EXPECT_THAT(std::string(ReadSavedConfiguration(path_).status().message()), HasSubstr("line 3"));
}

TEST_F(SavedConfigurationTest, DigestsTellConfigurationsApart) {
  auto config = *SingleModel("a", "/models/a");
  const std::string digest = DigestOf(config);
  EXPECT_EQ(digest.size(), 64);
  EXPECT_EQ(DigestOf(*SingleModel("a", "/models/a")), digest);
  (*config.mutable_model_config_list()->mutable_config(0)->mutable_version_labels())["stable"] = 1;
  EXPECT_NE(DigestOf(config), digest);
}

}  // namespace
}  // namespace trilho
