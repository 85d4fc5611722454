#include "cpp_server/server/label_table.h"

#include "cpp_server/core/fake_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class LabelTableTest : public ::testing::Test {
 protected:
  LabelTableTest() : manager_(Options()), labels_(&manager_) {}

  ManagerOptions Options() {
    ManagerOptions options;
    options.loader_factory = world_.Factory();
    options.on_state_change = [this](const ServableState& state) { world_.NoteState(state); };
    return options;
  }
  void Serve(const std::vector<int64_t>& versions) {
    AspiredVersions aspired;
    aspired.model = "m";
    for (int64_t version : versions) aspired.aspired.push_back({version, "/m"});
    manager_.SetAspiredVersions(aspired);
    for (int64_t version : versions) ASSERT_TRUE(world_.Await(absl::StrCat("m:", version, " AVAILABLE")));
  }

  FakeWorld world_;
  Manager manager_;
  LabelTable labels_;
};

TEST_F(LabelTableTest, StandsForItsVersionBeforeThatIsThere) {
  labels_.Set({{"m", {{"stable", 1}}}});
  EXPECT_EQ(labels_.Resolve("m", "stable").value(), 1);
}

TEST_F(LabelTableTest, AMovedLabelStaysUntilItsNewVersionIsAvailable) {
  Serve({1});
  labels_.Set({{"m", {{"stable", 1}}}});
  labels_.Set({{"m", {{"stable", 2}}}});
  EXPECT_EQ(labels_.Resolve("m", "stable").value(), 1);
  EXPECT_EQ(labels_.Get().at("m").at("stable"), 2);
  Serve({1, 2});
  EXPECT_EQ(labels_.Resolve("m", "stable").value(), 2);
}

TEST_F(LabelTableTest, ALabelMovedTwiceStaysWhereItAnswered) {
  Serve({1});
  labels_.Set({{"m", {{"stable", 1}}}});
  labels_.Set({{"m", {{"stable", 2}}}});
  labels_.Set({{"m", {{"stable", 3}}}});
  EXPECT_EQ(labels_.Resolve("m", "stable").value(), 1);
  Serve({1, 3});
  EXPECT_EQ(labels_.Resolve("m", "stable").value(), 3);
}

TEST_F(LabelTableTest, TellsWhichLabelsWait) {
  Serve({1});
  labels_.Set({{"m", {{"canary", 2}, {"stable", 1}}}});
  EXPECT_EQ(labels_.Waiting(), (Labels{{"m", {{"canary", 0}}}}));
  labels_.Set({{"m", {{"canary", 2}, {"stable", 2}}}});
  EXPECT_EQ(labels_.Waiting(), (Labels{{"m", {{"canary", 0}, {"stable", 1}}}}));
  EXPECT_THAT(labels_.Warnings(),
              ElementsAre(Pair("m", ElementsAre("label \"canary\" stands for version 2, which is not available; calls "
                                                "by it are NOT_FOUND until it is",
                                                "label \"stable\" stands for version 2, which is not available; "
                                                "version 1 answers to it until it is"))));
  Serve({1, 2});
  EXPECT_EQ(labels_.Waiting(), Labels());
  EXPECT_THAT(labels_.Warnings(), IsEmpty());
}

TEST_F(LabelTableTest, NamesTheLabelsThatThereAre) {
  labels_.Set({{"m", {{"canary", 2}, {"stable", 1}}}});
  const absl::Status unknown = labels_.Resolve("m", "else").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("Unrecognized servable version label: else"));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("canary, stable"));
  EXPECT_EQ(labels_.Resolve("other", "stable").status().message(), "Unrecognized servable version label: stable");
}

TEST_F(LabelTableTest, ALabelThatIsNotSetAgainIsGone) {
  labels_.Set({{"m", {{"stable", 1}}}});
  labels_.Set({});
  EXPECT_FALSE(labels_.Resolve("m", "stable").ok());
}

}  // namespace
}  // namespace trilho
