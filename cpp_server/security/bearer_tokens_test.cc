#include "cpp_server/security/bearer_tokens.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace trilho {
namespace {

class BearerTokensTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::unique_ptr<BearerTokens> Load() {
    auto tokens = BearerTokens::Load(path_);
    EXPECT_TRUE(tokens.ok()) << tokens.status();
    return *std::move(tokens);
  }

  const std::string path_ = ::testing::TempDir() + "/tokens";
};

TEST_F(BearerTokensTest, LetsInWhoeverHasATokenOfTheFile) {
  Write("# of the web shop\nfirst\n\n  second \n");
  const auto tokens = Load();
  EXPECT_TRUE(tokens->Check("Bearer first").ok());
  EXPECT_TRUE(tokens->Check("bearer second").ok());
}

TEST_F(BearerTokensTest, KeepsOutEverybodyElse) {
  Write("first\n");
  const auto tokens = Load();
  for (const char* header :
       {"", "first", "Basic first", "Bearer", "Bearer ", "Bearer firs", "Bearer first2", "Bearer # of the web shop"}) {
    EXPECT_EQ(tokens->Check(header).code(), absl::StatusCode::kUnauthenticated) << header;
  }
}

TEST_F(BearerTokensTest, TokensComeAndGoWithTheFile) {
  Write("first\n");
  const auto tokens = Load();
  ASSERT_TRUE(tokens->Check("Bearer first").ok());
  Write("second\n");
  while (!tokens->Check("Bearer second").ok()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(tokens->Check("Bearer first").ok());
}

TEST_F(BearerTokensTest, AFileThatIsEmptiedOrRemovedIsToldOnce) {
  for (const bool removed : {false, true}) {
    Write("first\n");
    const auto tokens = Load();
    ::testing::internal::CaptureStderr();
    if (removed) {
      std::filesystem::remove(path_);
    } else {
      Write("# none\n");
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
    while (std::chrono::steady_clock::now() < end) EXPECT_TRUE(tokens->Check("Bearer first").ok());
    const std::string log = ::testing::internal::GetCapturedStderr();
    const size_t found = log.find("the tokens before stay in force");
    EXPECT_NE(found, std::string::npos) << log;
    EXPECT_EQ(log.find("the tokens before", found + 1), std::string::npos) << log;
  }
}

TEST_F(BearerTokensTest, AFileWithoutTokensIsAMistake) {
  EXPECT_EQ(BearerTokens::Load("/no/such/file").status().code(), absl::StatusCode::kNotFound);
  Write("# none\n");
  EXPECT_EQ(BearerTokens::Load(path_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trilho
