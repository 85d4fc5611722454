#include "cpp_server/server/model_table.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

ServableState State(const std::string& name, int64_t version, ManagerState state, absl::Status status = {}) {
  return {{name, version}, state, std::move(status)};
}

TEST(ModelTableTest, HasALineForEveryVersionOfEveryModel) {
  EXPECT_EQ(
      ModelTable({"mnist", "census"},
                 {{"mnist", {State("mnist", 10, ManagerState::kLoading), State("mnist", 2, ManagerState::kAvailable)}}},
                 {{"census", "no folder /models/census"}, {"mnist", ""}}),
      "MODEL   VERSION  STATE      REASON\n"
      "mnist   10       LOADING\n"
      "mnist   2        AVAILABLE\n"
      "census  -        -          no folder /models/census\n");
}

TEST(ModelTableTest, SaysWhyAVersionFailedOrWaits) {
  EXPECT_EQ(ModelTable({"m"},
                       {{"m",
                         {State("m", 3, ManagerState::kEnd, absl::DataLossError("checksum differs")),
                          State("m", 4, ManagerState::kEnd, absl::UnavailableError("is being written")),
                          State("m", 2, ManagerState::kStart, absl::InternalError("is tried again")),
                          State("m", 1, ManagerState::kEnd)}}},
                       {}),
            "MODEL  VERSION  STATE    REASON\n"
            "m      3        FAILED   checksum differs\n"
            "m      4        WAITING  is being written\n"
            "m      2        START    is tried again\n"
            "m      1        END\n");
}

TEST(ModelTableTest, HasALineForEveryWarning) {
  EXPECT_EQ(ModelTable({"a", "b"}, {{"a", {State("a", 2, ManagerState::kAvailable)}}}, {{"b", "no folder /b"}},
                       {{"a", {"label one", "label two"}}, {"b", {"label three"}}}),
            "MODEL  VERSION  STATE      REASON\n"
            "a      2        AVAILABLE\n"
            "a      -        -          label one\n"
            "a      -        -          label two\n"
            "b      -        -          no folder /b\n"
            "b      -        -          label three\n");
}

TEST(ModelTableTest, SaysWhatALoadIsDoing) {
  ServableState loading = State("m", 3, ManagerState::kLoading);
  loading.progress = "replaying record 3, for 12 s";
  EXPECT_EQ(ModelTable({"m"}, {{"m", {loading}}}, {}),
            "MODEL  VERSION  STATE    REASON\n"
            "m      3        LOADING  replaying record 3, for 12 s\n");
}

TEST(ModelTableTest, AModelWithoutVersionsAndWithoutAReason) {
  EXPECT_EQ(ModelTable({"m"}, {{"m", {}}}, {}),
            "MODEL  VERSION  STATE  REASON\n"
            "m      -        -      no versions found\n");
  EXPECT_EQ(ModelTable({"m"}, {}, {{"m", ""}}),
            "MODEL  VERSION  STATE  REASON\n"
            "m      -        -      no versions found\n");
}

}  // namespace
}  // namespace trilho
