#include "cpp_server/config/model_folders.h"

#include <set>
#include <string>

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ModelFoldersTest : public ::testing::Test {
 protected:
  std::vector<std::string> WarningsOf(const ServableVersionPolicy& policy,
                                      const std::map<std::string, int64_t>& labels = {}) {
    ModelSettings model;
    model.location = {"m", folder_.Path("m"), policy};
    model.labels = labels;
    return ModelFolderWarnings({model});
  }

  TestDirectory folder_;
  // How a sentence goes on after what is not there.
  const std::string below_ = " is not below " + folder_.Path("m") + "; there are: 3, 1";
};

TEST_F(ModelFoldersTest, ABasePathMayNotBeThere) {
  EXPECT_THAT(WarningsOf(ServableVersionPolicy(), {{"stable", 1}}),
              ElementsAre("model m: Cannot list " + folder_.Path("m") + ": No such file or directory"));
  folder_.MakeFolder("m");
  EXPECT_THAT(WarningsOf(ServableVersionPolicy()),
              ElementsAre("model m: there is no version below " + folder_.Path("m") + ", no folder 1, 2, ..."));
  folder_.Write("m/saved_model.pb", "");
  EXPECT_THAT(WarningsOf(ServableVersionPolicy()), ElementsAre(HasSubstr("so it is a version itself")));
}

TEST_F(ModelFoldersTest, SpecificVersionsMayNotBeThere) {
  folder_.MakeFolder("m/1");
  folder_.MakeFolder("m/3");
  EXPECT_THAT(WarningsOf(ServableVersionPolicy::Specific({1, 3})), IsEmpty());
  EXPECT_THAT(WarningsOf(ServableVersionPolicy::Specific({1, 7})),
              ElementsAre("model m: model_version_policy names version 7, which" + below_));
  EXPECT_THAT(WarningsOf(ServableVersionPolicy::Specific({})),
              ElementsAre("model m: model_version_policy is specific and names no version"));
}

TEST_F(ModelFoldersTest, LabelsMayStandForWhatIsNotServed) {
  folder_.MakeFolder("m/1");
  folder_.MakeFolder("m/3");
  EXPECT_THAT(WarningsOf(ServableVersionPolicy::All(), {{"canary", 3}, {"stable", 1}}), IsEmpty());
  EXPECT_THAT(
      WarningsOf(ServableVersionPolicy(), {{"canary", 3}, {"stable", 1}, {"next", 7}}),
      ElementsAre("model m: label \"next\" stands for version 7, which" + below_,
                  "model m: label \"stable\" stands for version 1, which model_version_policy does not serve; it "
                  "serves: 3"));
}

TEST_F(ModelFoldersTest, ManyVersionsTakeOneLine) {
  for (int version = 1; version <= 12; ++version) folder_.MakeFolder("m/" + std::to_string(version));
  EXPECT_THAT(WarningsOf(ServableVersionPolicy::Specific({20})),
              ElementsAre(HasSubstr("there are: 12, 11, 10, 9, 8, 7, 6, 5, 4, 3 and 2 more")));
}

}  // namespace
}  // namespace trilho
