#include "cpp_server/server/model_batching.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "cpp_server/server/model_server_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class ModelBatchingTest : public ModelServerFixture {
 protected:
  // Of version 2 of half_plus_two, installed into it.
  absl::Status Install(const ModelBatching::Options& options) {
    Publish("m", 2);
    directory_ = folder_.Path("m/2");
    auto model = SavedModel::Load(directory_, SavedModelOptions());
    if (!model.ok()) return model.status();
    model_ = *std::move(model);
    direct_ = &model_->runner();
    return Installed(options);
  }
  absl::Status Installed(const ModelBatching::Options& options) {
    return ModelBatching(options, nullptr).Install({"m", 2}, directory_, model_.get(), [this](const std::string& line) {
      lines_.push_back(line);
    });
  }
  bool IsBatched() const { return &model_->runner() != direct_; }
  std::string Lines() const { return absl::StrJoin(lines_, "\n"); }

  std::string directory_;
  std::unique_ptr<SavedModel> model_;
  Runner* direct_ = nullptr;
  std::vector<std::string> lines_;
};

TEST_F(ModelBatchingTest, RequestsRunAloneUnlessAskedFor) {
  ModelBatching::Options options;
  ASSERT_EQ(Install(options), absl::OkStatus());
  EXPECT_FALSE(IsBatched());
  EXPECT_EQ(Lines(), "");
  options.explain = true;
  ASSERT_EQ(Installed(options), absl::OkStatus());
  EXPECT_THAT(Lines(), HasSubstr("--enable_batching is not set"));
}

TEST_F(ModelBatchingTest, ExplainsWhatItBatches) {
  ModelBatching::Options options;
  options.enabled = true;
  options.explain = true;
  options.parameters.max_batch_size = 3;
  ASSERT_EQ(Install(options), absl::OkStatus());
  EXPECT_TRUE(IsBatched());
  EXPECT_THAT(Lines(), HasSubstr("a batch has up to 3 rows"));
  EXPECT_THAT(Lines(), HasSubstr("signature \"serving_default\": batched"));
}

TEST_F(ModelBatchingTest, ParametersAreAPlainFileOfSomeSize) {
  ModelBatching::Options options;
  options.enabled = options.per_model = true;
  ASSERT_TRUE(Install(options).ok());
  const std::string file = absl::StrCat(directory_, "/batching_params.pbtxt");
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(Installed(options), absl::InvalidArgumentError(absl::StrCat(file, " is a FIFO, not a plain file")));
  std::filesystem::remove(file);
  std::ofstream(file) << std::string((size_t{1} << 20) + 1, ' ');
  EXPECT_THAT(std::string(Installed(options).message()), HasSubstr("has more than 1048576 bytes"));
}

TEST_F(ModelBatchingTest, AVersionBringsItsOwnParametersAlong) {
  ModelBatching::Options options;
  options.enabled = true;
  options.per_model = true;
  ASSERT_EQ(Install(options), absl::OkStatus());
  EXPECT_FALSE(IsBatched()) << "it has none";
  const std::string file = directory_ + "/" + kBatchingParametersFile;
  std::ofstream(file) << "max_batch_size { value: -1 }";
  const absl::Status refused = Installed(options);
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr(file + ": max_batch_size must be"));
  std::ofstream(file) << "max_batch_size { value: 7 }";
  options.explain = true;
  ASSERT_EQ(Installed(options), absl::OkStatus());
  EXPECT_TRUE(IsBatched());
  EXPECT_THAT(Lines(), HasSubstr("a batch has up to 7 rows"));
}

}  // namespace
}  // namespace trilho
