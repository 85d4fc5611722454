#include "cpp_server/advice/nearest_name.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(NearestNameTest, FindsTheNameWithTheFewestEdits) {
  const std::vector<std::string> known = {"port", "model_name", "model_base_path", "model_config_file"};
  EXPECT_EQ(NearestName("prot", known), "port");
  EXPECT_EQ(NearestName("ports", known), "port");
  EXPECT_EQ(NearestName("model_base_pth", known), "model_base_path");
  EXPECT_EQ(NearestName("modle_name", known), "model_name");
  EXPECT_EQ(NearestName("port", known), "port");
}

TEST(NearestNameTest, FindsNothingIfAllAreFar) {
  EXPECT_EQ(NearestName("verbosity", {"port", "model_name"}), "");
  EXPECT_EQ(NearestName("port", {}), "");
  EXPECT_EQ(NearestName("", {"port"}), "");
}

}  // namespace
}  // namespace trilho
