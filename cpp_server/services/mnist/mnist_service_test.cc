#include "cpp_server/services/mnist/mnist_service.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/testing/served_models.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trilho/mnist.pb.h"

namespace trilho {
namespace {

using mnist::ClassifyRequest;
using mnist::ClassifyResponse;
using ::testing::ElementsAre;

constexpr int kPixels = 784;

class MnistServiceTest : public ::testing::Test {
 protected:
  MnistServiceTest() : service_(MnistService(models_.predictor(), &hooks_)) {
    for (int i = 0; i < kPixels; ++i) request_.add_image_data(0.5f);
  }

  // The test model scores a digit d with d plus the mean of the image.
  void ServeMnist() { ASSERT_TRUE(models_.Serve("mnist", "mnist_like", {1})); }

  absl::StatusOr<ClassifyResponse> Ask() { return Answer<ClassifyResponse>(service_, "Classify", request_); }

  ServedModels models_;
  const InferenceHooks hooks_;
  const ServiceDefinition service_;
  ClassifyRequest request_;
};

TEST_F(MnistServiceTest, GivesTheModelsTenScores) {
  ServeMnist();
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->value(), ElementsAre(0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5));
}

TEST_F(MnistServiceTest, TheLatestVersionAnswers) {
  ASSERT_TRUE(models_.Serve("mnist", "mnist_like", {1, 2}));
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->value(0), 10.5);
}

TEST_F(MnistServiceTest, TakesValuesThatAreNotPacked) {
  ServeMnist();
  WireWriter writer;
  for (int i = 0; i < kPixels; ++i) {
    const float ink = i < kPixels / 2 ? 1.0f : 0.0f;
    writer.Tag(1, WireType::kFixed32);
    writer.Raw(&ink, sizeof(ink));
  }
  FakeUnaryCall call(std::move(writer).Release());
  const auto bytes = Answer(service_, "Classify", &call);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  ClassifyResponse response;
  ASSERT_TRUE(response.ParseFromString(*bytes));
  EXPECT_EQ(response.value(0), 0.5);
}

TEST_F(MnistServiceTest, RefusesAnotherNumberOfValues) {
  ServeMnist();
  request_.add_image_data(0);
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data has 785 values, expected 784"));
  request_.mutable_image_data()->Truncate(783);
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data has 783 values, expected 784"));
  request_.clear_image_data();
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data has 0 values, expected 784"));
  for (int i = 0; i < 100000; ++i) request_.add_image_data(0);
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data has 100000 values, expected 784"));
}

TEST_F(MnistServiceTest, RefusesValuesThatAreNoGrey) {
  ServeMnist();
  request_.set_image_data(0, 0);
  request_.set_image_data(783, 1);
  EXPECT_TRUE(Ask().ok());
  request_.set_image_data(3, 255);
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data[3] is 255, expected 0 to 1"));
  request_.set_image_data(3, -0.25f);
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data[3] is -0.25, expected 0 to 1"));
  request_.set_image_data(3, std::nextafter(1.0f, 2.0f));
  EXPECT_EQ(Ask().status().code(), absl::StatusCode::kInvalidArgument);
  request_.set_image_data(3, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data[3] is nan, expected 0 to 1"));
  request_.set_image_data(3, std::numeric_limits<float>::infinity());
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("image_data[3] is inf, expected 0 to 1"));
}

TEST_F(MnistServiceTest, RefusesBytesThatAreNoRequest) {
  ServeMnist();
  const std::string whole = request_.SerializeAsString();
  for (const std::string& bytes : {whole.substr(0, whole.size() - 1), std::string("\x0a\x03\x00\x00\x00", 5),
                                   std::string("\x08\x01"), std::string("\x0b")}) {
    FakeUnaryCall call(bytes);
    EXPECT_EQ(Answer(service_, "Classify", &call).status(),
              absl::InvalidArgumentError("the request is not a trilho.mnist.ClassifyRequest"));
  }
}

TEST_F(MnistServiceTest, IsUnavailableUntilAVersionIsReady) {
  EXPECT_EQ(Ask().status(), absl::UnavailableError("no version of the model \"mnist\" is ready"));
  ServeMnist();
  EXPECT_TRUE(Ask().ok());
}

TEST_F(MnistServiceTest, SaysIfTheModelIsAnotherOne) {
  ASSERT_TRUE(models_.Serve("mnist", "half_plus_two", {2}));
  EXPECT_EQ(Ask().status(), absl::FailedPreconditionError(
                                "version 2 of the model \"mnist\" has no signature from \"image_data\" to \"value\""));
}

TEST_F(MnistServiceTest, DoesNotRunForACallerThatWaitsNoLonger) {
  ServeMnist();
  FakeUnaryCall call(request_.SerializeAsString());
  call.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(Answer(service_, "Classify", &call).status().code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace trilho
