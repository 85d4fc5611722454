#include "cpp_server/lifecycle/saved_model_files.h"

#include "cpp_server/storage/local/file_listing.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class SavedModelFilesTest : public ::testing::Test {
 protected:
  absl::Status Check() {
    const auto listing = ListFiles(dir_.Path("1"));
    return listing.ok() ? CheckSavedModelFiles(dir_.Path("1"), *listing) : listing.status();
  }
  void ExpectMissing(const std::string& file) {
    const absl::Status status = Check();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(file));
  }

  TestDirectory dir_;
};

TEST_F(SavedModelFilesTest, AGraphMustBeThere) {
  dir_.Write("1/variables/variables.index", "index");
  ExpectMissing("saved_model.pb");
}

TEST_F(SavedModelFilesTest, AGraphWithoutVariablesIsEnough) {
  dir_.Write("1/saved_model.pb", "Placeholder Add");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(SavedModelFilesTest, AGraphWithVariablesWaitsForTheirIndexAndEveryShard) {
  dir_.Write("1/saved_model.pb", "Placeholder VarHandleOp ReadVariableOp");
  ExpectMissing("variables/variables.index");
  dir_.Write("1/variables/variables.index", "index");
  ExpectMissing("variables/variables.data-00000-of-");
  dir_.Write("1/variables/variables.data-00001-of-00002", "b");
  ExpectMissing("variables/variables.data-00000-of-00002");
  dir_.Write("1/variables/variables.data-00000-of-00002", "a");
  EXPECT_EQ(Check(), absl::OkStatus());
}

TEST_F(SavedModelFilesTest, VariablesOfTensorFlow1AndOfTextGraphsCountToo) {
  dir_.Write("1/saved_model.pbtxt", "op: \"VariableV2\"");
  ExpectMissing("variables/variables.index");
}

TEST_F(SavedModelFilesTest, AnOperationIsFoundAcrossTheBlocksThatAreRead) {
  for (int shift = 0; shift < 12; ++shift) {
    dir_.Write("1/saved_model.pb", std::string((1 << 20) - shift, 'x') + "VarHandleOp");
    ExpectMissing("variables/variables.index");
  }
}

}  // namespace
}  // namespace trilho
