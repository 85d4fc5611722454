#include "cpp_server/contracts/contract_service.h"

#include <chrono>
#include <string>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

constexpr char kHalf[] = R"(
  service HalfService {
    rpc Predict(In) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
    rpc NotServed(In) returns (Out);
  }
  service MnistService {
    rpc Classify(Image) returns (Scores) { option (trilho.contract.model) = { name: "mnist" }; }
  }
  message In { repeated Number numbers = 1 [(trilho.contract.batch) = true]; }
  message Number { float value = 1 [(trilho.contract.tensor) = { alias: "x" }]; }
  message Out { repeated Half halves = 1 [(trilho.contract.batch) = true]; }
  message Half { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; }
  message Image { repeated float image_data = 1 [(trilho.contract.tensor) = { shape: 784 }]; }
  message Scores { repeated float value = 1 [(trilho.contract.tensor) = { shape: 10 }]; })";

// Keeps what it is told last.
class LastRecord : public InferenceObserver {
 public:
  void OnEnd(const InferenceRecord& record) override { record_ = record; }
  const InferenceRecord& record() const { return record_; }

 private:
  InferenceRecord record_;
};

class ContractServiceTest : public ::testing::Test {
 protected:
  ContractServiceTest()
      : compiled_(TestProto(kHalf)), services_(ContractServices(&compiled_.contracts(), models_.predictor(), &hooks_)) {
    hooks_.observers.push_back(&last_);
  }

  // The response in text format, or the error.
  std::string Ask(const std::string& numbers) {
    FakeUnaryCall call(compiled_.Bytes("In", numbers));
    const auto answer = Answer(services_[0], "Predict", &call);
    return answer.ok() ? compiled_.Text("Out", *answer) : answer.status().ToString();
  }

  ServedModels models_;
  LastRecord last_;
  InferenceHooks hooks_;
  CompiledProto compiled_;
  const std::vector<ServiceDefinition> services_;
};

TEST_F(ContractServiceTest, ServesAnnotatedMethodsOnly) {
  ASSERT_EQ(services_.size(), 2u);
  EXPECT_EQ(services_[0].name, "test.HalfService");
  ASSERT_EQ(services_[0].methods.size(), 1u);
  EXPECT_EQ(services_[0].methods[0].name, "Predict");
  EXPECT_EQ(services_[0].methods[0].plane, Plane::kData);
  EXPECT_EQ(services_[1].name, "test.MnistService");
}

TEST_F(ContractServiceTest, AnswersEachExampleInItsOrder) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  EXPECT_EQ(Ask("numbers { value: 4 }"), "halves { value: 4 }");
  EXPECT_EQ(Ask("numbers { value: 4 } numbers { } numbers { value: -2 }"),
            "halves { value: 4 } halves { value: 2 } halves { value: 1 }");
  EXPECT_EQ(last_.record().examples, 3);
}

TEST_F(ContractServiceTest, IsRecordedUnderItsServiceSoThatNobodyTakesItForTfServings) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  Ask("numbers { value: 4 }");
  EXPECT_EQ(last_.record().method, "test.HalfService/Predict");
  EXPECT_EQ(last_.record().model, "half");
  EXPECT_EQ(last_.record().version, 1);
  EXPECT_EQ(last_.record().signature, "serving_default");
}

TEST_F(ContractServiceTest, OneExampleIsOneRow) {
  ASSERT_TRUE(models_.Serve("mnist", "mnist_like", {1}));
  std::string text;
  for (int i = 0; i < 784; ++i) text += "image_data: 0.5 ";
  FakeUnaryCall call(compiled_.Bytes("Image", text));
  const auto answer = Answer(services_[1], "Classify", &call);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(compiled_.Text("Scores", *answer),
            "value: 0.5 value: 1.5 value: 2.5 value: 3.5 value: 4.5 value: 5.5 value: 6.5 value: 7.5 value: 8.5 "
            "value: 9.5");
}

TEST_F(ContractServiceTest, IsUnavailableUntilAVersionIsReady) {
  EXPECT_EQ(Ask("numbers { value: 4 }"), "UNAVAILABLE: no version of the model \"half\" is ready");
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  EXPECT_EQ(Ask("numbers { value: 4 }"), "halves { value: 4 }");
}

TEST_F(ContractServiceTest, ABadRequestIsItsCallersFault) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  EXPECT_EQ(Ask(""), "INVALID_ARGUMENT: numbers is empty, expected at least one");
}

TEST_F(ContractServiceTest, AModelThatIsAnotherOneIsNot) {
  ASSERT_TRUE(models_.Serve("half", "mnist_like", {1}));
  EXPECT_THAT(Ask("numbers { value: 4 }"), ::testing::StartsWith("FAILED_PRECONDITION: "));
}

TEST_F(ContractServiceTest, DoesNotRunForACallerThatWaitsNoLonger) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  FakeUnaryCall call(compiled_.Bytes("In", "numbers { value: 4 }"));
  call.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Answer(services_[0], "Predict", &call).status()));
}

}  // namespace
}  // namespace trilho
