#include "cpp_server/contracts/contract_service.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/contracts/contract_check.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kHalf[] = R"(
  service HalfService {
    rpc Predict(In) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
    rpc NotServed(In) returns (Out);
  }
  service LabelService {
    rpc Predict(In) returns (Out) { option (trilho.contract.model) = { name: "half" version_label: "stable" }; }
  }
  service CensusService {
    rpc Regress(People) returns (Values) {
      option (trilho.contract.model) = { name: "census" signature: "regress" example_input: "inputs" }; }
    rpc Classify(Person) returns (Classes) {
      option (trilho.contract.model) = { name: "census" example_input: "inputs" }; }
  }
  service MnistService {
    rpc Classify(Image) returns (Scores) { option (trilho.contract.model) = { name: "mnist" }; }
  }
  service ProductService {
    rpc Multiply(Row) returns (Products) { option (trilho.contract.model) = { name: "odd" signature: "product" }; }
  }
  message In { repeated Number numbers = 1 [(trilho.contract.batch) = true]; }
  message Number { float value = 1 [(trilho.contract.tensor) = { alias: "x" }]; }
  message Out { repeated Half halves = 1 [(trilho.contract.batch) = true]; }
  message Half { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; }
  message People { repeated Person people = 1 [(trilho.contract.batch) = true]; }
  message Person { float x = 1; string name = 2; }
  message Values { repeated Value values = 1 [(trilho.contract.batch) = true]; }
  message Value { float value = 1 [(trilho.contract.tensor) = { alias: "outputs" shape: 1 }]; }
  message Classes {
    repeated string classes = 1 [(trilho.contract.tensor) = { shape: 2 }];
    repeated float scores = 2 [(trilho.contract.tensor) = { shape: 2 }];
  }
  message Image { repeated float image_data = 1 [(trilho.contract.tensor) = { shape: 784 }]; }
  message Scores { repeated float value = 1 [(trilho.contract.tensor) = { shape: 10 }]; }
  message Row { repeated float x = 1; }
  message Products { repeated float y = 1 [(trilho.contract.tensor) = { shape: 2 }]; })";

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
      : compiled_(TestProto(kHalf)),
        predictor_(models_.manager(),
                   [this](absl::string_view, absl::string_view label) -> absl::StatusOr<int64_t> {
                     if (label == label_) return 1;
                     return absl::InvalidArgumentError(absl::StrCat("no label ", label));
                   }),
        services_(ContractServices(&compiled_.contracts(), Models(), &hooks_)) {
    hooks_.observers.push_back(&last_);
  }

  ContractModels Models() {
    ContractModels models;
    models.predictor = &predictor_;
    models.is_configured = [this](const std::string& model) { return model == configured_; };
    return models;
  }

  // The response in text format, or the error.
  std::string Ask(const std::string& numbers, const std::string& service = "test.HalfService") {
    return Ask(service, "Predict", "In", numbers, "Out");
  }
  std::string Ask(const std::string& service, const std::string& method, const std::string& in, const std::string& text,
                  const std::string& out) {
    FakeUnaryCall call(compiled_.Bytes(in, text));
    const auto answer = Answer(Service(service), method, &call);
    return answer.ok() ? compiled_.Text(out, *answer) : answer.status().ToString();
  }
  const ServiceDefinition& Service(const std::string& name) const {
    return *std::find_if(services_.begin(), services_.end(),
                         [&name](const ServiceDefinition& service) { return service.name == name; });
  }

  ServedModels models_;
  LastRecord last_;
  InferenceHooks hooks_;
  CompiledProto compiled_;
  // What is configured, and which label version 1 has.
  std::string configured_ = "half";
  std::string label_ = "stable";
  const Predictor predictor_;
  const std::vector<ServiceDefinition> services_;
};

TEST_F(ContractServiceTest, ServesAnnotatedMethodsOnly) {
  ASSERT_EQ(services_.size(), 5u);
  EXPECT_EQ(services_[0].name, "test.HalfService");
  ASSERT_EQ(services_[0].methods.size(), 1u);
  EXPECT_EQ(services_[0].methods[0].name, "Predict");
  EXPECT_EQ(services_[0].methods[0].plane, Plane::kData);
  EXPECT_EQ(services_[3].name, "test.MnistService");
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
  const auto answer = Answer(Service("test.MnistService"), "Classify", &call);
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

TEST_F(ContractServiceTest, AModelThatIsNotConfiguredIsNotFound) {
  configured_ = "another";
  EXPECT_EQ(Ask("numbers { value: 4 }"),
            "NOT_FOUND: the model \"half\", which answers test.HalfService/Predict, is not configured");
  label_ = "";
  EXPECT_EQ(Ask("numbers { value: 4 }", "test.LabelService"),
            "NOT_FOUND: the model \"half\", which answers test.LabelService/Predict, is not configured");
}

TEST_F(ContractServiceTest, AnswersByTheVersionOfItsLabel) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1, 2}));
  EXPECT_EQ(Ask("numbers { value: 4 }"), "halves { value: 5 }");
  EXPECT_EQ(last_.record().version, 2);
  EXPECT_EQ(Ask("numbers { value: 4 }", "test.LabelService"), "halves { value: 4 }");
  EXPECT_EQ(last_.record().version, 1);
}

TEST_F(ContractServiceTest, IsUnavailableUntilAVersionHasItsLabel) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  label_ = "canary";
  EXPECT_EQ(Ask("numbers { value: 4 }", "test.LabelService"),
            "UNAVAILABLE: no version of the model \"half\" has the label \"stable\": no label stable");
}

TEST_F(ContractServiceTest, FeedsAModelThatParsesExamples) {
  ASSERT_TRUE(models_.Serve("census", "census_like", {1}));
  EXPECT_EQ(Ask("test.CensusService", "Regress", "People", "people { x: 4 name: 'ana' } people { x: -2 }", "Values"),
            "values { value: 4 } values { value: 1 }");
  EXPECT_EQ(last_.record().examples, 2);
  EXPECT_EQ(Ask("test.CensusService", "Classify", "Person", "x: 4 name: 'ana'", "Classes"),
            "classes: \"ana no\" classes: \"ana yes\" scores: 4 scores: 6");
}

// What the graph parses is read when the model is.
TEST_F(ContractServiceTest, IsComparedWithTheFeaturesThatAModelParses) {
  ASSERT_TRUE(models_.Serve("census", "census_like", {1}));
  const auto model = models_.manager()->GetServableHandle<SavedModel>({"census", absl::nullopt});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(CheckContracts(compiled_.contracts(), "census", (*model)->signatures()), absl::OkStatus());
  const CompiledProto other(TestProto(R"(
    service S { rpc M(In) returns (Out) {
      option (trilho.contract.model) = { name: "census" signature: "regress" example_input: "inputs" }; } }
    message In { int32 x = 1; string nam = 2; }
    message Out { float value = 1 [(trilho.contract.tensor) = { alias: "outputs" shape: 1 }]; })"));
  EXPECT_THAT(std::string(CheckContracts(other.contracts(), "census", (*model)->signatures()).message()),
              AllOf(HasSubstr("the feature \"x\" is FLOAT of 1 value, expected INT64 of 1 value"),
                    HasSubstr("the model parses no feature \"nam\", perhaps \"name\"")));
}

TEST_F(ContractServiceTest, ABadRequestIsItsCallersFault) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  EXPECT_EQ(Ask(""), "INVALID_ARGUMENT: numbers is empty, expected at least one");
}

// The contract leaves the size open, the model does not.
TEST_F(ContractServiceTest, RefusesAShapeThatIsNotTheSignaturesBeforeItRuns) {
  ASSERT_TRUE(models_.Serve("odd", "odd", {1}));
  EXPECT_EQ(Ask("test.ProductService", "Multiply", "Row", "x: 1 x: 2 x: 3", "Products"), "y: 12 y: 12");
  EXPECT_EQ(Ask("test.ProductService", "Multiply", "Row", "x: 1 x: 2", "Products"),
            "INVALID_ARGUMENT: input \"x\" has shape [1,2], signature \"product\" expects [-1,3] (-1: any size)");
}

TEST_F(ContractServiceTest, AModelThatIsAnotherOneIsNot) {
  ASSERT_TRUE(models_.Serve("half", "mnist_like", {1}));
  EXPECT_THAT(Ask("numbers { value: 4 }"), ::testing::StartsWith("FAILED_PRECONDITION: "));
}

TEST_F(ContractServiceTest, DoesNotRunForACallerThatWaitsNoLonger) {
  ASSERT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  FakeUnaryCall call(compiled_.Bytes("In", "numbers { value: 4 }"));
  call.set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Answer(Service("test.HalfService"), "Predict", &call).status()));
}

}  // namespace
}  // namespace trilho
