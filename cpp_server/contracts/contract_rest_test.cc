// Contracts as HTTP clients see them.

#include "cpp_server/contracts/contract_rest.h"

#include <string>
#include <tuple>
#include <vector>

#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

constexpr char kHalf[] = R"(
  service HalfService {
    rpc Predict(In) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
    rpc Gone(In) returns (Out) { option (trilho.contract.model) = { name: "gone" version_label: "stable" }; }
    rpc Missing(In) returns (Out) { option (trilho.contract.model) = { name: "missing" }; }
    rpc NotServed(In) returns (Out);
  }
  service LargeService {
    rpc Large(Image) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
    rpc Impossible(Odd) returns (Out) { option (trilho.contract.model) = { name: "half" }; }
  }
  message Image { repeated float x = 1 [(trilho.contract.tensor) = { shape: [100, 101] }]; }
  message Odd { Kind x = 1 [(trilho.contract.tensor) = { minimum: 7 }]; }
  enum Kind { ZERO = 0; ONE = 1; }
  message In { repeated Number some_numbers = 1 [(trilho.contract.batch) = true]; }
  message Number { float value = 1 [(trilho.contract.tensor) = { alias: "x" minimum: -10 }]; }
  message Out { repeated Half all_halves = 1 [(trilho.contract.batch) = true]; }
  message Half { float value = 1 [(trilho.contract.tensor) = { alias: "y" }]; })";

constexpr char kPredict[] = "/v1/contracts/test.HalfService/Predict";

class LastRecord : public InferenceObserver {
 public:
  void OnEnd(const InferenceRecord& record) override { record_ = record; }
  const InferenceRecord& record() const { return record_; }

 private:
  InferenceRecord record_;
};

// "gone" is configured, and has no version.
ContractModels ModelsOf(ServedModels* served) {
  ContractModels models;
  models.predictor = served->predictor();
  models.is_configured = [](const std::string& model) { return model != "missing"; };
  return models;
}

class ContractRestTest : public ::testing::Test {
 protected:
  ContractRestTest()
      : compiled_(TestProto(kHalf)),
        rest_(&compiled_.contracts(), ModelsOf(&models_), &hooks_),
        router_(rest_.Routes()) {
    hooks_.observers.push_back(&last_);
    EXPECT_TRUE(models_.Serve("half", "half_plus_two", {1}));
  }

  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = "",
                   const FakeHttpCall::Headers& headers = {}) {
    return Answer(router_, method, path, body, headers);
  }

  ServedModels models_;
  LastRecord last_;
  InferenceHooks hooks_;
  CompiledProto compiled_;
  const ContractRest rest_;
  const HttpRouter router_;
};

TEST_F(ContractRestTest, ListsMethodsThatModelsAnswer) {
  const HttpResponse response = Ask("GET", "/v1/contracts");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"x({"contracts":[)x"
      R"x({"service":"test.HalfService","method":"Predict","path":"/v1/contracts/test.HalfService/Predict",)x"
      R"x("model":"half","signature":"serving_default","example":{"someNumbers":[{"value":0}]}},)x"
      R"x({"service":"test.HalfService","method":"Gone","path":"/v1/contracts/test.HalfService/Gone",)x"
      R"x("model":"gone","signature":"serving_default","versionLabel":"stable","example":{"someNumbers":[{"value":0}]}},)x"
      R"x({"service":"test.HalfService","method":"Missing","path":"/v1/contracts/test.HalfService/Missing",)x"
      R"x("model":"missing","signature":"serving_default","example":{"someNumbers":[{"value":0}]}},)x"
      R"x({"service":"test.LargeService","method":"Large","path":"/v1/contracts/test.LargeService/Large",)x"
      R"x("model":"half","signature":"serving_default","noExample":"there is no example: one has more than 10000 values"},)x"
      R"x({"service":"test.LargeService","method":"Impossible","path":"/v1/contracts/test.LargeService/Impossible",)x"
      R"x("model":"half","signature":"serving_default",)x"
      R"x("noExample":"there is no example: x is 0, expected at least 7"}]})x");
}

TEST_F(ContractRestTest, AnswersJsonWithJson) {
  for (const char* const field : {"someNumbers", "some_numbers"}) {
    const HttpResponse response =
        Ask("POST", kPredict, std::string("{\"") + field + "\":[{\"value\":2},{\"value\":\"4\"}]}");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body, R"({"allHalves":[{"value":3},{"value":4}]})");
    EXPECT_EQ(response.content_type, "application/json");
  }
}

TEST_F(ContractRestTest, WritesWhatIsZeroOrNoNumber) {
  EXPECT_EQ(Ask("POST", kPredict, R"({"someNumbers":[{"value":-4},{"value":"Infinity"}]})").body,
            R"({"allHalves":[{"value":0},{"value":"Infinity"}]})");
}

TEST_F(ContractRestTest, IsRecordedAsRest) {
  Ask("POST", kPredict, R"({"someNumbers":[{"value":2},{}]})",
      {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  const InferenceRecord& record = last_.record();
  EXPECT_TRUE(record.status.ok()) << record.status;
  EXPECT_EQ(record.method, "test.HalfService/Predict");
  EXPECT_EQ(record.protocol, Protocol::kRest);
  EXPECT_EQ(record.model, "half");
  EXPECT_EQ(record.examples, 2);
  EXPECT_EQ(record.trace_id, "0af7651916cd43dd8448eb211c80319c");

  Ask("POST", kPredict, "{");
  EXPECT_EQ(last_.record().status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ContractRestTest, NamesWhatIsWrong) {
  const std::vector<std::tuple<std::string, std::string, int, std::string>> cases = {
      {kPredict, "{", 400, "the body is no test.In: "},
      {kPredict, "", 400, "the body is no test.In: "},
      {kPredict, "[]", 400, "the body is no test.In: "},
      {kPredict, R"({"someNumbers":[{"valve":1}]})", 400, "(some_numbers[0]) valve: Cannot find field."},
      {kPredict, R"({"someNumbers":[{"value":1},{"value":"x"}]})", 400, "(some_numbers[1].value)"},
      {kPredict, "{\"someNumbers\":\"\xff\"}", 400, "the body is no test.In: "},
      {kPredict, "{}", 400, "some_numbers"},
      {kPredict, R"({"someNumbers":[{"value":-11}]})", 400, "some_numbers[0].value is -11, expected at least -10"},
      {"/v1/contracts/test.HalfService/Gone", R"({"someNumbers":[{"value":1}]})", 503, "the model \\\"gone\\\""},
      {"/v1/contracts/test.HalfService/Missing", R"({"someNumbers":[{"value":1}]})", 404,
       "the model \\\"missing\\\", which answers test.HalfService/Missing, is not configured"},
      {"/v1/contracts/test.HalfService/predict", "{}", 404,
       "there is no method of test.HalfService \\\"predict\\\"; did you mean \\\"Predict\\\"? There are Predict, Gone, "
       "Missing"},
      {"/v1/contracts/test.HalfService/NotServed", "{}", 404, "; there are Predict, Gone, Missing"},
      {"/v1/contracts/test.HalfService", "{}", 404, "; there are Predict, Gone, Missing"},
      {"/v1/contracts/test.HalfServices/Predict", "{}", 404, "did you mean \\\"test.HalfService\\\"?"},
      {"/v1/contracts/", "{}", 404, "; there are test.HalfService, test.LargeService"},
  };
  for (const auto& [path, body, status, message] : cases) {
    const HttpResponse response = Ask("POST", path, body);
    EXPECT_EQ(response.status, status) << path << " " << body;
    EXPECT_THAT(response.body, HasSubstr(message)) << path << " " << body;
  }
}

TEST_F(ContractRestTest, SaysHowToAsk) {
  for (const auto& [method, path, allowed] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"GET", kPredict, "POST"}, {"PUT", kPredict, "POST"}, {"POST", "/v1/contracts", "GET, HEAD"}}) {
    const HttpResponse response = Ask(method, path);
    EXPECT_EQ(response.status, 405);
    ASSERT_EQ(response.headers.size(), 1u);
    EXPECT_EQ(response.headers[0].first, "Allow");
    EXPECT_EQ(response.headers[0].second, allowed);
  }
}

TEST_F(ContractRestTest, AModelsWorkHasThreadsOfItsOwn) {
  const SharedEndpoint method = Match(router_, "POST", kPredict);
  EXPECT_EQ(method->plane, Plane::kData);
  EXPECT_TRUE(method->takes_body);
  EXPECT_EQ(Match(router_, "GET", "/v1/contracts")->plane, Plane::kControl);
  EXPECT_FALSE(Match(router_, "POST", "/v1/contracts/test.HalfService/Nothing")->takes_body);
  EXPECT_EQ(Ask("GET", "/v1/contractsx").body, ErrorBody("there is nothing at /v1/contractsx")) << "not its path";
}

TEST_F(ContractRestTest, TellsOfAnInferenceThatTheFrontRefuses) {
  const FakeHttpCall call("POST", kPredict);
  router_.Match(call)->refused(call, absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(last_.record().method, "test.HalfService/Predict");
  EXPECT_EQ(last_.record().model, "half");
  EXPECT_EQ(last_.record().status, absl::ResourceExhaustedError("no room"));
}

TEST(ContractRestWithoutContractsTest, SaysSo) {
  const Contracts none;
  ServedModels models;
  const InferenceHooks hooks;
  const ContractRest rest(&none, ModelsOf(&models), &hooks);
  const HttpRouter router(rest.Routes());
  EXPECT_EQ(Answer(router, "GET", "/v1/contracts").body, R"({"contracts":[]})");
  EXPECT_THAT(Answer(router, "POST", "/v1/contracts/a.B/C").body, HasSubstr("--contracts names them"));
}

}  // namespace
}  // namespace trilho
