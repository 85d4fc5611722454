#include "cpp_server/config/contract_files.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class ContractFilesTest : public ::testing::Test {
 protected:
  // Writes the descriptor set of a service.
  void WriteService(const std::string& file, const std::string& service) {
    folder_.Write(file, CompileProto(TestProto(absl::StrCat(
                            "\nservice ", service,
                            " { rpc M(In) returns (In) { option (trilho.contract.model) = { name: \"m\" }; } }"
                            "\nmessage In { float x = 1; }"))));
  }

  // The services that paths below the folder have, or the error without the folder.
  std::string Read(const std::string& first, const std::string& second = "") {
    const std::string paths = absl::StrCat(folder_.Path(first), ",", second.empty() ? "" : folder_.Path(second));
    const auto read = ReadContractFiles(paths);
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
      return absl::StrReplaceAll(read.status().message(), {{folder_.path() + "/", ""}});
    }
    std::string services;
    for (const ContractMethod& method : read->contracts.methods) {
      absl::StrAppend(&services, services.empty() ? "" : " ", method.service);
    }
    sets_ = read->descriptor_sets;
    return services;
  }

  TestDirectory folder_;
  std::vector<DescriptorSetFile> sets_;
};

TEST_F(ContractFilesTest, SeveralFilesAreReadInTheirOrder) {
  WriteService("b.desc", "B");
  WriteService("a.desc", "A");
  EXPECT_EQ(Read("b.desc", "a.desc"), "test.B test.A");
  ASSERT_EQ(sets_.size(), 2u);
  EXPECT_EQ(sets_[0].path, folder_.Path("b.desc"));
  EXPECT_EQ(sets_[1].path, folder_.Path("a.desc"));
}

TEST_F(ContractFilesTest, AFolderIsItsDescFilesByName) {
  WriteService("sets/b.desc", "B");
  WriteService("sets/a.desc", "A");
  WriteService("c.desc", "C");
  folder_.Write("sets/README.md", "no descriptor set");
  EXPECT_EQ(Read("sets", "c.desc"), "test.A test.B test.C");
}

TEST_F(ContractFilesTest, AServiceOfTwoFilesIsRefusedWithBoth) {
  WriteService("a.desc", "S");
  WriteService("sets/b.desc", "S");
  EXPECT_EQ(Read("a.desc", "sets"),
            "--contracts: the service test.S is in a.desc, at test.proto:5, and in sets/b.desc, at test.proto:5");
}

TEST_F(ContractFilesTest, WhatCannotBeReadIsNamed) {
  folder_.MakeFolder("empty");
  EXPECT_EQ(Read("empty"), "--contracts: empty has no file *.desc");
  EXPECT_THAT(Read("no.desc"), HasSubstr("--contracts: cannot read no.desc: "));
  folder_.Write("bad.desc", "\x0b");
  EXPECT_EQ(Read("bad.desc"), "--contracts: bad.desc: is no serialized google.protobuf.FileDescriptorSet");
}

TEST_F(ContractFilesTest, NoPathIsNoContract) {
  const auto read = ReadContractFiles("");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->contracts.methods.empty());
}

}  // namespace
}  // namespace trilho
